// SPDX-License-Identifier: Apache-2.0
//
// The Holdfast driver interface. This header is the specification; where texts differ, it is right.
//
// A driver is a shared library that keeps objects (bytes under a collection, a workspace and a path)
// in one kind of storage. The host loads it, opens stores with it and calls it. What all storage has
// in common (locks, history, encryption, retries) is the host's work; a driver does what its store
// does natively, and refuses the rest.
//
// 1. NEGOTIATION
//    A driver exports exactly one symbol, `holdfast_driver_main_v1`. The host calls it with an offer
//    and receives a pointer to the driver's own constant table. Each side only reads what the other
//    owns: the host copies min(size) bytes of the table into a zeroed one of its own. A slot that is
//    NULL, or lies beyond `size`, is a function that the driver does not have. A longer table from a
//    newer driver, or a newer host, is never an error by itself.
//    The library also carries an ELF note (see HOLDFAST_DRIVER_NOTE), so that a host can refuse a
//    wrong interface version without running any of the library's code.
//
// 2. LIFE OF A DRIVER
//    main (any number of times, no I/O, no threads) -> start (once) -> describe, extension, open
//    (any number) -> stop (once). Only main may be called before start. A library is never unloaded.
//    Life of a store: open -> any calls -> close (once, when no call is in flight).
//
// 3. CALLS
//    Calls block. `call` carries an absolute deadline and a cancellation flag: a driver returns at
//    the latest `grace_ms` (its descriptor; 1000 when absent) after either. A driver that overstays
//    is reported as stuck and its caller is told that the outcome is unknown.
//    Calls come from any thread of the host, with at most the concurrency that `thread_model`
//    allows. A driver may start threads; upcalls come only on the thread of the call that they
//    belong to, and only until that call returns.
//    A driver never writes to stdout or stderr, changes the working directory, umask, locale,
//    environment or signal handlers, never forks, and lets no exception or panic pass the boundary.
//
// 4. MEMORY
//    What is passed in is borrowed until the call returns. What is passed out through an upcall is
//    borrowed until the upcall returns. Nobody frees what the other side allocated.
//    Text is UTF-8 with an explicit length, no terminator. {NULL, 0} is the empty text.
//
// 5. OUTCOMES
//    A function returns HOLDFAST_OK, or a negative error class after one call of `host->fail` with
//    the details. HOLDFAST_STOPPED is returned only where a sink asked to stop.
//    `applied` in the error tells whether a write took effect. A driver that cannot know says
//    HOLDFAST_APPLIED_UNKNOWN: the host reads back and resolves it. It never guesses.
//    Acknowledged means durable: HOLDFAST_OK from put or remove survives a power cut.
//
// 6. VERSIONS AND CONDITIONS
//    Every write gives the object a new version: an opaque token of 1 to 256 bytes that is never
//    used again for that object, also not when the same bytes are written again or the object was
//    removed in between. It survives closing, restarting and other processes, and is compared only
//    for equality. A condition is honoured atomically, across threads, processes and machines that
//    share the store, or refused with HOLDFAST_UNSUPPORTED. It is never ignored.
//
// 7. WHAT THE HOST PROMISES
//    Pointers that are not said to be optional are not NULL. A collection is 1 to 32 bytes of
//    [a-z0-9-], starting with a letter. A workspace is 0 to 512 bytes of UTF-8 without control
//    characters. A path is 1 to 640 bytes of UTF-8: parts of 1 to 200 bytes, joined by single '/';
//    no part is "." or "..", no control characters. Attribute names are 1 to 64 bytes of [a-z0-9-],
//    unique and ascending; all names and values together are at most 1536 bytes. Options have been
//    checked against the driver's descriptor.
//
// 8. EVOLUTION
//    Structs and tables grow only at the end, and `size` says how far. Arrays carry the stride of
//    their elements, because elements may be longer than the reader knows. Numbers are never
//    reused. Unknown flags and fields are ignored by a reader unless a comment says "refused".
//    An extension table is found by its id, `holdfast.<name>/<revision>`, and is immutable once
//    published; a draft is `x.holdfast.<name>/<revision>`.
//    While HOLDFAST_DRAFT is not 0 the interface is a draft: host and driver must agree on its
//    number exactly, and any change of this file raises it.
//
// Every struct starts with its `size` in bytes as its writer knew it, and `flags`, 0 unless a comment
// names some. The tag at the end of each function's comment reads
// [threads: who may call | states: when | blocking: may it wait | repeat: is a repeat harmless].

