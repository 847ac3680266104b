// SPDX-License-Identifier: Apache-2.0
//
// Ways to break the interface that a check of the conformance kit must catch: each macro puts one
// wrong function into the table. Part of memory.c.

#include <fcntl.h>
#include <unistd.h>

static const holdfast_condition no_condition = {sizeof no_condition, HOLDFAST_CONDITION_NONE, {NULL, 0}};

#ifdef IGNORES_CONDITIONS
static holdfast_status spoiled_put(void *store, const holdfast_call *call, const holdfast_put *request,
                                   const holdfast_source *source, const holdfast_info_sink *info) {
    holdfast_put changed = *request;
    changed.condition = &no_condition;
    return put(store, call, &changed, source, info);
}
#define TABLE_PUT spoiled_put
#endif

// Checks the condition only before it reads the source.
#ifdef CHECKS_EARLY
static holdfast_status spoiled_put(void *store, const holdfast_call *call, const holdfast_put *request,
                                   const holdfast_source *source, const holdfast_info_sink *info) {
    memory *m = store;
    uint32_t at;
    pthread_mutex_lock(&m->lock);
    holdfast_status status = check(call, find(m, request->key, &at), request->condition);
    pthread_mutex_unlock(&m->lock);
    if (status != HOLDFAST_OK) return status;
    holdfast_put changed = *request;
    changed.condition = &no_condition;
    return put(store, call, &changed, source, info);
}
#define TABLE_PUT spoiled_put
#endif

// Keeps what it has when the source ends early.
#ifdef KEEPS_HALF
static const holdfast_source *half_source;
static holdfast_status half_read(void *context, uint8_t *buffer, uint64_t capacity, uint64_t *count) {
    *count = 0;
    half_source->read(half_source->context, buffer, capacity, count);
    return HOLDFAST_OK;
}
static holdfast_status spoiled_put(void *store, const holdfast_call *call, const holdfast_put *request,
                                   const holdfast_source *source, const holdfast_info_sink *info) {
    half_source = source;
    holdfast_source half = {sizeof half, 0, NULL, HOLDFAST_LENGTH_UNKNOWN, half_read};
    return put(store, call, request, &half, info);
}
#define TABLE_PUT spoiled_put
#endif

// Removes the object before it writes the new one.
#ifdef REMOVES_FIRST
static holdfast_status spoiled_put(void *store, const holdfast_call *call, const holdfast_put *request,
                                   const holdfast_source *source, const holdfast_info_sink *info) {
    holdfast_remove first = {sizeof first, 0, request->key, request->condition};
    if (request->condition->kind == HOLDFAST_CONDITION_NONE) remove_object(store, call, &first);
    return put(store, call, request, source, info);
}
#define TABLE_PUT spoiled_put
#endif

// Never asks whether the call is over.
#ifdef IGNORES_DEADLINES
static int32_t never(const holdfast_call *call) { return 0; }
static holdfast_status spoiled_put(void *store, const holdfast_call *call, const holdfast_put *request,
                                   const holdfast_source *source, const holdfast_info_sink *info) {
    const holdfast_host *real = the_host;
    holdfast_host deaf = *real;
    deaf.cancelled = never;
    the_host = &deaf;
    holdfast_status status = put(store, call, request, source, info);
    the_host = real;
    return status;
}
#define TABLE_PUT spoiled_put
#endif

#ifdef CRASHES_IN_REMOVE
static holdfast_status spoiled_remove(void *store, const holdfast_call *call,
                                      const holdfast_remove *request) {
    abort();
}
#define TABLE_REMOVE spoiled_remove
#endif

#ifdef EXITS_IN_REMOVE
static holdfast_status spoiled_remove(void *store, const holdfast_call *call,
                                      const holdfast_remove *request) {
    exit(0);
}
#define TABLE_REMOVE spoiled_remove
#endif

#ifdef HANGS_IN_PING
static holdfast_status spoiled_ping(void *store, const holdfast_call *call,
                                    const holdfast_clock_sink *sink) {
    for (;;) pause();
    return HOLDFAST_INTERNAL;
}
#define TABLE_PING spoiled_ping
#endif

#ifdef PRINTS
static holdfast_status spoiled_remove(void *store, const holdfast_call *call,
                                      const holdfast_remove *request) {
    printf("removing\n");
    return remove_object(store, call, request);
}
#define TABLE_REMOVE spoiled_remove
#endif

#if defined CHANGES_FOLDER || defined LOSES_FILES || defined ACCEPTS_FLAGS || defined TELLS_SECRET
static holdfast_status spoiled_open(void *driver, const holdfast_call *call,
                                    const holdfast_options *options, void **store) {
    holdfast_options changed = *options;
#ifdef CHANGES_FOLDER
    if (chdir("/") != 0) return HOLDFAST_IO;
#elif defined LOSES_FILES
    open("/dev/null", O_RDONLY);
#elif defined ACCEPTS_FLAGS
    changed.flags &= HOLDFAST_OPEN_EXISTING;
#else
    for (uint32_t i = 0; i < options->count; i++) {
        const holdfast_option *o =
            (const void *)((const char *)options->items + (size_t)i * options->stride);
        if (is(o->name, "token")) the_host->event(call, HOLDFAST_NOTICE, o->text);
    }
#endif
    return open_store(driver, call, &changed, store);
}
#define TABLE_OPEN spoiled_open
#endif

// Reports another class than it returns.
#ifdef REPORTS_OTHER_CLASS
static holdfast_status spoiled_put(void *store, const holdfast_call *call, const holdfast_put *request,
                                   const holdfast_source *source, const holdfast_info_sink *info) {
    holdfast_status status = put(store, call, request, source, info);
    return status < 0 ? HOLDFAST_IO : status;
}
#define TABLE_PUT spoiled_put
#endif

// Sends the path of start_after once more, when it is there.
#ifdef LISTS_TWICE
static holdfast_status spoiled_list(void *store, const holdfast_call *call,
                                    const holdfast_list *request, const holdfast_entry_sink *sink) {
    holdfast_list changed = *request;
    if (changed.start_after.size > 0) changed.start_after.size--;
    return list(store, call, &changed, sink);
}
#define TABLE_LIST spoiled_list
#endif
