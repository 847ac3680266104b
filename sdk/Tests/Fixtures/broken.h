// SPDX-License-Identifier: Apache-2.0
//
// Calls that break the interface, each in one way that its word names. Part of memory.c.

static holdfast_status echo(const holdfast_call *call, const holdfast_info_sink *info,
                            const holdfast_sink *sink) {
    char text[512];
    int size = snprintf(text, sizeof text, "%llu %lld %u %.*s %.*s %d",
                        (unsigned long long)call->id, (long long)call->deadline_ns, call->attempt,
                        (int)call->trace_parent.size, call->trace_parent.data,
                        (int)call->idempotency_key.size, call->idempotency_key.data,
                        the_host->cancelled(call));
    holdfast_info value = {sizeof value, 0, TEXT("v"), (uint64_t)size, 0, NULL, 0, 0};
    holdfast_status status = info->info(info->context, &value);
    return status ? status : sink->write(sink->context, (const uint8_t *)text, (uint64_t)size);
}

#ifdef ESCAPES
#include "escapes.h"
static holdfast_status try_escape(const char *what, const holdfast_info_sink *info,
                                  const holdfast_sink *sink) {
    char text[1024];
    escape(what, text, sizeof text);
    holdfast_info value = {sizeof value, 0, TEXT("v"), strlen(text), 0, NULL, 0, 0};
    holdfast_status status = info->info(info->context, &value);
    return status ? status : sink->write(sink->context, (const uint8_t *)text, strlen(text));
}
#endif

static holdfast_status bad_get(const holdfast_call *call, const char *what,
                               const holdfast_info_sink *info, const holdfast_sink *sink) {
    holdfast_info ten = {sizeof ten, 0, TEXT("v"), 10, 0, NULL, 0, 0};
    const uint8_t *bytes = (const uint8_t *)"0123456789abcdef";
    if (!strcmp(what, "echo")) return echo(call, info, sink);
#ifdef ESCAPES
    if (!strncmp(what, "try-", 4)) return try_escape(what + 4, info, sink);
#endif
    if (!strcmp(what, "no-reason")) return HOLDFAST_IO;
    if (!strcmp(what, "two-words")) {
        fail(call, HOLDFAST_NOT_FOUND, 0, "one word", TEXT(""));
        return HOLDFAST_IO;
    }
    if (!strcmp(what, "unknown")) return -99;
    if (!strcmp(what, "positive")) return 7;
    if (!strcmp(what, "stopped")) return HOLDFAST_STOPPED;
    if (!strcmp(what, "no-info")) return HOLDFAST_OK;
    if (!strcmp(what, "bytes-first")) return sink->write(sink->context, bytes, 4);
    if (!strcmp(what, "no-context")) return sink->write(NULL, bytes, 4);
    if (!strcmp(what, "small-info")) ten.size = 8;
    if (!strcmp(what, "no-version")) ten.version.size = 0;
    if (!strcmp(what, "wild-version")) ten.version = (holdfast_text){NULL, 4};
    if (!strcmp(what, "long-version")) ten.version.size = UINT64_MAX;
    if (!strcmp(what, "wild-attributes")) ten.attribute_count = 3;
    if (!strcmp(what, "many-attributes")) {
        ten.attribute_count = UINT32_MAX;
        ten.attributes = (const void *)&ten;
    }
    if (!strcmp(what, "waits")) {
        struct timespec pause = {0, 200000};
        while (!the_host->cancelled(call)) nanosleep(&pause, NULL);
        return fail(call, HOLDFAST_CANCELLED, 0, "cancelled", TEXT(""));
    }
    if (!strcmp(what, "deaf")) {  // does not listen to the sink
        info->info(info->context, &ten);
        for (int i = 0; i < 10; i++) sink->write(sink->context, bytes + i, 1);
        return HOLDFAST_OK;
    }
    holdfast_status status = info->info(info->context, &ten);
    if (status == 0 && !strcmp(what, "info-twice")) status = info->info(info->context, &ten);
    if (status != 0) return status;
    if (!strcmp(what, "wild-bytes")) return sink->write(sink->context, NULL, 4);
    return sink->write(sink->context, bytes, !strcmp(what, "long") ? 11 : 4);
}

static holdfast_status bad_put(const holdfast_call *call, const char *what,
                               const holdfast_source *source, const holdfast_info_sink *info) {
    uint8_t buffer[4];
    uint64_t count = 1, total = 0;
    holdfast_info value = {sizeof value, 0, TEXT("v"), 0, 0, NULL, 0, 0};
    if (!strcmp(what, "no-reason")) return HOLDFAST_IO;
    if (!strcmp(what, "no-reason-condition")) return HOLDFAST_CONDITION;
    if (!strcmp(what, "lost")) return fail(call, HOLDFAST_UNAVAILABLE, 2, "lost answer", TEXT(""));
    if (!strcmp(what, "no-buffer")) return source->read(source->context, NULL, 4, &count);
    holdfast_status status = HOLDFAST_OK;
    while (status == 0 && count > 0 && !(total > 0 && !strcmp(what, "half"))) {
        status = source->read(source->context, buffer, sizeof buffer, &count);
        if (status == 0) total += count;
    }
    if (status && !strcmp(what, "maybe")) return fail(call, HOLDFAST_IO, 2, "maybe", TEXT(""));
    if (!strcmp(what, "forgets-info")) return HOLDFAST_OK;
    value.bytes = !strcmp(what, "miscounts") ? total + 1 : total;
    return info->info(info->context, &value);
}

static holdfast_status bad_list(const char *what, const holdfast_entry_sink *sink) {
    holdfast_info info = {sizeof info, 0, TEXT("v"), 1, 0, NULL, 0, 0};
    holdfast_entry entries[3] = {{sizeof *entries, 0, TEXT("bad/b"), &info},
                                 {sizeof *entries, 0, TEXT("bad/a"), &info},
                                 {sizeof *entries, 0, TEXT("elsewhere"), &info}};
    if (!strcmp(what, "order")) return sink->entries(sink->context, entries, 2, sizeof *entries);
    if (!strcmp(what, "prefix")) return sink->entries(sink->context, entries + 2, 1, sizeof *entries);
    if (!strcmp(what, "stride")) return sink->entries(sink->context, entries, 2, 4);
    if (!strcmp(what, "nothing")) return sink->entries(sink->context, NULL, 2, sizeof *entries);
    for (int i = 0; i < 2; i++) {
        entries[0].path = i ? TEXT("bad/2") : TEXT("bad/1");
        holdfast_status status = sink->entries(sink->context, entries, 1, sizeof *entries);
        if (status) return status;
    }
    return HOLDFAST_OK;
}

// The word after "bad/", terminated, or NULL.
static const char *bad(holdfast_text path, char *word) {
    if (path.size < 5 || path.size > 60 || memcmp(path.data, "bad/", 4)) return NULL;
    memcpy(word, path.data + 4, path.size - 4);
    word[path.size - 4] = 0;
    return word;
}