#ifndef HOLDFAST_DRIVER_H
#define HOLDFAST_DRIVER_H

#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define HOLDFAST_ABI_MAJOR 1u
#define HOLDFAST_ABI_MINOR 0u
#define HOLDFAST_DRAFT 5u
// The semantics that this text describes. A later level changes meaning, never layout.
#define HOLDFAST_BEHAVIOUR 1u

// ---- Outcomes -------------------------------------------------------------------------------

typedef int32_t holdfast_status;
#define HOLDFAST_OK 0
#define HOLDFAST_STOPPED 1           // success: a sink returned HOLDFAST_STOPPED
#define HOLDFAST_NOT_FOUND (-1)      // no such object; at open, no such store
#define HOLDFAST_CONDITION (-2)      // the condition did not hold; nothing changed
#define HOLDFAST_CONFLICT (-3)       // the store's own concurrency control refused; try again
#define HOLDFAST_UNAUTHENTICATED (-4)
#define HOLDFAST_FORBIDDEN (-5)
#define HOLDFAST_THROTTLED (-6)
#define HOLDFAST_UNAVAILABLE (-7)    // the store cannot be reached now
#define HOLDFAST_DEADLINE (-8)       // the call's deadline passed
#define HOLDFAST_CANCELLED (-9)      // the call was cancelled
#define HOLDFAST_INVALID (-10)       // an argument or option is wrong
#define HOLDFAST_UNSUPPORTED (-11)   // this store cannot do it
#define HOLDFAST_TOO_LARGE (-12)     // over a declared limit
#define HOLDFAST_FULL (-13)          // disk full, quota used up
#define HOLDFAST_CORRUPT (-14)       // what is stored is damaged
#define HOLDFAST_NEWER_FORMAT (-15)  // what is stored was written by a newer driver
#define HOLDFAST_IO (-16)            // an input or output error
#define HOLDFAST_SOURCE (-17)        // the source failed or ended early; nothing was applied
#define HOLDFAST_INTERNAL (-18)      // a defect of the driver
typedef uint32_t holdfast_applied;
#define HOLDFAST_APPLIED_NO 0u
#define HOLDFAST_APPLIED_YES 1u
#define HOLDFAST_APPLIED_UNKNOWN 2u
typedef uint32_t holdfast_retry;
#define HOLDFAST_RETRY_NEVER 0u   // the same call will fail again
#define HOLDFAST_RETRY_SAME 1u    // the same call may succeed, after retry_after_ns
#define HOLDFAST_RETRY_REOPEN 2u  // only after the store was closed and opened again

// ---- Values ---------------------------------------------------------------------------------

// Bytes or UTF-8 text. This struct is frozen: it never grows.
typedef struct holdfast_text {
    const char *data;  // may be NULL when size is 0
    uint64_t size;     // bytes
} holdfast_text;

// An object's address. Different workspaces and collections never share an object.
typedef struct holdfast_key {
    uint32_t size, flags;
    holdfast_text collection;
    holdfast_text workspace;  // empty: the store's own workspace
    holdfast_text path;
} holdfast_key;

typedef struct holdfast_attribute {
    uint32_t size, flags;
    holdfast_text name;
    holdfast_text value;
} holdfast_attribute;
// What is known of one object. `modified_ns` is by the store's clock, nanoseconds since 1970 UTC,
// or 0 when unknown. `attributes` are exactly those of the put, ascending by name.
typedef struct holdfast_info {
    uint32_t size, flags;
    holdfast_text version;
    uint64_t bytes;
    int64_t modified_ns;
    const holdfast_attribute *attributes;
    uint32_t attribute_count, attribute_stride;  // stride: bytes from one element to the next
} holdfast_info;

typedef uint32_t holdfast_condition_kind;  // an unknown kind is HOLDFAST_UNSUPPORTED
#define HOLDFAST_CONDITION_NONE 0u
#define HOLDFAST_CONDITION_ABSENT 1u   // no object has the key
#define HOLDFAST_CONDITION_VERSION 2u  // the object exists and has this version
typedef struct holdfast_condition {
    uint32_t size;
    holdfast_condition_kind kind;
    holdfast_text version;  // for HOLDFAST_CONDITION_VERSION
} holdfast_condition;

// ---- The call -------------------------------------------------------------------------------

