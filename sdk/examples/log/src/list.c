// SPDX-License-Identifier: Apache-2.0
// Listing a part of the index.
#include "log.h"

#include <string.h>

#define BATCH 64u

static holdfast_text path_of(const log_object *object) {
    return (holdfast_text){object->key + object->path_at, object->key_size - object->path_at};
}

static bool starts_with(const log_object *object, const char *key, size_t size) {
    return object->key_size >= size && memcmp(object->key, key, size) == 0;
}

holdfast_status log_list(void *context, const holdfast_call *call, const holdfast_list *request,
                         const holdfast_entry_sink *sink) {
    const log_store *store = context;
    holdfast_status status = log_check_usable(call, store);
    if (status != HOLDFAST_OK) return status;
    log_key prefix, after;
    log_make_key(&prefix, request->collection, request->workspace, request->prefix);
    log_make_key(&after, request->collection, request->workspace, request->start_after);
    bool found;
    size_t place = log_place(&store->index, prefix.bytes, prefix.size, &found);
    if (request->start_after.size > 0) {
        size_t next = log_place(&store->index, after.bytes, after.size, &found) + found;
        if (next > place) place = next;
    }
    holdfast_entry entries[BATCH];
    holdfast_info infos[BATCH];
    uint32_t sent = 0, filled = 0;
    bool attributes = (request->flags & HOLDFAST_LIST_ATTRIBUTES) != 0;
    for (bool more = true; more && status == HOLDFAST_OK;) {
        more = place < store->index.count && sent + filled < request->limit &&
               starts_with(store->index.objects[place], prefix.bytes, prefix.size);
        if (more) {
            const log_object *object = store->index.objects[place++];
            infos[filled] = log_info_of(object, attributes);
            entries[filled] =
                (holdfast_entry){sizeof *entries, 0, path_of(object), &infos[filled]};
            filled++;
        }
        if (filled == BATCH || (!more && filled > 0)) {
            status = log_poll(call);
            if (status == HOLDFAST_OK)
                status = sink->entries(sink->context, entries, filled, sizeof *entries);
            sent += filled;
            filled = 0;
        }
    }
    return status;
}
