// SPDX-License-Identifier: Apache-2.0
//
// A driver that keeps nothing: a get sends as many bytes as the path says, a put reads its source and
// forgets it. It measures what stands around a driver.

#include <holdfast/driver.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(s) ((holdfast_text){(s), sizeof(s) - 1})
#define PIECE 262144

static int something;
static uint8_t zeros[PIECE];

static holdfast_status start(const holdfast_host *host, const holdfast_call *call, void **driver) {
    (void)host, (void)call;
    memset(zeros, 1, sizeof zeros);
    *driver = &something;
    return HOLDFAST_OK;
}

static holdfast_status stop(void *driver, const holdfast_call *call) {
    (void)driver, (void)call;
    return HOLDFAST_OK;
}

static holdfast_status describe(void *driver, const holdfast_call *call,
                                const holdfast_sink *sink) {
    static const char text[] =
        "{\"format\":1,\"id\":\"noop\",\"version\":\"1.0.0\",\"vendor\":\"The benchmarks\","
        "\"summary\":\"Keeps nothing\",\"addressing\":\"rows\",\"options\":[],\"capabilities\":[]}";
    (void)driver, (void)call;
    return sink->write(sink->context, (const uint8_t *)text, sizeof text - 1);
}

static holdfast_status open_store(void *driver, const holdfast_call *call,
                                  const holdfast_options *options, void **store) {
    (void)driver, (void)call, (void)options;
    *store = &something;
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

static uint64_t size_of(const holdfast_key *key) {
    char text[32] = {0};
    memcpy(text, key->path.data, key->path.size < 31 ? key->path.size : 31);
    return strtoull(text, NULL, 10);
}

static holdfast_status tell(const holdfast_info_sink *sink, uint64_t size) {
    holdfast_info info = {.size = sizeof info, .version = TEXT("v1"), .bytes = size};
    return sink->info(sink->context, &info);
}

static holdfast_status head(void *store, const holdfast_call *call, const holdfast_key *key,
                            const holdfast_info_sink *info) {
    (void)store, (void)call;
    return tell(info, size_of(key));
}

static holdfast_status get(void *store, const holdfast_call *call, const holdfast_get *request,
                           const holdfast_info_sink *info, const holdfast_sink *sink) {
    (void)store, (void)call;
    uint64_t rest = size_of(request->key);
    holdfast_status status = tell(info, rest);
    while (status == HOLDFAST_OK && rest > 0) {
        uint64_t piece = rest < PIECE ? rest : PIECE;
        status = sink->write(sink->context, zeros, piece);
        rest -= piece;
    }
    return status;
}

static holdfast_status put(void *store, const holdfast_call *call, const holdfast_put *request,
                           const holdfast_source *source, const holdfast_info_sink *info) {
    (void)store, (void)call, (void)request;
    static _Thread_local uint8_t buffer[PIECE];
    uint64_t total = 0, count = 1;
    while (count > 0) {
        holdfast_status status = source->read(source->context, buffer, sizeof buffer, &count);
        if (status != HOLDFAST_OK) return HOLDFAST_SOURCE;
        total += count;
    }
    return tell(info, total);
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
    (void)store, (void)call;
    holdfast_clock none = {.size = sizeof none};
    return sink->clock(sink->context, &none);
}

static const holdfast_driver table = {
    .size = sizeof table,
    .abi_minor = HOLDFAST_ABI_MINOR,
    .draft = HOLDFAST_DRAFT,
    .behaviour = HOLDFAST_BEHAVIOUR,
    .thread_model = HOLDFAST_THREADS_PARALLEL,
    .id = {"noop", 4},
    .version = {"1.0.0", 5},
    .vendor = {"The benchmarks", 14},
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

HOLDFAST_DRIVER_NOTE;

__attribute__((visibility("default"))) holdfast_status
holdfast_driver_main_v1(const holdfast_offer *offer, const holdfast_driver **driver) {
    if (offer->draft != HOLDFAST_DRAFT) return HOLDFAST_UNSUPPORTED;
    *driver = &table;
    return HOLDFAST_OK;
}
