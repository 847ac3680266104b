// SPDX-License-Identifier: Apache-2.0
//
// The extension `holdfast.operations/1`: verbs of a driver's own, such as `sqlite.vacuum`. A driver
// declares them in a table, and a host that was built before the driver calls them:
//
//     holdfast driver call STORE sqlite.integrity_check --param limit=10
//
// Help, completion and a JSON schema come from the same table. The rules of driver.h hold here too.
//
// 1. SIGNATURES
//    An operation is a C function. Its signature is a list of parameter types, with single commas
//    and no spaces, such as `i64,text`; the empty list is the empty text. The types are
//
//        i64    int64_t
//        u64    uint64_t
//        f64    double, finite
//        bool   int32_t, 0 or 1; a C type of its own, so that it cannot be taken for an i64
//        text   const holdfast_text *, UTF-8
//        bytes  const uint8_t *, uint64_t: two arguments, the address and the number of bytes; the
//               address may be NULL when the number is 0
//
//    The function of `i64,text` is
//
//        holdfast_status f(void *store, const holdfast_call *call,
//                          int64_t, const holdfast_text *, const holdfast_sink *result);
//
//    No function has more than 12 arguments, the three around the parameters included.
//    Arguments are borrowed until the function returns. Every parameter has an argument in every
//    call: where the caller gave none, the host passes the default.
//
// 2. THE HASH
//    A host calls the function by what the signature says, so a signature that is not that of the
//    function would be a crash. HOLDFAST_CODE makes signature, hash and address out of one list of
//    types, and does not compile when the function has another type. A host computes the hash from
//    the signature, and calls no operation of a driver that gave another one. It is FNV-1a (64 bits)
//    over one character for each argument of a parameter: i u d b t, and p u for bytes.
//
// 3. THE CANARY
//    A driver that has this extension declares `holdfast.canary`, which takes one parameter of each
//    type and answers what it received. In C and C++ HOLDFAST_CANARY is the whole declaration.
//
// 4. OPERATIONS WITHOUT A FUNCTION
//    A language that cannot make such functions, and a host that stands in for a driver in another
//    process, leave the address NULL (HOLDFAST_BY_INVOKE) and supply `invoke`.

#ifndef HOLDFAST_OPERATIONS_H
#define HOLDFAST_OPERATIONS_H

