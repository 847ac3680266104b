// SPDX-License-Identifier: Apache-2.0
//
// Prints signatures and their hashes as the header makes them, in C and in C++. With -DWRONG a
// function has another type than its declaration says, which must not compile.

#include <holdfast/operations.h>
#include <stdbool.h>
#include <stdio.h>

#define START void *store, const holdfast_call *call
#define END const holdfast_sink *result
static holdfast_status none(START, END);
static holdfast_status number(START, int64_t, END);
static holdfast_status all(START, int64_t, uint64_t, double, int32_t, const holdfast_text *,
                           const uint8_t *, uint64_t, END);
static holdfast_status nine(START, int64_t, int64_t, double, double, int32_t, uint64_t, int64_t,
                            int32_t, double, END);

static const holdfast_code codes[] = {
    HOLDFAST_CODE(none),
    HOLDFAST_CODE(number, i64),
    HOLDFAST_CODE(all, i64, u64, f64, bool, text, bytes),
    HOLDFAST_CODE(nine, i64, i64, f64, f64, bool, u64, i64, bool, f64),
    HOLDFAST_BY_INVOKE(),
    HOLDFAST_BY_INVOKE(bytes),
    HOLDFAST_BY_INVOKE(u64, u64),
    HOLDFAST_BY_INVOKE(text, text, text, text, text, text, text, text, text),
#ifdef WRONG
    HOLDFAST_CODE(number, WRONG),
#endif
};

static holdfast_status none(START, END) {
    (void)store, (void)call, (void)result;
    return 0;
}
static holdfast_status number(START, int64_t a, END) {
    (void)store, (void)call, (void)result, (void)a;
    return 0;
}
static holdfast_status all(START, int64_t a, uint64_t b, double c, int32_t d,
                           const holdfast_text *e, const uint8_t *f, uint64_t g, END) {
    (void)store, (void)call, (void)result;
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g;
    return 0;
}
static holdfast_status nine(START, int64_t a, int64_t b, double c, double d, int32_t e, uint64_t f,
                            int64_t g, int32_t h, double i, END) {
    (void)store, (void)call, (void)result;
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h, (void)i;
    return 0;
}

int main(void) {
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        printf("%.*s %llu %d\n", (int)codes[i].signature.size, codes[i].signature.data,
               (unsigned long long)codes[i].hash, codes[i].function != NULL);
    return 0;
}
