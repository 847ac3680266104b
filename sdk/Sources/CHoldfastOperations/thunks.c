// SPDX-License-Identifier: Apache-2.0
//
// Functions without a parameter or with one of each type, eight of each kind: an operation of a Swift
// driver takes the next free one of its signature. The SDK supplies `holdfast_swift_operation`.

#include "CHoldfastOperations.h"

#include <holdfast/operations.h>

holdfast_status holdfast_swift_operation(uint32_t number, void *store, const void *call,
                                         const void *value, const void *result);

#define HEAD void *store, const holdfast_call *call
#define TAIL const holdfast_sink *result
#define PASS(number, value) return holdfast_swift_operation(number, store, call, value, result)
#define VALUE(type, i, u, f, t) \
    const holdfast_value value = {sizeof value, HOLDFAST_VALUE_##type, i, u, f, t}
#define NO_TEXT {NULL, 0}

// The functions of one place in every kind: their numbers are 8 * kind + n.
#define FUNCTIONS(n)                                                                        \
    static holdfast_status none_##n(HEAD, TAIL) { PASS(n, NULL); }                          \
    static holdfast_status i64_##n(HEAD, int64_t a, TAIL) {                                 \
        VALUE(I64, a, 0, 0, NO_TEXT);                                                       \
        PASS(8 + n, &value);                                                                \
    }                                                                                       \
    static holdfast_status u64_##n(HEAD, uint64_t a, TAIL) {                                \
        VALUE(U64, 0, a, 0, NO_TEXT);                                                       \
        PASS(16 + n, &value);                                                               \
    }                                                                                       \
    static holdfast_status f64_##n(HEAD, double a, TAIL) {                                  \
        VALUE(F64, 0, 0, a, NO_TEXT);                                                       \
        PASS(24 + n, &value);                                                               \
    }                                                                                       \
    static holdfast_status bool_##n(HEAD, int32_t a, TAIL) {                                \
        VALUE(BOOL, a, 0, 0, NO_TEXT);                                                      \
        PASS(32 + n, &value);                                                               \
    }                                                                                       \
    static holdfast_status text_##n(HEAD, const holdfast_text *a, TAIL) {                   \
        VALUE(TEXT, 0, 0, 0, *a);                                                           \
        PASS(40 + n, &value);                                                               \
    }                                                                                       \
    static holdfast_status bytes_##n(HEAD, const uint8_t *a, uint64_t size, TAIL) {         \
        const holdfast_text bytes = {(const char *)a, size};                                \
        VALUE(BYTES, 0, 0, 0, bytes);                                                       \
        PASS(48 + n, &value);                                                               \
    }
FUNCTIONS(0) FUNCTIONS(1) FUNCTIONS(2) FUNCTIONS(3)
FUNCTIONS(4) FUNCTIONS(5) FUNCTIONS(6) FUNCTIONS(7)

#define EIGHT(ROW) ROW(0), ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6), ROW(7)
#define NONE(n) HOLDFAST_CODE(none_##n)
#define I64(n) HOLDFAST_CODE(i64_##n, i64)
#define U64(n) HOLDFAST_CODE(u64_##n, u64)
#define F64(n) HOLDFAST_CODE(f64_##n, f64)
#define BOOL(n) HOLDFAST_CODE(bool_##n, bool)
#define TEXT(n) HOLDFAST_CODE(text_##n, text)
#define BYTES(n) HOLDFAST_CODE(bytes_##n, bytes)

static const holdfast_code codes[] = {
    EIGHT(NONE), EIGHT(I64), EIGHT(U64), EIGHT(F64), EIGHT(BOOL), EIGHT(TEXT), EIGHT(BYTES),
};
static const holdfast_operation canary = HOLDFAST_CANARY;

const void *holdfast_swift_canary(void) { return &canary; }
const void *holdfast_swift_code_at(uint32_t number) {
    return number < sizeof codes / sizeof *codes ? &codes[number] : NULL;
}
