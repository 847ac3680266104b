// SPDX-License-Identifier: Apache-2.0
//
// The operations of the driver for tests, and ways to declare them wrongly. Part of memory.c.

#include <holdfast/operations.h>
#include <sched.h>
#include <stdarg.h>

static holdfast_status say(const holdfast_sink *result, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return result->write(result->context, (const uint8_t *)text, (uint64_t)size);
}

static holdfast_status op_count(void *store, const holdfast_call *call, const holdfast_sink *result) {
    (void)call;
    return say(result, "{\"objects\":%u}", ((memory *)store)->count);
}

// Twelve arguments, so that numbers of both kinds go over the stack.
static holdfast_status op_wide(void *store, const holdfast_call *call, int64_t a, double b,
                               uint64_t c, double d, int32_t e, double f, int64_t g, double h,
                               const holdfast_text *i, const holdfast_sink *result) {
    (void)store, (void)call;
    return say(result, "%ld %g %lu %g %d %g %ld %g %.*s", a, b, c, d, e, f, g, h, (int)i->size,
               i->data);
}

static holdfast_status op_pieces(void *store, const holdfast_call *call, const uint8_t *first,
                                 uint64_t first_size, int32_t flag, const holdfast_text *text,
                                 const uint8_t *last, uint64_t last_size, double number,
                                 int64_t count, const holdfast_sink *result) {
    (void)store, (void)call;
    return say(result, "%.*s|%d|%.*s|%.*s|%g|%ld", (int)first_size, (const char *)first, flag,
               (int)text->size, text->data, (int)last_size, (const char *)last, number, count);
}

static holdfast_status op_add(void *store, const holdfast_call *call, int64_t number,
                              const holdfast_text *word, const holdfast_sink *result) {
    (void)store, (void)call;
    return say(result, "%ld %.*s", number + 1, (int)word->size, word->data);
}

static int *volatile nowhere;

static holdfast_status op_fail(void *store, const holdfast_call *call, const holdfast_text *how,
                               const holdfast_sink *result) {
    (void)store;
    if (is(*how, "no-reason")) return HOLDFAST_IO;
    if (is(*how, "writes-nothing")) return HOLDFAST_OK;
    if (is(*how, "crashes")) *(volatile int *)nowhere = 1;
    while (is(*how, "hangs")) sched_yield();
    if (is(*how, "unknown-status")) return -77;
    if (is(*how, "no-address")) return result->write(result->context, NULL, 5);
    if (is(*how, "waits")) {
        while (!the_host->cancelled(call)) sched_yield();
        return fail(call, HOLDFAST_DEADLINE, 0, "it took too long", TEXT(""));
    }
    if (is(*how, "passing") && call->attempt < 3)
        return fail(call, HOLDFAST_UNAVAILABLE, 0, "it will pass", TEXT(""));
    if (is(*how, "passing")) return say(result, "attempt %u", call->attempt);
    return fail(call, HOLDFAST_UNAVAILABLE, 2, "the answer was lost", TEXT(""));
}

static holdfast_status op_quiet(void *store, const holdfast_call *call, int32_t is_loud,
                                const holdfast_sink *result) {
    (void)store, (void)call;
    return is_loud ? say(result, "loud") : HOLDFAST_OK;
}

static holdfast_status op_repeat(void *store, const holdfast_call *call, uint64_t count,
                                 const holdfast_sink *result) {
    (void)store, (void)call;
    for (uint64_t i = 0; i < count; i++) {
        holdfast_status status = say(result, "%09lu\n", i);
        if (status != HOLDFAST_OK) return status;
    }
    return HOLDFAST_OK;
}

// The bytes again and again, until there are so many.
static holdfast_status op_large(void *store, const holdfast_call *call, const uint8_t *bytes,
                                uint64_t size, uint64_t count, const holdfast_sink *result) {
    (void)store, (void)call;
    for (uint64_t place = 0; place < count;) {
        uint64_t piece = size - place % size;
        if (piece > count - place) piece = count - place;
        holdfast_status status = result->write(result->context, bytes + place % size, piece);
        if (status != HOLDFAST_OK) return status;
        place += piece;
    }
    return HOLDFAST_OK;
}

static const holdfast_value *value_at(const void *values, uint32_t stride, uint32_t index) {
    return (const void *)((const char *)values + (size_t)index * stride);
}

// The types of arguments, as the digits of their numbers.
static int have_types(const void *values, uint32_t count, uint32_t stride, const char *types) {
    if (strlen(types) != count) return 0;
    for (uint32_t i = 0; i < count; i++)
        if (value_at(values, stride, i)->type != (uint32_t)(types[i] - '0')) return 0;
    return 1;
}

