// SPDX-License-Identifier: Apache-2.0
//
// A driver that does nothing, in C: each object exists, puts are read and forgotten. Objects below
// `empty/` have no bytes, those below `huge/` 1 GiB, all others 4 KiB.

#include <holdfast/driver.h>

#include <string.h>

HOLDFAST_DRIVER_NOTE;

#define VERSION "0123456789abcdef0123456789abcdef"

#define SMALL 4096u
#define HUGE_SIZE (1u << 30)

static uint8_t bytes[1 << 18];
static const holdfast_host *the_host;

static holdfast_status report(const holdfast_info_sink *sink, uint64_t size) {
    holdfast_info info = {
        .size = sizeof info,
        .version = {VERSION, sizeof VERSION - 1},
        .bytes = size,
        .modified_ns = 1,
        .attribute_stride = sizeof(holdfast_attribute),
    };
    return sink->info(sink->context, &info);
}

static uint64_t size_of(const holdfast_key *key) {
    if (key->path.size < 6) return SMALL;
    if (memcmp(key->path.data, "empty/", 6) == 0) return 0;
    return memcmp(key->path.data, "huge/", 5) == 0 ? HUGE_SIZE : SMALL;
}

static holdfast_status start(const holdfast_host *host, const holdfast_call *call, void **driver) {
    (void)call;
    the_host = host;
    *driver = bytes;
    return HOLDFAST_OK;
}

static holdfast_status stop(void *driver, const holdfast_call *call) {
    (void)driver, (void)call;
    return HOLDFAST_OK;
}

static holdfast_status describe(void *driver, const holdfast_call *call,
                                const holdfast_sink *sink) {
    static const char document[] =
        "{\"format\":1,\"id\":\"noop\",\"version\":\"0.1.0\",\"vendor\":\"Holdfast\",\"summary\":"
        "\"Nothing\",\"addressing\":\"rows\",\"grace_ms\":1000,\"options\":[],\"capabilities\":[]}";
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
    (void)store, (void)call, (void)sink;
    return HOLDFAST_OK;
}

static holdfast_status head(void *store, const holdfast_call *call, const holdfast_key *key,
                            const holdfast_info_sink *sink) {
    (void)store, (void)call;
    return report(sink, size_of(key));
}

static holdfast_status get(void *store, const holdfast_call *call, const holdfast_get *request,
                           const holdfast_info_sink *infos, const holdfast_sink *sink) {
    uint64_t size = size_of(request->key);
    (void)store, (void)call;
    holdfast_status status = report(infos, size);
    while (status == HOLDFAST_OK && size > 0) {
        uint64_t piece = size < sizeof bytes ? size : sizeof bytes;
        status = sink->write(sink->context, bytes, piece);
        size -= piece;
    }
    return status;
}

static holdfast_status read_all(const holdfast_call *call, const holdfast_source *source,
                                uint8_t *buffer, uint64_t capacity, uint64_t *size) {
    uint64_t count = 1;
    while (count > 0) {
        count = 0;
        if (source->read(source->context, buffer, capacity, &count) != HOLDFAST_OK) {
            holdfast_error error = {.size = sizeof error, .status = HOLDFAST_SOURCE};
            the_host->fail(call, &error);
            return HOLDFAST_SOURCE;
        }
        *size += count;
    }
    return HOLDFAST_OK;
}

static holdfast_status put(void *store, const holdfast_call *call, const holdfast_put *request,
                           const holdfast_source *source, const holdfast_info_sink *sink) {
    static _Thread_local uint8_t large[sizeof bytes];
    uint8_t small[SMALL];
    uint64_t size = 0;
    int is_small = source->length <= SMALL;
    (void)store, (void)request;
    holdfast_status status = read_all(call, source, is_small ? small : large,
                                      is_small ? sizeof small : sizeof large, &size);
    return status == HOLDFAST_OK ? report(sink, size) : status;
}

static holdfast_status remove_object(void *store, const holdfast_call *call,
                                     const holdfast_remove *request) {
    (void)store, (void)call, (void)request;
    return HOLDFAST_OK;
}

static holdfast_status list(void *store, const holdfast_call *call, const holdfast_list *request,
                            const holdfast_entry_sink *sink) {
    (void)store, (void)call, (void)request, (void)sink;
    return HOLDFAST_OK;
}

static holdfast_status ping(void *store, const holdfast_call *call,
                            const holdfast_clock_sink *sink) {
    holdfast_clock clock = {.size = sizeof clock};
    (void)store, (void)call;
    return sink->clock(sink->context, &clock);
}

static const holdfast_driver table = {
    .size = sizeof table,
    .abi_minor = HOLDFAST_ABI_MINOR,
    .draft = HOLDFAST_DRAFT,
    .behaviour = HOLDFAST_BEHAVIOUR,
    .thread_model = HOLDFAST_THREADS_PARALLEL,
    .id = {"noop", 4},
    .version = {"0.1.0", 5},
    .vendor = {"Holdfast", 8},
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
