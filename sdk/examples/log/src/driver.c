// SPDX-License-Identifier: Apache-2.0
//
// A driver that keeps a store in one append-only file: the table, the descriptor and the options.
#include "log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

HOLDFAST_DRIVER_NOTE;

#define VERSION "0.1.0"
#define LEAST_COMPACT_AT 4096

// Writes JSON as it is: the preprocessor makes a literal of it, with the quotes escaped.
#define JSON(...) #__VA_ARGS__

// The version is that of the table and of driver.toml.
static const char descriptor[] = JSON({
    "format": 1, "id": "log", "version": "0.1.0", "vendor": "Holdfast",
    "summary": "One append-only file, used by one process at a time.",
    "addressing": "rows", "grace_ms": 1000,
    "options": [
        {"name": "path", "type": "path", "required": false, "default": ".holdfast/state.log",
         "summary": "The file; made when it is missing, but not to read it."},
        {"name": "compact_at", "type": "size", "required": false, "default": "64MiB",
         "summary": "Garbage that makes the file written anew, if most of it is; at least 4KiB."}
    ],
    "capabilities": [
        {"id": "condition.absent", "level": 20, "limit": 0, "note": ""},
        {"id": "condition.version", "level": 20, "limit": 0, "note": ""},
        {"id": "range", "level": 20, "limit": 0, "note": ""},
        {"id": "list.attributes", "level": 20, "limit": 0, "note": ""},
        {"id": "clock", "level": 20, "limit": 0, "note": "CLOCK_BOOTTIME of this machine"},
        {"id": "value", "level": 20, "limit": 0,
         "note": "as long as the file system's files may be"},
        {"id": "concurrency", "level": 20, "limit": 1, "note": "one call at a time"},
         {"id": "exclusive", "level": 20, "limit": 0, "note": "one opener at a time"}
    ]
});

static int the_driver;

static holdfast_status start(const holdfast_host *host, const holdfast_call *call, void **driver) {
    (void)call;
    log_host = host;
    *driver = &the_driver;
    return HOLDFAST_OK;
}

static holdfast_status stop(void *driver, const holdfast_call *call) {
    (void)driver, (void)call;
    return HOLDFAST_OK;
}

static holdfast_status describe(void *driver, const holdfast_call *call,
                                const holdfast_sink *sink) {
    (void)driver, (void)call;
    return sink->write(sink->context, (const uint8_t *)descriptor, sizeof descriptor - 1);
}

static bool is(holdfast_text text, const char *word) {
    return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

static holdfast_status open_store(void *driver, const holdfast_call *call,
                                  const holdfast_options *options, void **store) {
    char path[4000] = "";
    int64_t compact_at = 64 << 20;
    (void)driver;
    if ((options->flags & ~HOLDFAST_OPEN_EXISTING) != 0)
        return log_fail(call, HOLDFAST_UNSUPPORTED, "the flags 0x%x of opening are not known",
                        options->flags & ~HOLDFAST_OPEN_EXISTING);
    for (uint32_t index = 0; index < options->count; index++) {
        const holdfast_option *option =
            (const void *)((const char *)options->items + (size_t)index * options->stride);
        if (is(option->name, "compact_at")) compact_at = option->number;
        if (!is(option->name, "path")) continue;
        if (option->text.size >= sizeof path || memchr(option->text.data, 0, option->text.size))
            return log_fail(call, HOLDFAST_INVALID,
                            "the option path is too long or holds a zero byte");
        memcpy(path, option->text.data, option->text.size);
        path[option->text.size] = '\0';
    }
    if (path[0] != '/')
        return log_fail(call, HOLDFAST_INVALID,
                        "the option path must be an absolute path, not '%s'", path);
    if (compact_at < LEAST_COMPACT_AT)
        return log_fail(call, HOLDFAST_INVALID, "the option compact_at must be at least %dKiB",
                        LEAST_COMPACT_AT / 1024);
    log_store *opened = NULL;
    bool must_exist = (options->flags & HOLDFAST_OPEN_EXISTING) != 0;
    holdfast_status status = log_open(call, path, (uint64_t)compact_at, must_exist, &opened);
    if (status == HOLDFAST_OK) *store = opened;
    return status;
}

static holdfast_status close_store(void *store, const holdfast_call *call) {
    log_close(store, call);
    return HOLDFAST_OK;
}

static holdfast_status capabilities(void *context, const holdfast_call *call,
                                    const holdfast_capability_sink *sink) {
    static const struct {
        holdfast_text id, note;
        uint64_t limit;
    } all[] = {
        {TEXT("condition.absent"), TEXT(""), 0},
        {TEXT("condition.version"), TEXT(""), 0},
        {TEXT("range"), TEXT(""), 0},
        {TEXT("list.attributes"), TEXT(""), 0},
        {TEXT("value"), TEXT("as long as the file system's files may be"), 0},
        {TEXT("concurrency"), TEXT("one call at a time"), 1},
        {TEXT("exclusive"), TEXT("one opener at a time"), 0},
        {TEXT("clock"), TEXT("CLOCK_BOOTTIME of this machine"), 0},
    };
    const log_store *store = context;
    (void)call;
    holdfast_status status = HOLDFAST_OK;
    size_t count = sizeof all / sizeof *all - (store->boot_id[0] == '\0');
    for (size_t index = 0; index < count && status == HOLDFAST_OK; index++) {
        holdfast_capability one = {.size = sizeof one, .level = HOLDFAST_LEVEL_NATIVE};
        one.id = all[index].id;
        one.note = all[index].note;
        one.limit = all[index].limit;
        status = sink->capability(sink->context, &one);
    }
    return status;
}

static holdfast_status ping(void *context, const holdfast_call *call,
                            const holdfast_clock_sink *sink) {
    const log_store *store = context;
    holdfast_status status = log_check_place(call, store);
    if (status != HOLDFAST_OK) return status;
    char domain[80];
    struct timespec now;
    holdfast_clock clock = {.size = sizeof clock};
    if (store->boot_id[0] != '\0' && clock_gettime(CLOCK_BOOTTIME, &now) == 0) {
        int size = snprintf(domain, sizeof domain, "boot:%s", store->boot_id);
        clock.domain = (holdfast_text){domain, (uint64_t)size};
        clock.now_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    }
    return sink->clock(sink->context, &clock);
}

static const holdfast_driver table = {
    .size = sizeof table,
    .abi_minor = HOLDFAST_ABI_MINOR,
    .draft = HOLDFAST_DRAFT,
    .behaviour = HOLDFAST_BEHAVIOUR,
    .thread_model = HOLDFAST_THREADS_PER_STORE,
    .id = {"log", 3},
    .version = {VERSION, sizeof VERSION - 1},
    .vendor = {"Holdfast", 8},
    .start = start,
    .stop = stop,
    .describe = describe,
    .open = open_store,
    .close = close_store,
    .capabilities = capabilities,
    .head = log_head,
    .get = log_get,
    .put = log_put,
    .remove = log_remove,
    .list = log_list,
    .ping = ping,
};

__attribute__((visibility("default")))
holdfast_status holdfast_driver_main_v1(const holdfast_offer *offer,
                                        const holdfast_driver **driver) {
    if (offer->draft != HOLDFAST_DRAFT) return HOLDFAST_UNSUPPORTED;
    *driver = &table;
    return HOLDFAST_OK;
}