#define HOLDFAST_NO_DEADLINE INT64_MAX
// The context of one call. The host owns it; it lives until the call returns.
typedef struct holdfast_call {
    uint32_t size, flags;
    uint64_t id;                    // unique in this process; for messages
    int64_t deadline_ns;            // absolute, CLOCK_MONOTONIC; HOLDFAST_NO_DEADLINE: none
    uint32_t attempt;               // 1 for the first try; more when the host retries
    uint32_t reserved;
    holdfast_text trace_parent;     // W3C traceparent, or empty
    holdfast_text idempotency_key;  // the same for every attempt of one write, or empty
    const void *host_context;       // the host's; opaque to the driver
} holdfast_call;

// The details of a failure. `message` says what failed, on what and why, for an operator, in at most
// 4096 bytes without line breaks. It never holds a secret, a credential or an object's bytes.
typedef struct holdfast_error {
    uint32_t size, flags;
    holdfast_status status;         // a negative class; the function returns the same
    holdfast_applied applied;       // for put and remove; HOLDFAST_APPLIED_NO elsewhere
    holdfast_retry retry;
    uint32_t change;                // of a commit: which change failed, from 1; 0: none or unknown
    uint64_t retry_after_ns;        // the least time to wait, 0 when unknown
    int64_t vendor_code;            // the store's own code (errno, SQLite code, HTTP status), or 0
    holdfast_text vendor_name;      // its name ("SQLITE_BUSY"), or empty
    holdfast_text message;
    holdfast_text current_version;  // with HOLDFAST_CONDITION; empty: absent or unknown
} holdfast_error;

// ---- Sinks and sources ----------------------------------------------------------------------

// Where bytes go. `write` is called with pieces of any size, in order, and has consumed every byte when
// it returns HOLDFAST_OK. On HOLDFAST_STOPPED the consumer is gone: stop and return the same. A negative
// status is an error of the consumer: return it as it is, without calling `fail`.
// [threads: the call's | states: in the call | blocking: yes | repeat: no]
typedef struct holdfast_sink {
    uint32_t size, flags;
    void *context;  // pass it back
    holdfast_status (*write)(void *context, const uint8_t *bytes, uint64_t count);
} holdfast_sink;

#define HOLDFAST_LENGTH_UNKNOWN UINT64_MAX
// Where bytes come from. `read` fills up to `capacity` bytes (at least 1) and sets `*count`; a count
// of 0 with HOLDFAST_OK is the end. On a negative status the driver drops the write, so that no part
// of it is ever visible, and returns HOLDFAST_SOURCE. A source is read once, front to back.
// [threads: the call's | states: in the call | blocking: yes | repeat: no]
typedef struct holdfast_source {
    uint32_t size, flags;
    void *context;
    uint64_t length;  // total bytes, or HOLDFAST_LENGTH_UNKNOWN. Any other end is HOLDFAST_SOURCE
    holdfast_status (*read)(void *context, uint8_t *buffer, uint64_t capacity, uint64_t *count);
} holdfast_source;

// Receives one object's information, exactly once in a call that succeeds.
typedef struct holdfast_info_sink {
    uint32_t size, flags;
    void *context;
    holdfast_status (*info)(void *context, const holdfast_info *info);
} holdfast_info_sink;
typedef struct holdfast_entry {
    uint32_t size, flags;
    holdfast_text path;
    const holdfast_info *info;  // no attributes, maybe an empty version, unless they were asked for
} holdfast_entry;
// Receives a listing, in batches of any size from 1. HOLDFAST_STOPPED ends the listing early.
typedef struct holdfast_entry_sink {
    uint32_t size, flags;
    void *context;
    holdfast_status (*entries)(void *context, const void *items, uint32_t count, uint32_t stride);
} holdfast_entry_sink;

// ---- Requests -------------------------------------------------------------------------------

#define HOLDFAST_WHOLE UINT64_MAX
typedef struct holdfast_get {
    uint32_t size, flags;
    const holdfast_key *key;
    uint64_t offset;  // first byte; past the end: no bytes, no error
    uint64_t length;  // most bytes to send; HOLDFAST_WHOLE: all from offset
} holdfast_get;

// Flag: the bytes hold a random id and are unlike any other write's. A store that compares digests honours
// a condition on the version of such a write as section 6 demands. It may not see that other bytes were
// written again within the very call; then it reports HOLDFAST_CAPABILITY_CONDITION_UNIQUE.
#define HOLDFAST_PUT_UNIQUE 1u
typedef struct holdfast_put {
    uint32_t size, flags;  // flags: HOLDFAST_PUT_UNIQUE
    const holdfast_key *key;
    const holdfast_condition *condition;
    const holdfast_attribute *attributes;  // replace those of the object; NULL when none
    uint32_t attribute_count, attribute_stride;
} holdfast_put;

