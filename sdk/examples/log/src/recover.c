// SPDX-License-Identifier: Apache-2.0
// Reading the file at open: the index is made of its commits, in their order.
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

// Reads the frame at `offset`: its head, and the payload of a commit. HOLDFAST_CORRUPT without a
// report when there is no whole frame.
static holdfast_status read_frame(const holdfast_call *call, const log_store *store,
                                  uint64_t offset, uint64_t size, log_frame *frame,
                                  uint8_t payload[LOG_MOST_COMMIT]) {
    uint8_t head[LOG_FRAME_SIZE];
    if (size - offset < LOG_FRAME_SIZE) return HOLDFAST_CORRUPT;
    int number = log_read_all(store->file.number, head, sizeof head, offset);
    if (number == 0) {
        if (!log_decode_frame(head, &store->file, offset, frame) ||
            log_frame_space(frame->length) > size - offset)
            return HOLDFAST_CORRUPT;
        if (frame->kind == LOG_DATA) return HOLDFAST_OK;
        number = log_read_all(store->file.number, payload, frame->length, offset + LOG_FRAME_SIZE);
    }
    if (number != 0)
        return log_fail_errno(call, HOLDFAST_APPLIED_NO, number, "could not read '%s'",
                              store->path);
    return log_crc(0, payload, frame->length) == frame->crc ? HOLDFAST_OK : HOLDFAST_CORRUPT;
}

static holdfast_status apply(const holdfast_call *call, log_store *store, uint64_t offset,
                             log_frame frame, const uint8_t *payload) {
    if (frame.kind == LOG_MARK) return HOLDFAST_OK;
    log_object *object = log_decode_commit(payload, frame.length);
    if (object != NULL && frame.kind == LOG_REMOVE) {
        log_delete(&store->index, object);
        log_free_object(object);
        return HOLDFAST_OK;
    }
    if (object != NULL && object->bytes <= offset &&
        log_data_space(object->bytes) <= offset - LOG_HEADER_SIZE && log_reserve(&store->index)) {
        object->data = offset - log_data_space(object->bytes);
        object->space = log_data_space(object->bytes) + log_frame_space(frame.length);
        log_insert(&store->index, object);
        return HOLDFAST_OK;
    }
    bool without_memory = errno == ENOMEM;
    log_free_object(object);
    if (without_memory)
        return log_fail_errno(call, HOLDFAST_APPLIED_NO, ENOMEM, "could not read '%s'",
                              store->path);
    return log_fail(call, HOLDFAST_CORRUPT,
                    "the commit at byte %" PRIu64 " of '%s' contradicts itself; restore a copy",
                    offset, store->path);
}

// Looks for a whole commit at or after `offset`: frames start at multiples of 8.
static holdfast_status find_commit(const holdfast_call *call, const log_store *store,
                                   uint64_t offset, uint64_t size, bool *found) {
    uint8_t window[32 * 1024], payload[LOG_MOST_COMMIT];
    *found = false;
    while (size - offset >= LOG_FRAME_SIZE) {
        holdfast_status status = log_poll(call);
        if (status != HOLDFAST_OK) return status;
        uint64_t count = size - offset < sizeof window ? size - offset : sizeof window;
        int number = log_read_all(store->file.number, window, count, offset);
        if (number != 0)
            return log_fail_errno(call, HOLDFAST_APPLIED_NO, number, "could not read '%s'",
                                  store->path);
        uint64_t at = 0;
        for (; at + LOG_FRAME_SIZE <= count; at += 8) {
            log_frame frame;
            if (!log_decode_frame(window + at, &store->file, offset + at, &frame)) continue;
            if (frame.kind == LOG_DATA) continue;
            status = read_frame(call, store, offset + at, size, &frame, payload);
            if (status == HOLDFAST_OK) *found = true;
            if (status != HOLDFAST_CORRUPT) return status;
        }
        offset += at;
    }
    return HOLDFAST_OK;
}

// Cuts the file at the end of its last commit.
static holdfast_status cut(const holdfast_call *call, log_store *store, uint64_t size) {
    if (size == store->file.tail) return HOLDFAST_OK;
    if (ftruncate(store->file.number, (off_t)store->file.tail) != 0 ||
        fdatasync(store->file.number) != 0)
        return log_fail_errno(call, HOLDFAST_APPLIED_NO, errno, "could not cut the end of '%s'",
                              store->path);
    log_warn(call, "cut %" PRIu64 " bytes off '%s' that were never acknowledged",
             size - store->file.tail, store->path);
    return HOLDFAST_OK;
}

holdfast_status log_recover(const holdfast_call *call, log_store *store, uint64_t size) {
    uint64_t offset = LOG_HEADER_SIZE;
    store->file.tail = offset;
    holdfast_status status = HOLDFAST_OK;
    uint8_t payload[LOG_MOST_COMMIT];
    for (uint64_t frames = 1; offset < size; frames++) {
        log_frame frame;
        if (frames % 1024 == 0 && (status = log_poll(call)) != HOLDFAST_OK) return status;
        status = read_frame(call, store, offset, size, &frame, payload);
        if (status == HOLDFAST_CORRUPT) break;
        if (status == HOLDFAST_OK && frame.kind != LOG_DATA)
            status = apply(call, store, offset, frame, payload);
        if (status != HOLDFAST_OK) return status;
        offset += log_frame_space(frame.length);
        if (frame.kind != LOG_DATA) store->file.tail = offset;
    }
    if (status == HOLDFAST_CORRUPT) {
        // A crash damages only what lies behind the last commit: data is durable before its commit
        // is written, and a commit before the next write starts.
        bool found;
        status = find_commit(call, store, offset, size, &found);
        if (status == HOLDFAST_OK && found)
            return log_fail(call, HOLDFAST_CORRUPT,
                            "'%s' is damaged at byte %" PRIu64 ", before its last commit; restore "
                            "a copy", store->path, offset);
    }
    return status == HOLDFAST_OK ? cut(call, store, size) : status;
}
