// SPDX-License-Identifier: Apache-2.0
//
// The driver's extensions: commits, watches and operations.

#ifndef HARNESS_EXTENSIONS_H
#define HARNESS_EXTENSIONS_H

#include "harness.h"

#include <holdfast/operations.h>
#include <holdfast/transaction.h>
#include <holdfast/watch.h>

static const void *extension(const char *id) {
    const void *table = driver->extension(driver_state, text(id));
    if (!table) { printf("FAIL the driver has no %s\n", id); exit(1); }
    return table;
}

// ---- Commits --------------------------------------------------------------------------------

typedef struct {
    holdfast_change_kind kind;
    char path[64], condition[257];  // a condition of "-" is none
    source_state from;
    uint64_t length;
    object_info info;  // of what was put
} change;

static change make_change(holdfast_change_kind kind, const char *path, const char *condition) {
    change c = {.kind = kind};
    snprintf(c.path, sizeof c.path, "%s", path);
    snprintf(c.condition, sizeof c.condition, "%s", condition ? condition : "-");
    return c;
}

static change put_change(const char *path, const char *condition, const void *bytes, uint64_t count) {
    change c = make_change(HOLDFAST_CHANGE_PUT, path, condition);
    c.from = (source_state){.bytes = bytes, .count = count};
    c.length = count;
    return c;
}

static holdfast_status take_change_info(void *context, uint32_t index, const holdfast_info *info) {
    return take_info(&((change *)context)[index].info, info);
}

static holdfast_status commit_within(void *store, context *c, change *changes, uint32_t count) {
    static const holdfast_transaction *table;
    if (!table) table = extension(HOLDFAST_TRANSACTION_ID);
    holdfast_change *items = calloc(count + 1, sizeof *items);
    holdfast_key *keys = calloc(count + 1, sizeof *keys);
    holdfast_condition *conditions = calloc(count + 1, sizeof *conditions);
    holdfast_source *sources = calloc(count + 1, sizeof *sources);
    for (uint32_t i = 0; i < count; i++) {
        change *each = &changes[i];
        keys[i] = key(each->path);
        conditions[i] = make_condition(strcmp(each->condition, "-") ? each->condition : NULL);
        sources[i] = (holdfast_source){sizeof *sources, 0, &each->from, each->length, read_source};
        items[i] = (holdfast_change){
            .size = sizeof *items, .kind = each->kind, .key = &keys[i], .condition = &conditions[i],
            .attribute_stride = sizeof(holdfast_attribute),
            .source = each->kind == HOLDFAST_CHANGE_PUT ? &sources[i] : NULL};
    }
    holdfast_commit request = {sizeof request, 0, items, count, sizeof *items};
    holdfast_commit_sink sink = {sizeof sink, 0, changes, take_change_info};
    c->change = 0;
    c->status = table->commit(store, &c->call, &request, &sink);
    free(items), free(keys), free(conditions), free(sources);
    return c->status;
}

static holdfast_status commit(void *store, change *changes, uint32_t count) {
    context c = make_context(60 * SECOND);
    return commit_within(store, &c, changes, count);
}

// ---- Watches --------------------------------------------------------------------------------

static holdfast_status take_cursor(void *context, const holdfast_text *cursor) {
    copy_text(context, 257, *cursor);
    return HOLDFAST_OK;
}

// Goes on from `cursor`, and leaves there where to go on from next.
static holdfast_status watch_within(void *store, context *c, const char *collection, char cursor[257]) {
    static const holdfast_watch *table;
    if (!table) table = extension(HOLDFAST_WATCH_ID);
    char from[257];
    snprintf(from, sizeof from, "%s", cursor);
    holdfast_watch_request request = {.size = sizeof request, .collection = text(collection),
                                      .workspace = text("/srv/project"), .cursor = text(from)};
    holdfast_cursor_sink sink = {sizeof sink, 0, cursor, take_cursor};
    c->status = table->watch(store, &c->call, &request, &sink);
    return c->status;
}

static holdfast_status watch(void *store, int64_t budget_ns, char cursor[257]) {
    context c = make_context(budget_ns);
    return watch_within(store, &c, "terraform", cursor);
}

// ---- Operations -----------------------------------------------------------------------------

static holdfast_status take_bytes(void *context, const uint8_t *bytes, uint64_t count) {
    strncat(context, (const char *)bytes, count);
    return HOLDFAST_OK;
}

// Runs an operation with one text, if there is one; `result` has room for 4096 bytes.
static holdfast_status invoke(void *store, context *c, const char *operation, const char *argument, char *result) {
    static const holdfast_operations *table;
    if (!table) table = extension(HOLDFAST_OPERATIONS_ID);
    holdfast_value value = {.size = sizeof value, .type = HOLDFAST_VALUE_TEXT};
    if (argument) value.text = text(argument);
    result[0] = 0;
    holdfast_sink sink = {sizeof sink, 0, result, take_bytes};
    c->status = table->invoke(store, &c->call, text(operation), &value, argument != NULL, sizeof value, &sink);
    return c->status;
}

#endif  // HARNESS_EXTENSIONS_H