typedef struct holdfast_remove {
    uint32_t size, flags;
    const holdfast_key *key;
    const holdfast_condition *condition;  // none or version
} holdfast_remove;

#define HOLDFAST_LIST_ATTRIBUTES 1u  // flag: entries carry attributes
typedef struct holdfast_list {
    uint32_t size;
    uint32_t flags;             // HOLDFAST_LIST_ATTRIBUTES
    holdfast_text collection;
    holdfast_text workspace;
    holdfast_text prefix;       // of the path, byte for byte; may end inside a part; may be empty
    holdfast_text start_after;  // only paths that sort after this one; empty: from the start
    uint32_t limit, reserved;   // limit: most entries to send, at least 1
} holdfast_list;

// The store's clock, for leases. Two readings compare only when their domains are equal.
typedef struct holdfast_clock {
    uint32_t size, flags;
    holdfast_text domain;     // "boot:<boot id>" for CLOCK_BOOTTIME, a server's name; empty: none
    int64_t now_ns;           // by that clock; it never runs backwards within a domain
    int64_t uncertainty_ns;   // most that the reading can be off
} holdfast_clock;
typedef struct holdfast_clock_sink {  // Receives the clock, exactly once.
    uint32_t size, flags;
    void *context;
    holdfast_status (*clock)(void *context, const holdfast_clock *clock);
} holdfast_clock_sink;

// ---- Capabilities ---------------------------------------------------------------------------

typedef uint32_t holdfast_level;
#define HOLDFAST_LEVEL_NONE 0u      // refused with HOLDFAST_UNSUPPORTED
#define HOLDFAST_LEVEL_EMULATED 10u // correct, but not by the store itself
#define HOLDFAST_LEVEL_NATIVE 20u

// Capability ids. One that is not reported is HOLDFAST_LEVEL_NONE.
#define HOLDFAST_CAPABILITY_CONDITION_ABSENT "condition.absent"
#define HOLDFAST_CAPABILITY_CONDITION_VERSION "condition.version"
#define HOLDFAST_CAPABILITY_CONDITION_UNIQUE "condition.unique"  // as HOLDFAST_PUT_UNIQUE says
#define HOLDFAST_CAPABILITY_RANGE "range"                      // get with an offset or length
#define HOLDFAST_CAPABILITY_LIST_ATTRIBUTES "list.attributes"  // HOLDFAST_LIST_ATTRIBUTES
#define HOLDFAST_CAPABILITY_CLOCK "clock"                      // ping reports a clock
#define HOLDFAST_CAPABILITY_VALUE "value"                      // limit: bytes of one object
#define HOLDFAST_CAPABILITY_CONCURRENCY "concurrency"          // limit: useful calls at once
#define HOLDFAST_CAPABILITY_TRANSACTION "transaction"          // transaction.h; limit: changes at once
#define HOLDFAST_CAPABILITY_WATCH "watch"                      // watch.h
// A store is open once at a time, in all processes together; any further `open` is refused as
// HOLDFAST_UNAVAILABLE or HOLDFAST_CONFLICT with a retry hint.
#define HOLDFAST_CAPABILITY_EXCLUSIVE "exclusive"
#define HOLDFAST_CAPABILITY_VOLATILE "volatile"  // objects live in one process and go with it
typedef struct holdfast_capability {
    uint32_t size, flags;
    holdfast_text id;
    holdfast_level level;
    uint32_t reserved;
    uint64_t limit;      // as the id says; 0: none
    holdfast_text note;  // for people, may be empty
} holdfast_capability;

typedef struct holdfast_capability_sink {  // Receives each capability once.
    uint32_t size, flags;
    void *context;
    holdfast_status (*capability)(void *context, const holdfast_capability *capability);
} holdfast_capability_sink;

// ---- Options --------------------------------------------------------------------------------