#ifndef INVOKED_TYPES
#define INVOKED_TYPES "15"
#define CANARY_TYPES "123456"
#endif
static holdfast_status invoke(void *store, const holdfast_call *call, holdfast_text operation,
                              const void *values, uint32_t count, uint32_t stride,
                              const holdfast_sink *result) {
#define AT(i) value_at(values, stride, i)
    const int is_canary = is(operation, HOLDFAST_CANARY_ID);
#ifndef TAKES_ANY_ID
    if (!is_canary && !is(operation, "memory.invoked"))
        return fail(call, HOLDFAST_UNSUPPORTED, 0, "there is no such operation", TEXT(""));
#endif
#ifndef TAKES_ANY_TYPES
    if (!have_types(values, count, stride, is_canary ? CANARY_TYPES : INVOKED_TYPES))
        return fail(call, HOLDFAST_INVALID, 0, "the arguments have other types", TEXT(""));
#else
    if (count < 6) return HOLDFAST_OK;
#endif
#ifdef INVOKES_SWAPPED
    return holdfast_canary(store, call, (int64_t)AT(1)->u64, (uint64_t)AT(0)->i64, AT(2)->f64, 1,
                           &AT(4)->text, (const uint8_t *)AT(5)->text.data, AT(5)->text.size,
                           result);
#endif
    if (!is_canary) {
        const holdfast_text *text = &AT(1)->text;
        return say(result, "invoked %ld %.*s", AT(0)->i64, (int)text->size, text->data);
    }
    return holdfast_canary(store, call, AT(0)->i64, AT(1)->u64, AT(2)->f64, (int32_t)AT(3)->i64,
                           &AT(4)->text, (const uint8_t *)AT(5)->text.data, AT(5)->text.size,
                           result);
}

static holdfast_status swapped(void *store, const holdfast_call *call, int64_t i64, uint64_t u64,
                               double f64, int32_t flag, const holdfast_text *text,
                               const uint8_t *bytes, uint64_t count, const holdfast_sink *result) {
    return holdfast_canary(store, call, (int64_t)u64, (uint64_t)i64, f64, flag, text, bytes, count,
                           result);
}
#define SWAPPED_CANARY \
    {sizeof(holdfast_operation), 0, {HOLDFAST_CANARY_ID, 15}, {"Answers.", 8}, \
     HOLDFAST_CODE(swapped, i64, u64, f64, bool, text, bytes), holdfast_canary_parameters, 6, \
     sizeof(holdfast_parameter), HOLDFAST_RESULT_JSON, 0, {NULL, 0}}

#define PARAMETER(name, type) \
    {sizeof(holdfast_parameter), HOLDFAST_PARAMETER_REQUIRED, {name, sizeof name - 1}, \
     {"It counts.", 10}, type, 0, NULL, {NULL, 0}, {NULL, 0}, {NULL, 0}}
static const holdfast_text words[] = {{"one", 3}, {"two", 3}};
static const holdfast_parameter wide_parameters[] = {
    PARAMETER("a", HOLDFAST_VALUE_I64), PARAMETER("b", HOLDFAST_VALUE_F64),
    PARAMETER("c", HOLDFAST_VALUE_U64), PARAMETER("d", HOLDFAST_VALUE_F64),
    PARAMETER("e", HOLDFAST_VALUE_BOOL), PARAMETER("f", HOLDFAST_VALUE_F64),
    PARAMETER("g", HOLDFAST_VALUE_I64), PARAMETER("h", HOLDFAST_VALUE_F64),
    PARAMETER("i", HOLDFAST_VALUE_TEXT)};
static const holdfast_parameter piece_parameters[] = {
    PARAMETER("first", HOLDFAST_VALUE_BYTES), PARAMETER("flag", HOLDFAST_VALUE_BOOL),
    PARAMETER("text", HOLDFAST_VALUE_TEXT), PARAMETER("last", HOLDFAST_VALUE_BYTES),
    PARAMETER("number", HOLDFAST_VALUE_F64), PARAMETER("count", HOLDFAST_VALUE_I64)};

// What a macro may spoil of the operation `memory.add`.
#ifndef ADD_ID
#define ADD_ID "memory.add"
#endif
#ifndef ADD_CODE
#define ADD_CODE HOLDFAST_CODE(op_add, i64, text)
#endif
#ifndef ADD_TRAITS
#define ADD_TRAITS HOLDFAST_TRAIT_IDEMPOTENT
#endif
#ifndef ADD_RESULT
#define ADD_RESULT HOLDFAST_RESULT_TEXT
#endif
#ifndef ADD_SUMMARY
#define ADD_SUMMARY "Adds one."
#endif
#ifndef ADD_DEFAULT
#define ADD_DEFAULT "1"
#endif
#ifndef ADD_MAXIMUM
#define ADD_MAXIMUM "10"
#endif
#ifndef ADD_TYPE
#define ADD_TYPE HOLDFAST_VALUE_I64
#endif
#ifndef ADD_NAME
#define ADD_NAME "number"
#endif
#ifndef ADD_STRIDE
#define ADD_STRIDE sizeof(holdfast_parameter)
#endif
#define LITERAL(s) {s, sizeof(s) - 1}
static const holdfast_parameter add_parameters[] = {
    {sizeof(holdfast_parameter), 0, LITERAL(ADD_NAME), {"The number.", 11}, ADD_TYPE, 0, NULL,
     LITERAL(ADD_DEFAULT), {"-2", 2}, LITERAL(ADD_MAXIMUM)},
    {sizeof(holdfast_parameter), 0, {"word", 4}, {"A word.", 7}, HOLDFAST_VALUE_TEXT, 2, words,
     {"one", 3}, {NULL, 0}, {NULL, 0}}};
