// SPDX-License-Identifier: Apache-2.0
//
// A driver as its author wrote it once: it is compiled with each recorded header of the interface, and
// must load for ever once that header is frozen. So it is never brought up to date.
//
// It keeps a few small objects in memory, of one process, in one store.

#include <holdfast/driver.h>

#include <stdio.h>
#include <string.h>

HOLDFAST_DRIVER_NOTE;

#define TEXT(literal) ((holdfast_text){(literal), sizeof(literal) - 1})

enum { MOST_OBJECTS = 16, MOST_BYTES = 4096 };

typedef struct object {
    char path[640];
    char version[24];
    uint64_t path_size, size;
    uint8_t bytes[MOST_BYTES];
} object;

static const holdfast_host *the_host;
static object objects[MOST_OBJECTS];
static unsigned long writes;

static holdfast_status fail(const holdfast_call *call, holdfast_status status, const char *words) {
    holdfast_error error = {.size = sizeof error, .status = status};
    error.message = (holdfast_text){words, strlen(words)};
    the_host->fail(call, &error);
    return status;
}

static object *find(const holdfast_key *key) {
    for (object *each = objects; each < objects + MOST_OBJECTS; each++) {
        if (each->path_size == key->path.size &&
            memcmp(each->path, key->path.data, key->path.size) == 0)
            return each;
    }
    return NULL;
}

static holdfast_info info_of(const object *object) {
    return (holdfast_info){
        .size = sizeof(holdfast_info),
        .version = {object->version, strlen(object->version)},
        .bytes = object->size,
        .attribute_stride = sizeof(holdfast_attribute),
    };
}

static holdfast_status start(const holdfast_host *host, const holdfast_call *call, void **driver) {
    (void)call;
    the_host = host;
    *driver = objects;
    return HOLDFAST_OK;
}

static holdfast_status stop(void *driver, const holdfast_call *call) {
    (void)driver, (void)call;
    return HOLDFAST_OK;
}

static holdfast_status describe(void *driver, const holdfast_call *call,
                                const holdfast_sink *sink) {
    static const char document[] =
        "{\"format\":1,\"id\":\"few\",\"version\":\"1.0.0\",\"vendor\":\"Kept\",\"summary\":"
        "\"A few small objects in memory\",\"addressing\":\"rows\",\"grace_ms\":1000,\"options\":[],"
        "\"capabilities\":[{\"id\":\"value\",\"level\":20,\"limit\":4096,\"note\":\"\"}]}";
    (void)driver, (void)call;
    return sink->write(sink->context, (const uint8_t *)document, sizeof document - 1);
}

static holdfast_status open_store(void *driver, const holdfast_call *call,
                                  const holdfast_options *options, void **store) {
    (void)call, (void)options;
    *store = driver;
    return HOLDFAST_OK;
}

static holdfast_status close_store(void *store, const holdfast_call *call) {
    (void)store, (void)call;
    return HOLDFAST_OK;
}

static holdfast_status capabilities(void *store, const holdfast_call *call,
                                    const holdfast_capability_sink *sink) {
    holdfast_capability value = {.size = sizeof value, .level = HOLDFAST_LEVEL_NATIVE};
    (void)store, (void)call;
    value.id = TEXT(HOLDFAST_CAPABILITY_VALUE);
    value.limit = MOST_BYTES;
    return sink->capability(sink->context, &value);
}

static holdfast_status head(void *store, const holdfast_call *call, const holdfast_key *key,
                            const holdfast_info_sink *sink) {
    const object *found = find(key);
    (void)store;
    if (found == NULL) return fail(call, HOLDFAST_NOT_FOUND, "there is no such object");
    holdfast_info info = info_of(found);
    return sink->info(sink->context, &info);
}

static holdfast_status get(void *store, const holdfast_call *call, const holdfast_get *request,
                           const holdfast_info_sink *infos, const holdfast_sink *sink) {
    holdfast_status status = head(store, call, request->key, infos);
    if (status != HOLDFAST_OK) return status;
    const object *found = find(request->key);
    uint64_t from = request->offset < found->size ? request->offset : found->size;
    uint64_t rest = found->size - from;
    if (request->length < rest) rest = request->length;
    return rest == 0 ? HOLDFAST_OK : sink->write(sink->context, found->bytes + from, rest);
}