typedef uint32_t holdfast_option_type;
#define HOLDFAST_OPTION_STRING 1u    // text
#define HOLDFAST_OPTION_SECRET 2u    // text that never appears in a message
#define HOLDFAST_OPTION_INTEGER 3u   // number
#define HOLDFAST_OPTION_BOOLEAN 4u   // number, 0 or 1
#define HOLDFAST_OPTION_DURATION 5u  // number, nanoseconds
#define HOLDFAST_OPTION_SIZE 6u      // number, bytes
#define HOLDFAST_OPTION_PATH 7u      // text, an absolute path of the host's file system
#define HOLDFAST_OPTION_CHOICE 8u    // text, one of the descriptor's choices
typedef struct holdfast_option {
    uint32_t size;
    holdfast_option_type type;
    holdfast_text name;
    holdfast_text text;
    int64_t number;
} holdfast_option;

// Open only a store that is there, and make nothing: HOLDFAST_NOT_FOUND when one would be made without
// the flag. What is there is a directory, also an empty one; a database file, unless it is blank; a
// service's table or bucket. What opening does not make, or cannot look at, is the same error either way.
#define HOLDFAST_OPEN_EXISTING 1u
// The options of one store: every option that was given or has a default, each once. Unknown flags
// are refused with HOLDFAST_UNSUPPORTED: a flag limits what opening may do.
typedef struct holdfast_options {
    uint32_t size, flags;  // flags: HOLDFAST_OPEN_EXISTING
    const void *items;     // holdfast_option
    uint32_t count, stride;
} holdfast_options;

// ---- The host's table -----------------------------------------------------------------------

typedef uint32_t holdfast_severity;
#define HOLDFAST_DEBUG 10u
#define HOLDFAST_NOTICE 20u
#define HOLDFAST_WARNING 30u
typedef struct holdfast_host {
    uint32_t size, flags;
    uint32_t abi_minor, draft;

    // Reports why the call is about to fail. At most once in a call; the host copies.
    // [threads: the call's | states: in the call | blocking: no | repeat: the last counts]
    void (*fail)(const holdfast_call *call, const holdfast_error *error);

    // 1 when the call was cancelled or its deadline has passed, else 0. Cheap: poll it.
    // [threads: any | states: in the call | blocking: no | repeat: yes]
    int32_t (*cancelled)(const holdfast_call *call);

    // A message for the operator's log. `call` may be NULL. Same rules as an error's message.
    // [threads: any | states: after start, before stop | blocking: no | repeat: yes]
    void (*event)(const holdfast_call *call, holdfast_severity severity, holdfast_text message);
} holdfast_host;

typedef struct holdfast_offer {
    uint32_t size, flags;
    uint32_t abi_minor;      // the host's; a driver answers with its own
    uint32_t draft;
    uint32_t behaviour_max;  // the newest behaviour level that the host knows
    uint32_t reserved;
    holdfast_text host_name;
    holdfast_text host_version;
} holdfast_offer;

// ---- The driver's table ---------------------------------------------------------------------

