// SPDX-License-Identifier: Apache-2.0
//
// Operations of the driver: the canary and one more. Part of driver.c.

#include <holdfast/operations.h>

static holdfast_status count_stores(void *opened, const holdfast_call *call,
                                    const holdfast_sink *result) {
    (void)opened, (void)call;
    return result->write(result->context, (const uint8_t *)"{}", 2);
}

// Takes one number for the other.
static holdfast_status swapped_canary(void *opened, const holdfast_call *call, int64_t i64,
                                      uint64_t u64, double f64, int32_t flag,
                                      const holdfast_text *text, const uint8_t *bytes,
                                      uint64_t count, const holdfast_sink *result) {
    return holdfast_canary(opened, call, (int64_t)u64, (uint64_t)i64, f64, flag, text, bytes, count,
                           result);
}

#if FAULT == WRONG_HASH
#define COUNT_CODE {{"", 0}, 1, (holdfast_operation_function)count_stores}
#elif FAULT == WRONG_SIGNATURE
#define COUNT_CODE {{"i64", 3}, HOLDFAST_OP_BASIS_, (holdfast_operation_function)count_stores}
#else
#define COUNT_CODE HOLDFAST_CODE(count_stores)
#endif
#if FAULT == SWAPPED_CANARY
#define CANARY_CODE HOLDFAST_CODE(swapped_canary, i64, u64, f64, bool, text, bytes)
#else
#define CANARY_CODE HOLDFAST_CODE(holdfast_canary, i64, u64, f64, bool, text, bytes)
#endif

static const holdfast_operation declared[] = {
    {sizeof *declared, HOLDFAST_TRAIT_IDEMPOTENT, {HOLDFAST_CANARY_ID, 15}, {"Answers.", 8},
     CANARY_CODE, holdfast_canary_parameters, 6, sizeof(holdfast_parameter), HOLDFAST_RESULT_JSON,
     0, {NULL, 0}},
    {sizeof *declared, HOLDFAST_TRAIT_READS, {"shelf.count", 11}, {"Counts.", 7}, COUNT_CODE, NULL,
     0, 0, HOLDFAST_RESULT_JSON, 0, {NULL, 0}},
};
static const holdfast_operations operations = {sizeof operations, 0, declared, 2, sizeof *declared,
                                               NULL};
