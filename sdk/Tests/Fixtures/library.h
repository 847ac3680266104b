// SPDX-License-Identifier: Apache-2.0
//
// The table, the note and the entry, each of which macros can spoil. Part of memory.c.

#ifndef TABLE_ID
#define TABLE_ID "memory"
#endif
#ifndef TABLE_VERSION
#define TABLE_VERSION "1.2.3"
#endif
#ifndef TABLE_DRAFT
#define TABLE_DRAFT HOLDFAST_DRAFT
#endif
#ifndef TABLE_BEHAVIOUR
#define TABLE_BEHAVIOUR HOLDFAST_BEHAVIOUR
#endif
#ifndef TABLE_THREADS
#define TABLE_THREADS HOLDFAST_THREADS_PARALLEL
#endif
#ifndef TABLE_SIZE
#define TABLE_SIZE sizeof table
#endif
#ifndef TABLE_OPEN
#define TABLE_OPEN open_store
#endif
#ifndef TABLE_HEAD
#define TABLE_HEAD head
#endif
#ifndef TABLE_PUT
#define TABLE_PUT put
#endif
#ifndef TABLE_REMOVE
#define TABLE_REMOVE remove_object
#endif
#ifndef TABLE_PING
#define TABLE_PING ping
#endif
#ifndef TABLE_CLOSE
#define TABLE_CLOSE close_store
#endif
#ifndef TABLE_LIST
#define TABLE_LIST list
#endif

static const struct { holdfast_driver driver; uint64_t later[8]; } table = {
    {TABLE_SIZE, 0, HOLDFAST_ABI_MINOR, TABLE_DRAFT, TABLE_BEHAVIOUR, TABLE_THREADS,
     {TABLE_ID, sizeof(TABLE_ID) - 1}, TEXT(TABLE_VERSION), TEXT("The tests"), start, stop, describe,
     extension, TABLE_OPEN, TABLE_CLOSE, capabilities, TABLE_HEAD, get, TABLE_PUT, TABLE_REMOVE,
     TABLE_LIST, TABLE_PING},
    {~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull},
};

#ifdef NOTE_MAJOR
__attribute__((section(HOLDFAST_NOTE_SECTION), used, aligned(4)))
static const holdfast_note note = {9, 16, 1, HOLDFAST_NOTE_OWNER, NOTE_MAJOR, 0, NOTE_DRAFT,
                                   NOTE_BEHAVIOUR};
#elif !defined(NO_NOTE)
HOLDFAST_DRIVER_NOTE;
#endif

#ifdef TWO_NOTES
__attribute__((section(HOLDFAST_NOTE_SECTION), used, aligned(4)))
static const holdfast_note second = {9, 16, 1, HOLDFAST_NOTE_OWNER, 1, 0, HOLDFAST_DRAFT, 1};
#endif

#define EXPORTED __attribute__((visibility("default")))

#ifdef EXTRA_EXPORT
EXPORTED int helper_of_the_driver(void) { return 1; }
#endif

#ifdef STATIC_TLS
static __thread int counter __attribute__((tls_model("initial-exec")));
#endif

#ifdef MISSING_FUNCTION
int function_that_nobody_has(void);
#endif

#ifdef RUNS_CODE
#include <unistd.h>
__attribute__((constructor)) static void tell(void) { setenv("HOLDFAST_TEST_CODE_RAN", "1", 1); }
#endif

#ifndef NO_ENTRY
EXPORTED holdfast_status holdfast_driver_main_v1(const holdfast_offer *offer,
                                                 const holdfast_driver **driver) {
#ifdef STATIC_TLS
    counter++;
#endif
#ifdef MISSING_FUNCTION
    function_that_nobody_has();
#endif
#ifdef REFUSES
    return HOLDFAST_UNSUPPORTED;
#endif
#ifdef WILD_TABLE
    *driver = (const holdfast_driver *)(uintptr_t)WILD_TABLE;
    return HOLDFAST_OK;
#endif
#ifndef ACCEPTS_DRAFTS
    if (offer->draft != HOLDFAST_DRAFT) return HOLDFAST_UNSUPPORTED;
#endif
    *driver = &table.driver;
    return HOLDFAST_OK;
}
#endif
