// SPDX-License-Identifier: Apache-2.0
//
// The extension `holdfast.transaction/1`: changes of several objects that take effect together or not
// at all. A driver has it where its store does that natively, and reports the capability
// `transaction`. The rules of driver.h hold here too.
//
// 1. A COMMIT
//    A commit is a list of changes: each puts, removes or checks one object, and each has a condition.
//    All conditions are judged, and all changes become visible, in one atomic step: whoever reads
//    sees none of the changes or all of them, and no write of another's comes in between. There is
//    no transaction that stays open from call to call: who needs to read first reads, and makes what
//    was read the condition of a change.
//
// 2. FAILURES
//    A change that fails makes the commit fail, and then no change took effect. `change` in the error
//    names it: 1 for the first. `applied` speaks of the commit as a whole. Where several conditions
//    do not hold, any one of them may be named; HOLDFAST_CONDITION may come without a name where the
//    store does not tell.
//
// 3. SOURCES
//    The sources are read in the order of the changes, each to its end before the next is begun.
//    No transaction of the store is held open while a source is waited for: what is large is brought
//    to the store beforehand, where nobody sees it, and what a failed commit leaves there is collected.

#ifndef HOLDFAST_TRANSACTION_H
#define HOLDFAST_TRANSACTION_H

#include "driver.h"
#ifdef __cplusplus
extern "C" {
#endif

#define HOLDFAST_TRANSACTION_ID "holdfast.transaction/1"

typedef uint32_t holdfast_change_kind;  // an unknown kind is HOLDFAST_UNSUPPORTED
#define HOLDFAST_CHANGE_CHECK 0u   // writes nothing; the condition must hold
#define HOLDFAST_CHANGE_PUT 1u     // as `put`
#define HOLDFAST_CHANGE_REMOVE 2u  // as `remove`

typedef struct holdfast_change {
    uint32_t size, flags;
    holdfast_change_kind kind;
    uint32_t reserved;
    const holdfast_key *key;
    const holdfast_condition *condition;   // check: absent or version; put: any; remove: none or
                                           // version
    const holdfast_attribute *attributes;  // put: replace those of the object; NULL when none
    uint32_t attribute_count, attribute_stride;
    const holdfast_source *source;         // put; otherwise NULL
} holdfast_change;

// The changes of one commit: 1 to the capability's limit, no two of the same object. More than the
// limit are HOLDFAST_TOO_LARGE.
typedef struct holdfast_commit {
    uint32_t size, flags;
    const void *items;  // holdfast_change
    uint32_t count, stride;
} holdfast_commit;

// Receives the new information of each object that was put, in the order of the changes; `index` is
// the change's place in the list, 0 for the first. Called only once all changes have taken effect.
typedef struct holdfast_commit_sink {
    uint32_t size, flags;
    void *context;
    holdfast_status (*info)(void *context, uint32_t index, const holdfast_info *info);
} holdfast_commit_sink;

// What `extension` returns for HOLDFAST_TRANSACTION_ID. Never changed, moved or freed.
typedef struct holdfast_transaction {
    uint32_t size, flags;

    // Makes all changes, or none.
    // [threads: by model | states: open | blocking: yes | repeat: as the conditions allow]
    holdfast_status (*commit)(void *store, const holdfast_call *call,
                              const holdfast_commit *request, const holdfast_commit_sink *sink);
} holdfast_transaction;

#ifdef __cplusplus
}
#endif
#endif  // HOLDFAST_TRANSACTION_H
