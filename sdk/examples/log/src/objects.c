// SPDX-License-Identifier: Apache-2.0
// The calls on one object.
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

holdfast_info log_info_of(const log_object *object, bool attributes) {
    return (holdfast_info){
        .size = sizeof(holdfast_info),
        .version = {object->version, strlen(object->version)},
        .bytes = object->bytes,
        .modified_ns = object->modified_ns,
        .attributes = attributes ? object->attributes : NULL,
        .attribute_count = attributes ? object->attribute_count : 0,
        .attribute_stride = sizeof(holdfast_attribute),
    };
}

static holdfast_status find(const log_store *store, const holdfast_call *call,
                            const holdfast_key *wanted, log_object **object) {
    log_key key;
    holdfast_status status = log_check_usable(call, store);
    if (status == HOLDFAST_OK) status = log_poll(call);
    if (status != HOLDFAST_OK) return status;
    log_make_key(&key, wanted->collection, wanted->workspace, wanted->path);
    *object = log_find(&store->index, &key);
    if (*object != NULL) return HOLDFAST_OK;
    return log_fail(call, HOLDFAST_NOT_FOUND, "there is no object '%.*s' in '%s'",
                    (int)wanted->path.size, wanted->path.data, store->path);
}

// ---- Reading --------------------------------------------------------------------------------

holdfast_status log_head(void *context, const holdfast_call *call, const holdfast_key *key,
                         const holdfast_info_sink *sink) {
    log_object *object;
    holdfast_status status = find(context, call, key, &object);
    if (status != HOLDFAST_OK) return status;
    holdfast_info info = log_info_of(object, true);
    return sink->info(sink->context, &info);
}

holdfast_status log_read_chunk(const log_store *store, const holdfast_call *call,
                               const log_object *object, uint64_t number, uint8_t *buffer,
                               uint64_t *count) {
    uint8_t head[LOG_FRAME_SIZE];
    log_frame frame;
    uint64_t rest = object->bytes - number * LOG_CHUNK;
    uint64_t offset = object->data + number * log_frame_space(LOG_CHUNK);
    *count = rest < LOG_CHUNK ? rest : LOG_CHUNK;
    int error = log_read_all(store->file.number, head, sizeof head, offset);
    if (error == 0)
        error = log_read_all(store->file.number, buffer, *count, offset + LOG_FRAME_SIZE);
    if (error != 0)
        return log_fail_errno(call, HOLDFAST_APPLIED_NO, error, "could not read '%s'", store->path);
    if (log_decode_frame(head, &store->file, offset, &frame) && frame.kind == LOG_DATA &&
        frame.length == *count && frame.crc == log_crc(0, buffer, *count))
        return HOLDFAST_OK;
    return log_fail(call, HOLDFAST_CORRUPT,
                    "the object '%.*s' is damaged at byte %" PRIu64 " of '%s'; write it again",
                    (int)(object->key_size - object->path_at), object->key + object->path_at,
                    offset, store->path);
}

holdfast_status log_get(void *context, const holdfast_call *call, const holdfast_get *request,
                        const holdfast_info_sink *info_sink, const holdfast_sink *sink) {
    log_store *store = context;
    log_object *object;
    holdfast_status status = find(store, call, request->key, &object);
    if (status != HOLDFAST_OK) return status;
    uint8_t *buffer = malloc(LOG_CHUNK);
    if (buffer == NULL)
        return log_fail_errno(call, HOLDFAST_APPLIED_NO, ENOMEM, "could not read '%s'",
                              store->path);
    uint64_t at = request->offset < object->bytes ? request->offset : object->bytes;
    uint64_t rest = object->bytes - at;
    uint64_t end = at + (request->length < rest ? request->length : rest);
    holdfast_info info = log_info_of(object, true);
    status = info_sink->info(info_sink->context, &info);
    while (status == HOLDFAST_OK && at < end) {
        uint64_t count, skipped = at % LOG_CHUNK;
        status = log_poll(call);
        if (status == HOLDFAST_OK)
            status = log_read_chunk(store, call, object, at / LOG_CHUNK, buffer, &count);
        if (status != HOLDFAST_OK) break;
        uint64_t piece = count - skipped < end - at ? count - skipped : end - at;
        status = sink->write(sink->context, buffer + skipped, piece);
        at += piece;
    }
    free(buffer);
    return status;
}

// ---- Writing --------------------------------------------------------------------------------

static holdfast_status check(const holdfast_call *call, const log_object *now,
                             const holdfast_condition *condition) {
    holdfast_text current = {NULL, 0};
    if (now != NULL) current = (holdfast_text){now->version, strlen(now->version)};
    switch (condition->kind) {
    case HOLDFAST_CONDITION_NONE: return HOLDFAST_OK;
    case HOLDFAST_CONDITION_ABSENT:
        if (now == NULL) return HOLDFAST_OK;
        return log_fail_condition(call, "the object exists already", current);
    case HOLDFAST_CONDITION_VERSION:
        if (now == NULL) return log_fail_condition(call, "the object does not exist", current);
        if (condition->version.size == current.size &&
            memcmp(condition->version.data, current.data, current.size) == 0)
            return HOLDFAST_OK;
        return log_fail_condition(call, "the object has another version", current);
    default:
        return log_fail(call, HOLDFAST_UNSUPPORTED, "the condition's kind %u is not known",
                        condition->kind);
    }
}

