// SPDX-License-Identifier: Apache-2.0
//
// The extension `x.holdfast.watch/1` (a draft): waiting until something may have changed. Only a driver
// with HOLDFAST_THREADS_PARALLEL may have it, because a watch blocks for long; it reports the
// capability `watch`. The rules of driver.h hold here too.
//
// A watch tells that something changed, not what: who is told lists or reads again. A cursor stands
// for a moment in the life of the store. No change after that moment is ever missed, also when it was
// made by another process or machine, or while nobody watched. A watch may end without a change in
// its scope: a store that cannot tell what changed reports any change.

#ifndef HOLDFAST_WATCH_H
#define HOLDFAST_WATCH_H

#include "driver.h"
#ifdef __cplusplus
extern "C" {
#endif

#define HOLDFAST_WATCH_ID "x.holdfast.watch/1"

typedef struct holdfast_watch_request {
    uint32_t size, flags;
    holdfast_text collection;
    holdfast_text workspace;
    holdfast_text prefix;  // of the path, byte for byte; may end inside a part; may be empty
    holdfast_text cursor;  // 0 to 256 bytes, from an earlier watch of the same scope; empty: from now
} holdfast_watch_request;

// Receives the cursor to go on from, exactly once in a call that succeeds.
typedef struct holdfast_cursor_sink {
    uint32_t size, flags;
    void *context;
    holdfast_status (*cursor)(void *context, const holdfast_text *cursor);
} holdfast_cursor_sink;

// What `extension` returns for HOLDFAST_WATCH_ID. Never changed, moved or freed.
typedef struct holdfast_watch {
    uint32_t size, flags;

    // Without a cursor: reports that of this moment at once. With one: returns, with the cursor to go
    // on from, once something in the scope may have changed after it; at once where it already has, or
    // where the driver does not know the cursor (any more). At the deadline HOLDFAST_DEADLINE, and
    // the cursor that was given stays good.
    // [threads: by model | states: open | blocking: yes, until the deadline | repeat: yes]
    holdfast_status (*watch)(void *store, const holdfast_call *call,
                             const holdfast_watch_request *request,
                             const holdfast_cursor_sink *sink);
} holdfast_watch;

#ifdef __cplusplus
}
#endif
#endif  // HOLDFAST_WATCH_H