static holdfast_status put(void *store, const holdfast_call *call, const holdfast_put *request,
                           const holdfast_source *source, const holdfast_info_sink *sink) {
    static uint8_t bytes[MOST_BYTES + 1];
    uint64_t size = 0, count = 1;
    (void)store;
    if (request->condition->kind != HOLDFAST_CONDITION_NONE)
        return fail(call, HOLDFAST_UNSUPPORTED, "there are no conditions here");
    for (; count > 0 && size <= MOST_BYTES; size += count) {
        count = 0;
        if (source->read(source->context, bytes + size, sizeof bytes - size, &count) != HOLDFAST_OK)
            return fail(call, HOLDFAST_SOURCE, "the source failed");
    }
    object *place = find(request->key);
    for (object *each = objects; place == NULL && each < objects + MOST_OBJECTS; each++) {
        if (each->path_size == 0) place = each;
    }
    if (size > MOST_BYTES || place == NULL)
        return fail(call, HOLDFAST_TOO_LARGE, "there is no room for it");
    memcpy(place->path, request->key->path.data, request->key->path.size);
    place->path_size = request->key->path.size;
    memcpy(place->bytes, bytes, size);
    place->size = size;
    snprintf(place->version, sizeof place->version, "%lu", ++writes);
    holdfast_info info = info_of(place);
    return sink->info(sink->context, &info);
}

static holdfast_status remove_object(void *store, const holdfast_call *call,
                                     const holdfast_remove *request) {
    object *found = find(request->key);
    (void)store;
    if (request->condition->kind != HOLDFAST_CONDITION_NONE)
        return fail(call, HOLDFAST_UNSUPPORTED, "there are no conditions here");
    if (found != NULL) found->path_size = 0;
    return HOLDFAST_OK;
}

// In the order of their places, which is that of the paths in the test that lists them.
static holdfast_status list(void *store, const holdfast_call *call, const holdfast_list *request,
                            const holdfast_entry_sink *sink) {
    holdfast_entry entries[MOST_OBJECTS];
    holdfast_info infos[MOST_OBJECTS];
    uint32_t count = 0;
    (void)store, (void)call;
    for (const object *each = objects; each < objects + MOST_OBJECTS; each++) {
        if (each->path_size == 0 || count == request->limit) continue;
        infos[count] = info_of(each);
        entries[count] = (holdfast_entry){
            .size = sizeof *entries, .path = {each->path, each->path_size}, .info = infos + count};
        count++;
    }
    return count == 0 ? HOLDFAST_OK
                      : sink->entries(sink->context, entries, count, sizeof *entries);
}

static holdfast_status ping(void *store, const holdfast_call *call,
                            const holdfast_clock_sink *sink) {
    holdfast_clock clock = {.size = sizeof clock, .domain = TEXT("kept"), .now_ns = 1};
    (void)store, (void)call;
    return sink->clock(sink->context, &clock);
}

static const holdfast_driver table = {
    .size = sizeof table,
    .abi_minor = HOLDFAST_ABI_MINOR,
    .draft = HOLDFAST_DRAFT,
    .behaviour = HOLDFAST_BEHAVIOUR,
    .thread_model = HOLDFAST_THREADS_PER_DRIVER,
    .id = {"few", 3},
    .version = {"1.0.0", 5},
    .vendor = {"Kept", 4},
    .start = start,
    .stop = stop,
    .describe = describe,
    .open = open_store,
    .close = close_store,
    .capabilities = capabilities,
    .head = head,
    .get = get,
    .put = put,
    .remove = remove_object,
    .list = list,
    .ping = ping,
};

__attribute__((visibility("default")))
holdfast_status holdfast_driver_main_v1(const holdfast_offer *offer,
                                        const holdfast_driver **driver) {
    if (offer->draft != HOLDFAST_DRAFT) return HOLDFAST_UNSUPPORTED;
    *driver = &table;
    return HOLDFAST_OK;
}