typedef uint32_t holdfast_thread_model;
#define HOLDFAST_THREADS_PER_DRIVER 1000u  // one call at a time in the whole driver
#define HOLDFAST_THREADS_PER_STORE 2000u   // one call at a time on each store
#define HOLDFAST_THREADS_PARALLEL 4000u    // any number of calls at once
// The table and its texts are never changed, moved or freed. Only `extension` may be missing.
typedef struct holdfast_driver {
    uint32_t size, flags;
    uint32_t abi_minor, draft, behaviour;
    holdfast_thread_model thread_model;
    holdfast_text id;       // 1 to 32 bytes of [a-z0-9-], starting with a letter; as in driver.toml
    holdfast_text version;  // semantic version of the driver
    holdfast_text vendor;

    // Makes the driver's state. `host` stays valid for the life of the process.
    // [threads: any, once | states: loaded | blocking: short | repeat: no]
    holdfast_status (*start)(const holdfast_host *host, const holdfast_call *call, void **driver);

    // Ends the driver's threads. No upcall after it returns.
    // [threads: any, once | states: started, no store open | blocking: yes | repeat: no]
    holdfast_status (*stop)(void *driver, const holdfast_call *call);

    // Writes the descriptor, a JSON document (docs/writing-a-driver.md gives its schema): options
    // with type, default, documentation; declared capabilities; grace_ms. Always the same bytes; no
    // network, no files. [threads: any | states: started | blocking: no | repeat: yes]
    holdfast_status (*describe)(void *driver, const holdfast_call *call, const holdfast_sink *sink);

    // Returns the constant table of an extension, or NULL when the driver does not have it.
    // [threads: any | states: started | blocking: no | repeat: yes]
    const void *(*extension)(void *driver, holdfast_text id);

    // Opens a store, making what is missing. On failure nothing is left open, `*store` is not set.
    // [threads: any | states: started | blocking: yes | repeat: opens another]
    holdfast_status (*open)(void *driver, const holdfast_call *call,
                            const holdfast_options *options, void **store);

    // Closes a store and frees it, whatever it returns.
    // [threads: any, once | states: open, no call in flight | blocking: yes | repeat: no]
    holdfast_status (*close)(void *store, const holdfast_call *call);

    // Reports what this store can do. It may differ from the descriptor (a server's version).
    // [threads: by model | states: open | blocking: yes | repeat: yes]
    holdfast_status (*capabilities)(void *store, const holdfast_call *call,
                                    const holdfast_capability_sink *sink);

    // Reports an object's information, or HOLDFAST_NOT_FOUND.
    // [threads: by model | states: open | blocking: yes | repeat: yes]
    holdfast_status (*head)(void *store, const holdfast_call *call, const holdfast_key *key,
                            const holdfast_info_sink *info);

    // Reports an object's information, then sends its bytes. All of it belongs to one version; when
    // that version can no longer be read to its end, HOLDFAST_CONFLICT.
    // [threads: by model | states: open | blocking: yes | repeat: yes]
    holdfast_status (*get)(void *store, const holdfast_call *call, const holdfast_get *request,
                           const holdfast_info_sink *info, const holdfast_sink *sink);

    // Writes a whole object, all or nothing, and reports its new information. The condition is
    // checked in the same atomic step that makes the object visible; checking it before the source
    // is read as well is allowed and saves the transfer.
    // [threads: by model | states: open | blocking: yes | repeat: as the condition allows]
    holdfast_status (*put)(void *store, const holdfast_call *call, const holdfast_put *request,
                           const holdfast_source *source, const holdfast_info_sink *info);

    // Removes an object. Removing an absent one under no condition is HOLDFAST_OK.
    // [threads: by model | states: open | blocking: yes | repeat: as the condition allows]
    holdfast_status (*remove)(void *store, const holdfast_call *call, const holdfast_remove *request);

    // Lists a collection in ascending byte order of the path. An object that exists during the whole
    // listing appears exactly once. HOLDFAST_OK after fewer than `limit` entries means the end.
    // [threads: by model | states: open | blocking: yes | repeat: yes]
    holdfast_status (*list)(void *store, const holdfast_call *call, const holdfast_list *request,
                            const holdfast_entry_sink *sink);

    // Checks that the store can be used now, and reports its clock where it has one.
    // [threads: by model | states: open | blocking: yes | repeat: yes]
    holdfast_status (*ping)(void *store, const holdfast_call *call,
                            const holdfast_clock_sink *clock);
} holdfast_driver;

// The one exported symbol. Returns HOLDFAST_OK and sets `*driver`, or HOLDFAST_UNSUPPORTED when the
// offer's draft differs. [threads: any | states: any | blocking: no | repeat: yes]
holdfast_status holdfast_driver_main_v1(const holdfast_offer *offer, const holdfast_driver **driver);
typedef holdfast_status (*holdfast_driver_main_v1_fn)(const holdfast_offer *,
                                                      const holdfast_driver **);

// ---- The ELF note ---------------------------------------------------------------------------

#define HOLDFAST_NOTE_SECTION ".note.holdfast"
#define HOLDFAST_NOTE_OWNER "Holdfast"
#define HOLDFAST_NOTE_TYPE 1u
// The note's descriptor: 4-byte words only, because wider ones confuse readers of notes.
typedef struct holdfast_note {
    uint32_t owner_size;       // 9, with the terminator
    uint32_t descriptor_size;  // 16
    uint32_t type;             // HOLDFAST_NOTE_TYPE
    char owner[12];
    uint32_t abi_major, abi_minor, draft, behaviour;
} holdfast_note;

// Put this once, at file scope, into one C or C++ file of the driver.
#define HOLDFAST_DRIVER_NOTE                                                                  \
    __attribute__((section(HOLDFAST_NOTE_SECTION), used, aligned(4)))                         \
    static const holdfast_note holdfast_driver_note = {                                       \
        9u, 16u, HOLDFAST_NOTE_TYPE, HOLDFAST_NOTE_OWNER,                                     \
        HOLDFAST_ABI_MAJOR, HOLDFAST_ABI_MINOR, HOLDFAST_DRAFT, HOLDFAST_BEHAVIOUR,           \
    }

#ifdef __cplusplus
}
#endif
#endif  // HOLDFAST_DRIVER_H
