// SPDX-License-Identifier: Apache-2.0
//
// What the probe knows of operations. Part of probe.c.

#include <holdfast/operations.h>

static const holdfast_operation *operation(uint32_t index) {
    const holdfast_operations *all = driver->extension(driver_state, TEXT(HOLDFAST_OPERATIONS_ID));
    if (!all || index >= all->count) return NULL;
    return (const void *)((const char *)all->items + (size_t)index * all->stride);
}

static int has_code(uint32_t index, holdfast_code code) {
    const holdfast_operation *o = operation(index);
    return o && o->code.hash == code.hash && o->code.signature.size == code.signature.size;
}

static int operations_declared(void) {
    NEED(has_code(0, (holdfast_code)HOLDFAST_BY_INVOKE(i64, u64, f64, bool, text, bytes)));
    NEED(has_code(1, (holdfast_code)HOLDFAST_BY_INVOKE()));
    return 1;
}

static int operations_canary(void) {
    holdfast_status (*canary)(void *, const holdfast_call *, int64_t, uint64_t, double, int32_t,
                              const holdfast_text *, const uint8_t *, uint64_t,
                              const holdfast_sink *);
    holdfast_sink sink = {sizeof sink, 0, &s, on_bytes}, own = {sizeof own, 0, &r, on_bytes};
    holdfast_text text = TEXT("text");
    const uint8_t bytes[] = {1, 2};
    NEED(operation(0));
    *(holdfast_operation_function *)&canary = operation(0)->code.function;
    begin(&s);
    NEED(canary(opened, begin(&r), 1, 2, 3, 1, &text, bytes, 2, &sink) == HOLDFAST_OK);
    NEED(holdfast_canary(opened, &r.call, 1, 2, 3, 1, &text, bytes, 2, &own) == HOLDFAST_OK);
    NEED(r.size == s.size && !memcmp(r.data, s.data, r.size));
    return 1;
}