#include "driver.h"
#ifdef __cplusplus
extern "C" {
#endif

#define HOLDFAST_OPERATIONS_ID "holdfast.operations/1"
#define HOLDFAST_CANARY_ID "holdfast.canary"

// ---- Values ---------------------------------------------------------------------------------

typedef uint32_t holdfast_value_type;
#define HOLDFAST_VALUE_I64 1u
#define HOLDFAST_VALUE_U64 2u
#define HOLDFAST_VALUE_F64 3u
#define HOLDFAST_VALUE_BOOL 4u
#define HOLDFAST_VALUE_TEXT 5u
#define HOLDFAST_VALUE_BYTES 6u

// An argument of `invoke`. Only the member that the type names counts.
typedef struct holdfast_value {
    uint32_t size;
    holdfast_value_type type;
    int64_t i64;         // HOLDFAST_VALUE_I64; HOLDFAST_VALUE_BOOL, 0 or 1
    uint64_t u64;        // HOLDFAST_VALUE_U64
    double f64;          // HOLDFAST_VALUE_F64
    holdfast_text text;  // HOLDFAST_VALUE_TEXT, HOLDFAST_VALUE_BYTES
} holdfast_value;

// ---- Declarations ---------------------------------------------------------------------------

// The address of an operation's function, under a type that fits all of them.
typedef void (*holdfast_operation_function)(void);

// How an operation is called; made by HOLDFAST_CODE or HOLDFAST_BY_INVOKE. Frozen: it never grows.
typedef struct holdfast_code {
    holdfast_text signature;
    uint64_t hash;
    holdfast_operation_function function;  // NULL: by `invoke`
} holdfast_code;

#define HOLDFAST_PARAMETER_REQUIRED 1u  // flag: there is no default
// One parameter. Its default and its bounds are texts as on the command line: numbers in decimal,
// `true` or `false`, the text itself. Bytes have no default but none (the empty text).
typedef struct holdfast_parameter {
    uint32_t size, flags;         // flags: HOLDFAST_PARAMETER_REQUIRED
    holdfast_text name;           // 1 to 32 bytes of [a-z0-9_], starting with a letter; unique
    holdfast_text documentation;  // one sentence, at most 1024 bytes
    holdfast_value_type type;     // as in the signature
    uint32_t choice_count;        // most 64
    const holdfast_text *choices; // of a text: the only values; NULL when any will do
    holdfast_text default_value;  // of at most 1024 bytes; not read when required
    holdfast_text minimum;        // of i64, u64, f64: the least value; empty: none
    holdfast_text maximum;        // of i64, u64, f64: the greatest value; empty: none
} holdfast_parameter;

typedef uint32_t holdfast_result;
#define HOLDFAST_RESULT_NONE 0u   // writes nothing
#define HOLDFAST_RESULT_JSON 1u   // one JSON document
#define HOLDFAST_RESULT_TEXT 2u   // UTF-8
#define HOLDFAST_RESULT_BYTES 3u  // anything

// What a caller and the host's layers must know of an operation.
typedef uint32_t holdfast_traits;  // unknown ones are refused: a trait limits what a host may do
#define HOLDFAST_TRAIT_READS 1u       // looks at what is stored
#define HOLDFAST_TRAIT_MUTATES 2u     // changes what is stored, or how
#define HOLDFAST_TRAIT_IDEMPOTENT 4u  // a repeat is harmless: the host may repeat a failed call
#define HOLDFAST_TRAIT_CONTENT 8u     // arguments or result hold objects' bytes; refused where the
                                      // host changes them on their way (encryption, compression)

typedef struct holdfast_operation {
    uint32_t size;
    holdfast_traits traits;
    holdfast_text id;       // the driver's id, a dot and 1 to 32 bytes of [a-z0-9_], starting with
                            // a letter; unique. Only the canary has another one
    holdfast_text summary;  // one sentence, 1 to 256 bytes
    holdfast_code code;
    const void *parameters;  // holdfast_parameter, in the order of the signature
    uint32_t parameter_count, parameter_stride;
    holdfast_result result;
    uint32_t reserved;
    holdfast_text result_schema;  // of a JSON result: its JSON schema, most 65536 bytes, or empty
} holdfast_operation;

// The table that `extension` returns for HOLDFAST_OPERATIONS_ID. It and all that it points to are
// never changed, moved or freed.
typedef struct holdfast_operations {
    uint32_t size, flags;
    const void *items;  // holdfast_operation, at most 64
    uint32_t count, stride;

    // Does what an operation's function would, for arguments in the order of its parameters. It
    // serves the operations without a function, and the canary. Another operation is
    // HOLDFAST_UNSUPPORTED; arguments of another number or of other types are HOLDFAST_INVALID.
    // Optional where every operation has a function.
    // [threads: by model | states: open | blocking: yes | repeat: as the traits say]
    holdfast_status (*invoke)(void *store, const holdfast_call *call, holdfast_text operation,
                              const void *arguments, uint32_t count, uint32_t stride,
                              const holdfast_sink *result);
} holdfast_operations;

// ---- Making a declaration -------------------------------------------------------------------

// The code of an operation with a function: HOLDFAST_CODE(vacuum), HOLDFAST_CODE(check, i64, text).
// It does not compile when the function has another type than the list says.
#define HOLDFAST_CODE(...) \
    HOLDFAST_OP_JOIN_(HOLDFAST_OP_CODE_, HOLDFAST_OP_COUNT_(__VA_ARGS__))(__VA_ARGS__)
// The code of an operation without a function: HOLDFAST_BY_INVOKE(), HOLDFAST_BY_INVOKE(i64, text).
#define HOLDFAST_BY_INVOKE(...) \
    HOLDFAST_OP_JOIN_(HOLDFAST_OP_PLAIN_, HOLDFAST_OP_COUNT_(NULL, __VA_ARGS__))(NULL, __VA_ARGS__)

// The canary's element in the array of operations.
#define HOLDFAST_CANARY \
    {sizeof(holdfast_operation), \
     HOLDFAST_TRAIT_IDEMPOTENT, \
     HOLDFAST_OP_TEXT_(HOLDFAST_CANARY_ID), \
     HOLDFAST_OP_TEXT_("Answers its arguments; checks the way between host and driver."), \
     HOLDFAST_CODE(holdfast_canary, i64, u64, f64, bool, text, bytes), \
     holdfast_canary_parameters, \
     6, \
     sizeof(holdfast_parameter), \
     HOLDFAST_RESULT_JSON, \
     0, \
     HOLDFAST_OP_TEXT_("{\"type\":\"object\"}")}

// ---- The rest is how the macros above and the canary are made -------------------------------

#define HOLDFAST_OP_TEXT_(literal) {(literal), sizeof(literal) - 1}
// The number of types after the function, as the end of a macro's name.
#define HOLDFAST_OP_COUNT_(...) \
    HOLDFAST_OP_TENTH_(__VA_ARGS__, 9_, 8_, 7_, 6_, 5_, 4_, 3_, 2_, 1_, 0_, ~)
#define HOLDFAST_OP_TENTH_(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, count, ...) count
#define HOLDFAST_OP_JOIN_(a, b) HOLDFAST_OP_JOIN_NOW_(a, b)
#define HOLDFAST_OP_JOIN_NOW_(a, b) a##b

// Of each type: its name, its C types, and a step of the hash. `bool` may be a macro for `_Bool`;
// the type without a name is that of an empty list.
#define HOLDFAST_OP_NAME_i64 "i64"
#define HOLDFAST_OP_NAME_u64 "u64"
#define HOLDFAST_OP_NAME_f64 "f64"
#define HOLDFAST_OP_NAME_bool "bool"
#define HOLDFAST_OP_NAME__Bool "bool"
#define HOLDFAST_OP_NAME_text "text"
#define HOLDFAST_OP_NAME_bytes "bytes"
#define HOLDFAST_OP_NAME_ ""
#define HOLDFAST_OP_TYPE_i64 int64_t,
#define HOLDFAST_OP_TYPE_u64 uint64_t,
#define HOLDFAST_OP_TYPE_f64 double,
#define HOLDFAST_OP_TYPE_bool int32_t,
#define HOLDFAST_OP_TYPE__Bool int32_t,
#define HOLDFAST_OP_TYPE_text const holdfast_text *,
#define HOLDFAST_OP_TYPE_bytes const uint8_t *, uint64_t,
#define HOLDFAST_OP_STEP_(hash, code) (((hash) ^ (uint64_t)(code)) * UINT64_C(0x100000001b3))
#define HOLDFAST_OP_HASH_i64(hash) HOLDFAST_OP_STEP_(hash, 'i')
#define HOLDFAST_OP_HASH_u64(hash) HOLDFAST_OP_STEP_(hash, 'u')
#define HOLDFAST_OP_HASH_f64(hash) HOLDFAST_OP_STEP_(hash, 'd')
#define HOLDFAST_OP_HASH_bool(hash) HOLDFAST_OP_STEP_(hash, 'b')
#define HOLDFAST_OP_HASH__Bool(hash) HOLDFAST_OP_STEP_(hash, 'b')
#define HOLDFAST_OP_HASH_text(hash) HOLDFAST_OP_STEP_(hash, 't')
#define HOLDFAST_OP_HASH_bytes(hash) HOLDFAST_OP_STEP_(HOLDFAST_OP_STEP_(hash, 'p'), 'u')
#define HOLDFAST_OP_HASH_(hash) (hash)

// Of a list of types: the signature, the C types with a comma after each, and the hash.
#define HOLDFAST_OP_NAMES_1_(a) HOLDFAST_OP_NAME_##a
#define HOLDFAST_OP_NAMES_2_(a, ...) HOLDFAST_OP_NAME_##a "," HOLDFAST_OP_NAMES_1_(__VA_ARGS__)
#define HOLDFAST_OP_NAMES_3_(a, ...) HOLDFAST_OP_NAME_##a "," HOLDFAST_OP_NAMES_2_(__VA_ARGS__)
#define HOLDFAST_OP_NAMES_4_(a, ...) HOLDFAST_OP_NAME_##a "," HOLDFAST_OP_NAMES_3_(__VA_ARGS__)
#define HOLDFAST_OP_NAMES_5_(a, ...) HOLDFAST_OP_NAME_##a "," HOLDFAST_OP_NAMES_4_(__VA_ARGS__)
#define HOLDFAST_OP_NAMES_6_(a, ...) HOLDFAST_OP_NAME_##a "," HOLDFAST_OP_NAMES_5_(__VA_ARGS__)
#define HOLDFAST_OP_NAMES_7_(a, ...) HOLDFAST_OP_NAME_##a "," HOLDFAST_OP_NAMES_6_(__VA_ARGS__)
#define HOLDFAST_OP_NAMES_8_(a, ...) HOLDFAST_OP_NAME_##a "," HOLDFAST_OP_NAMES_7_(__VA_ARGS__)
#define HOLDFAST_OP_NAMES_9_(a, ...) HOLDFAST_OP_NAME_##a "," HOLDFAST_OP_NAMES_8_(__VA_ARGS__)
#define HOLDFAST_OP_TYPES_1_(a) HOLDFAST_OP_TYPE_##a
#define HOLDFAST_OP_TYPES_2_(a, ...) HOLDFAST_OP_TYPE_##a HOLDFAST_OP_TYPES_1_(__VA_ARGS__)
#define HOLDFAST_OP_TYPES_3_(a, ...) HOLDFAST_OP_TYPE_##a HOLDFAST_OP_TYPES_2_(__VA_ARGS__)
#define HOLDFAST_OP_TYPES_4_(a, ...) HOLDFAST_OP_TYPE_##a HOLDFAST_OP_TYPES_3_(__VA_ARGS__)
#define HOLDFAST_OP_TYPES_5_(a, ...) HOLDFAST_OP_TYPE_##a HOLDFAST_OP_TYPES_4_(__VA_ARGS__)
#define HOLDFAST_OP_TYPES_6_(a, ...) HOLDFAST_OP_TYPE_##a HOLDFAST_OP_TYPES_5_(__VA_ARGS__)
#define HOLDFAST_OP_TYPES_7_(a, ...) HOLDFAST_OP_TYPE_##a HOLDFAST_OP_TYPES_6_(__VA_ARGS__)
#define HOLDFAST_OP_TYPES_8_(a, ...) HOLDFAST_OP_TYPE_##a HOLDFAST_OP_TYPES_7_(__VA_ARGS__)
#define HOLDFAST_OP_TYPES_9_(a, ...) HOLDFAST_OP_TYPE_##a HOLDFAST_OP_TYPES_8_(__VA_ARGS__)
#define HOLDFAST_OP_HASHES_1_(hash, a) HOLDFAST_OP_HASH_##a(hash)
#define HOLDFAST_OP_HASHES_2_(hash, a, ...) \
    HOLDFAST_OP_HASHES_1_(HOLDFAST_OP_HASH_##a(hash), __VA_ARGS__)
#define HOLDFAST_OP_HASHES_3_(hash, a, ...) \
    HOLDFAST_OP_HASHES_2_(HOLDFAST_OP_HASH_##a(hash), __VA_ARGS__)
#define HOLDFAST_OP_HASHES_4_(hash, a, ...) \
    HOLDFAST_OP_HASHES_3_(HOLDFAST_OP_HASH_##a(hash), __VA_ARGS__)
#define HOLDFAST_OP_HASHES_5_(hash, a, ...) \
    HOLDFAST_OP_HASHES_4_(HOLDFAST_OP_HASH_##a(hash), __VA_ARGS__)
#define HOLDFAST_OP_HASHES_6_(hash, a, ...) \
    HOLDFAST_OP_HASHES_5_(HOLDFAST_OP_HASH_##a(hash), __VA_ARGS__)
#define HOLDFAST_OP_HASHES_7_(hash, a, ...) \
    HOLDFAST_OP_HASHES_6_(HOLDFAST_OP_HASH_##a(hash), __VA_ARGS__)
#define HOLDFAST_OP_HASHES_8_(hash, a, ...) \
    HOLDFAST_OP_HASHES_7_(HOLDFAST_OP_HASH_##a(hash), __VA_ARGS__)
#define HOLDFAST_OP_HASHES_9_(hash, a, ...) \
    HOLDFAST_OP_HASHES_8_(HOLDFAST_OP_HASH_##a(hash), __VA_ARGS__)
#define HOLDFAST_OP_BASIS_ UINT64_C(0xcbf29ce484222325)

// The function under its own type, which must be this one, as an address.
#ifdef __cplusplus
#define HOLDFAST_OP_CHECKED_(function, ...) \
    (holdfast_operation_function)static_cast<holdfast_status (*)( \
        void *, const holdfast_call *, __VA_ARGS__ const holdfast_sink *)>(function)
#define HOLDFAST_OP_CHECKED_0_(function) \
    (holdfast_operation_function)static_cast<holdfast_status (*)( \
        void *, const holdfast_call *, const holdfast_sink *)>(function)
#else
#define HOLDFAST_OP_CHECKED_(function, ...) \
    _Generic(&(function), holdfast_status (*)(void *, const holdfast_call *, \
                                              __VA_ARGS__ const holdfast_sink *) \
             : (holdfast_operation_function)(function))
#define HOLDFAST_OP_CHECKED_0_(function) \
    _Generic(&(function), \
                 holdfast_status (*)(void *, const holdfast_call *, const holdfast_sink *) \
             : (holdfast_operation_function)(function))
#endif

// HOLDFAST_CODE and HOLDFAST_BY_INVOKE by the number of types.
#define HOLDFAST_OP_CODE_0_(function) \
    {{"", 0}, HOLDFAST_OP_BASIS_, HOLDFAST_OP_CHECKED_0_(function)}
#define HOLDFAST_OP_CODE_1_(function, ...) \
    HOLDFAST_OP_PLAIN_1_(HOLDFAST_OP_CHECKED_(function, HOLDFAST_OP_TYPES_1_(__VA_ARGS__)), \
                        __VA_ARGS__)
#define HOLDFAST_OP_CODE_2_(function, ...) \
    HOLDFAST_OP_PLAIN_2_(HOLDFAST_OP_CHECKED_(function, HOLDFAST_OP_TYPES_2_(__VA_ARGS__)), \
                        __VA_ARGS__)
#define HOLDFAST_OP_CODE_3_(function, ...) \
    HOLDFAST_OP_PLAIN_3_(HOLDFAST_OP_CHECKED_(function, HOLDFAST_OP_TYPES_3_(__VA_ARGS__)), \
                        __VA_ARGS__)
#define HOLDFAST_OP_CODE_4_(function, ...) \
    HOLDFAST_OP_PLAIN_4_(HOLDFAST_OP_CHECKED_(function, HOLDFAST_OP_TYPES_4_(__VA_ARGS__)), \
                        __VA_ARGS__)
#define HOLDFAST_OP_CODE_5_(function, ...) \
    HOLDFAST_OP_PLAIN_5_(HOLDFAST_OP_CHECKED_(function, HOLDFAST_OP_TYPES_5_(__VA_ARGS__)), \
                        __VA_ARGS__)
#define HOLDFAST_OP_CODE_6_(function, ...) \
    HOLDFAST_OP_PLAIN_6_(HOLDFAST_OP_CHECKED_(function, HOLDFAST_OP_TYPES_6_(__VA_ARGS__)), \
                        __VA_ARGS__)
#define HOLDFAST_OP_CODE_7_(function, ...) \
    HOLDFAST_OP_PLAIN_7_(HOLDFAST_OP_CHECKED_(function, HOLDFAST_OP_TYPES_7_(__VA_ARGS__)), \
                        __VA_ARGS__)
#define HOLDFAST_OP_CODE_8_(function, ...) \
    HOLDFAST_OP_PLAIN_8_(HOLDFAST_OP_CHECKED_(function, HOLDFAST_OP_TYPES_8_(__VA_ARGS__)), \
                        __VA_ARGS__)
#define HOLDFAST_OP_CODE_9_(function, ...) \
    HOLDFAST_OP_PLAIN_9_(HOLDFAST_OP_CHECKED_(function, HOLDFAST_OP_TYPES_9_(__VA_ARGS__)), \
                        __VA_ARGS__)
#define HOLDFAST_OP_PLAIN_1_(address, ...) \
    {HOLDFAST_OP_TEXT_(HOLDFAST_OP_NAMES_1_(__VA_ARGS__)), \
     HOLDFAST_OP_HASHES_1_(HOLDFAST_OP_BASIS_, __VA_ARGS__), address}
#define HOLDFAST_OP_PLAIN_2_(address, ...) \
    {HOLDFAST_OP_TEXT_(HOLDFAST_OP_NAMES_2_(__VA_ARGS__)), \
     HOLDFAST_OP_HASHES_2_(HOLDFAST_OP_BASIS_, __VA_ARGS__), address}
#define HOLDFAST_OP_PLAIN_3_(address, ...) \
    {HOLDFAST_OP_TEXT_(HOLDFAST_OP_NAMES_3_(__VA_ARGS__)), \
     HOLDFAST_OP_HASHES_3_(HOLDFAST_OP_BASIS_, __VA_ARGS__), address}
#define HOLDFAST_OP_PLAIN_4_(address, ...) \
    {HOLDFAST_OP_TEXT_(HOLDFAST_OP_NAMES_4_(__VA_ARGS__)), \
     HOLDFAST_OP_HASHES_4_(HOLDFAST_OP_BASIS_, __VA_ARGS__), address}
#define HOLDFAST_OP_PLAIN_5_(address, ...) \
    {HOLDFAST_OP_TEXT_(HOLDFAST_OP_NAMES_5_(__VA_ARGS__)), \
     HOLDFAST_OP_HASHES_5_(HOLDFAST_OP_BASIS_, __VA_ARGS__), address}
#define HOLDFAST_OP_PLAIN_6_(address, ...) \
    {HOLDFAST_OP_TEXT_(HOLDFAST_OP_NAMES_6_(__VA_ARGS__)), \
     HOLDFAST_OP_HASHES_6_(HOLDFAST_OP_BASIS_, __VA_ARGS__), address}
#define HOLDFAST_OP_PLAIN_7_(address, ...) \
    {HOLDFAST_OP_TEXT_(HOLDFAST_OP_NAMES_7_(__VA_ARGS__)), \
     HOLDFAST_OP_HASHES_7_(HOLDFAST_OP_BASIS_, __VA_ARGS__), address}
#define HOLDFAST_OP_PLAIN_8_(address, ...) \
    {HOLDFAST_OP_TEXT_(HOLDFAST_OP_NAMES_8_(__VA_ARGS__)), \
     HOLDFAST_OP_HASHES_8_(HOLDFAST_OP_BASIS_, __VA_ARGS__), address}
#define HOLDFAST_OP_PLAIN_9_(address, ...) \
    {HOLDFAST_OP_TEXT_(HOLDFAST_OP_NAMES_9_(__VA_ARGS__)), \
     HOLDFAST_OP_HASHES_9_(HOLDFAST_OP_BASIS_, __VA_ARGS__), address}

#define HOLDFAST_OP_REQUIRED_(name, type) \
    {sizeof(holdfast_parameter), HOLDFAST_PARAMETER_REQUIRED, HOLDFAST_OP_TEXT_(name), \
     HOLDFAST_OP_TEXT_("comes back in hexadecimal"), type, 0, NULL, {NULL, 0}, {NULL, 0}, {NULL, 0}}
static const holdfast_parameter holdfast_canary_parameters[6] __attribute__((unused)) = {
    HOLDFAST_OP_REQUIRED_("i64", HOLDFAST_VALUE_I64),
    HOLDFAST_OP_REQUIRED_("u64", HOLDFAST_VALUE_U64),
    HOLDFAST_OP_REQUIRED_("f64", HOLDFAST_VALUE_F64),
    HOLDFAST_OP_REQUIRED_("bool", HOLDFAST_VALUE_BOOL),
    HOLDFAST_OP_REQUIRED_("text", HOLDFAST_VALUE_TEXT),
    HOLDFAST_OP_REQUIRED_("bytes", HOLDFAST_VALUE_BYTES),
};

// Writes a label, then bytes as lower-case hexadecimal digits.
static inline holdfast_status holdfast_canary_hex(const holdfast_sink *sink, const char *label,
                                                  const uint8_t *bytes, uint64_t count) {
    uint8_t text[64];
    uint64_t used = 0;
    while (label[used]) used++;
    holdfast_status status = sink->write(sink->context, (const uint8_t *)label, used);
    for (uint64_t done = 0; status == HOLDFAST_OK && done < count;) {
        for (used = 0; used < sizeof text && done < count; done++) {
            text[used++] = (uint8_t)"0123456789abcdef"[bytes[done] >> 4];
            text[used++] = (uint8_t)"0123456789abcdef"[bytes[done] & 15];
        }
        status = sink->write(sink->context, text, used);
    }
    return status;
}

// Writes a label, then a number as 16 digits.
static inline holdfast_status holdfast_canary_number(const holdfast_sink *sink, const char *label,
                                                     uint64_t number) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(number >> (56 - 8 * i));
    return holdfast_canary_hex(sink, label, bytes, 8);
}

// The canary: an object with the name of each type, and the bits of its argument in hexadecimal.
static inline holdfast_status holdfast_canary(void *store, const holdfast_call *call, int64_t i64,
                                              uint64_t u64, double f64, int32_t flag,
                                              const holdfast_text *text, const uint8_t *bytes,
                                              uint64_t count, const holdfast_sink *result) {
    (void)store, (void)call;
    uint64_t bits;
    __builtin_memcpy(&bits, &f64, sizeof bits);
    holdfast_status status = holdfast_canary_number(result, "{\"i64\":\"", (uint64_t)i64);
    if (!status) status = holdfast_canary_number(result, "\",\"u64\":\"", u64);
    if (!status) status = holdfast_canary_number(result, "\",\"f64\":\"", bits);
    if (!status) status = holdfast_canary_number(result, "\",\"bool\":\"", (uint64_t)flag);
    if (!status)
        status = holdfast_canary_hex(result, "\",\"text\":\"", (const uint8_t *)text->data,
                                     text->size);
    if (!status) status = holdfast_canary_hex(result, "\",\"bytes\":\"", bytes, count);
    if (!status) status = holdfast_canary_hex(result, "\"}", NULL, 0);
    return status;
}

#ifdef __cplusplus
}
#endif
#endif  // HOLDFAST_OPERATIONS_H