static const holdfast_parameter repeat_parameters[] = {PARAMETER("count", HOLDFAST_VALUE_U64)};
static const holdfast_parameter large_parameters[] = {PARAMETER("bytes", HOLDFAST_VALUE_BYTES),
                                                      PARAMETER("count", HOLDFAST_VALUE_U64)};
static const holdfast_parameter flag_parameters[] = {PARAMETER("loud", HOLDFAST_VALUE_BOOL)};
static const holdfast_parameter how_parameters[] = {PARAMETER("how", HOLDFAST_VALUE_TEXT)};
static const holdfast_parameter invoked_parameters[] = {PARAMETER("number", HOLDFAST_VALUE_I64),
                                                        PARAMETER("text", HOLDFAST_VALUE_TEXT)};

#define OPERATION(id, summary, traits, code, parameters, count, result, schema) \
    {sizeof(holdfast_operation), traits, LITERAL(id), LITERAL(summary), code, parameters, count, \
     sizeof(holdfast_parameter), result, 0, LITERAL(schema)}
static const holdfast_operation all_operations[] = {
#ifdef CANARY
    CANARY,
#else
    HOLDFAST_CANARY,
#endif
    OPERATION("memory.count", "Counts.", HOLDFAST_TRAIT_READS | HOLDFAST_TRAIT_IDEMPOTENT,
              HOLDFAST_CODE(op_count), NULL, 0, HOLDFAST_RESULT_JSON, "{\"type\":\n\"object\"}"),
    OPERATION("memory.wide", "Takes much.", 0,
              HOLDFAST_CODE(op_wide, i64, f64, u64, f64, bool, f64, i64, f64, text),
              wide_parameters, 9, HOLDFAST_RESULT_TEXT, ""),
    OPERATION("memory.pieces", "Takes pieces.", HOLDFAST_TRAIT_CONTENT,
              HOLDFAST_CODE(op_pieces, bytes, bool, text, bytes, f64, i64), piece_parameters, 6,
              HOLDFAST_RESULT_BYTES, ""),
    {sizeof(holdfast_operation), ADD_TRAITS, LITERAL(ADD_ID), LITERAL(ADD_SUMMARY), ADD_CODE,
     add_parameters, 2, ADD_STRIDE, ADD_RESULT, 0, {NULL, 0}},
    OPERATION("memory.fail", "Fails.", HOLDFAST_TRAIT_MUTATES, HOLDFAST_CODE(op_fail, text),
              how_parameters, 1, HOLDFAST_RESULT_TEXT, ""),
    OPERATION("memory.retry", "Fails, and may be repeated.", HOLDFAST_TRAIT_IDEMPOTENT,
              HOLDFAST_CODE(op_fail, text), how_parameters, 1, HOLDFAST_RESULT_TEXT, ""),
    OPERATION("memory.quiet", "Says nothing.", 0, HOLDFAST_CODE(op_quiet, bool), flag_parameters, 1,
              HOLDFAST_RESULT_NONE, ""),
    OPERATION("memory.repeat", "Says much.", HOLDFAST_TRAIT_IDEMPOTENT, HOLDFAST_CODE(op_repeat, u64),
              repeat_parameters, 1, HOLDFAST_RESULT_TEXT, ""),
    OPERATION("memory.large", "Says more.", HOLDFAST_TRAIT_CONTENT,
              HOLDFAST_CODE(op_large, bytes, u64), large_parameters, 2, HOLDFAST_RESULT_BYTES, ""),
    OPERATION("memory.invoked", "Has no function.", 0, HOLDFAST_BY_INVOKE(i64, text),
              invoked_parameters, 2, HOLDFAST_RESULT_TEXT, ""),
};

#ifndef OPERATION_COUNT
#define OPERATION_COUNT (sizeof all_operations / sizeof *all_operations)
#endif
#ifndef OPERATIONS_SIZE
#define OPERATIONS_SIZE sizeof(holdfast_operations)
#endif
#ifndef OPERATIONS_INVOKE
#define OPERATIONS_INVOKE invoke
#endif
static const holdfast_operations operations = {OPERATIONS_SIZE, 0, all_operations, OPERATION_COUNT,
                                               sizeof *all_operations, OPERATIONS_INVOKE};