// Fills `buffer` from the source, as far as it goes.
static holdfast_status fill(const holdfast_call *call, const holdfast_source *source,
                            uint8_t *buffer, uint64_t *filled) {
    uint64_t count = 1;
    for (*filled = 0; *filled < LOG_CHUNK && count > 0; *filled += count) {
        holdfast_status status = log_poll(call);
        if (status != HOLDFAST_OK) return status;
        count = 0;
        if (source->read(source->context, buffer + *filled, LOG_CHUNK - *filled, &count) !=
            HOLDFAST_OK)
            return log_fail(call, HOLDFAST_SOURCE, "the source of the bytes failed");
    }
    return HOLDFAST_OK;
}

// Appends all bytes of the source as data frames and makes them durable.
static holdfast_status append_bytes(log_store *store, const holdfast_call *call,
                                    const holdfast_source *source, uint64_t *bytes) {
    uint8_t *buffer = malloc(LOG_FRAME_SIZE + LOG_CHUNK + 8);
    if (buffer == NULL)
        return log_fail_errno(call, HOLDFAST_APPLIED_NO, ENOMEM, "could not write '%s'",
                              store->path);
    uint64_t count = LOG_CHUNK;
    holdfast_status status = HOLDFAST_OK;
    *bytes = 0;
    while (status == HOLDFAST_OK && count == LOG_CHUNK) {
        status = fill(call, source, buffer + LOG_FRAME_SIZE, &count);
        if (status != HOLDFAST_OK || count == 0) break;
        *bytes += count;
        int error = log_append(&store->file, LOG_DATA, buffer, count);
        if (error != 0)
            status = log_fail_errno(call, HOLDFAST_APPLIED_NO, error, "could not write '%s'",
                                    store->path);
    }
    free(buffer);
    if (status == HOLDFAST_OK && source->length != HOLDFAST_LENGTH_UNKNOWN &&
        source->length != *bytes)
        return log_fail(call, HOLDFAST_SOURCE, "the source gave %" PRIu64 " bytes of %" PRIu64,
                        *bytes, source->length);
    if (status == HOLDFAST_OK && *bytes > 0 && fdatasync(store->file.number) != 0) {
        store->is_broken = true;
        return log_fail_errno(call, HOLDFAST_APPLIED_NO, errno, "could not bring '%s' to the disk",
                              store->path);
    }
    return status;
}

// Gives a new object its version and its time.
static int stamp(log_object *object) {
    uint8_t random[16];
    int number = log_random(random, sizeof random);
    for (size_t index = 0; index < sizeof random; index++) {
        static const char digits[] = "0123456789abcdef";
        object->version[index * 2] = digits[random[index] >> 4];
        object->version[index * 2 + 1] = digits[random[index] & 15];
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    object->modified_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    return number;
}

// The bytes, then the commit, then the index. On failure the file is as it was.
static holdfast_status write_object(log_store *store, const holdfast_call *call,
                                    const holdfast_source *source, log_object *object) {
    uint64_t before = store->file.tail, commit = 0;
    object->data = before;
    holdfast_status status = append_bytes(store, call, source, &object->bytes);
    if (status == HOLDFAST_OK) status = log_poll(call);
    if (status == HOLDFAST_OK) status = log_commit(store, call, LOG_PUT, object, &commit);
    if (status == HOLDFAST_OK) {
        object->space = log_data_space(object->bytes) + commit;
        log_insert(&store->index, object);
    } else if (!store->is_broken) {
        log_rewind(store, before);
    }
    return status;
}

holdfast_status log_put(void *context, const holdfast_call *call, const holdfast_put *request,
                        const holdfast_source *source, const holdfast_info_sink *sink) {
    log_store *store = context;
    log_key key;
    log_make_key(&key, request->key->collection, request->key->workspace, request->key->path);
    holdfast_status status = log_check_place(call, store);
    if (status == HOLDFAST_OK) status = log_poll(call);
    // One call at a time and one user of the file: what holds now still holds at the commit.
    if (status == HOLDFAST_OK)
        status = check(call, log_find(&store->index, &key), request->condition);
    if (status != HOLDFAST_OK) return status;
    log_object *object = log_new_object(&key, request->attributes, request->attribute_count,
                                        request->attribute_stride);
    int number = object != NULL && log_reserve(&store->index) ? stamp(object) : ENOMEM;
    status = number == 0 ? write_object(store, call, source, object)
                         : log_fail_errno(call, HOLDFAST_APPLIED_NO, number,
                                          "could not prepare a write to '%s'", store->path);
    if (status != HOLDFAST_OK) {
        log_free_object(object);
        return status;
    }
    holdfast_info info = log_info_of(object, true);
    status = sink->info(sink->context, &info);
    log_compact_if_due(store, call);
    return status;
}

holdfast_status log_remove(void *context, const holdfast_call *call,
                           const holdfast_remove *request) {
    log_store *store = context;
    log_key key;
    log_make_key(&key, request->key->collection, request->key->workspace, request->key->path);
    holdfast_status status = log_check_place(call, store);
    if (status == HOLDFAST_OK) status = log_poll(call);
    if (status != HOLDFAST_OK) return status;
    const log_object *object = log_find(&store->index, &key);
    status = check(call, object, request->condition);
    if (status != HOLDFAST_OK || object == NULL) return status;
    uint64_t commit;
    status = log_commit(store, call, LOG_REMOVE, object, &commit);
    if (status != HOLDFAST_OK) return status;
    log_delete(&store->index, object);
    log_compact_if_due(store, call);
    return HOLDFAST_OK;
}
