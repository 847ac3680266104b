// SPDX-License-Identifier: Apache-2.0
//
// A driver that keeps objects in memory, for the tests of the loader and of the conformance kit. It
// is correct, unless a macro spoils its library (also spoiled.h) or a path that starts with "bad/"
// spoils one call. Stores that are opened with a name outlive their closing; others do not.

#include <holdfast/driver.h>
#include <holdfast/transaction.h>
#include <holdfast/watch.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT(s) ((holdfast_text){(s), sizeof(s) - 1})
#define MOST 1024
#define MOST_BYTES 1048576
#define MOST_CHANGES 1000

typedef struct {
    char *key;  // collection, workspace and path, each with its terminator
    size_t key_size;
    const char *path;
    char version[24];
    uint8_t *bytes;
    uint64_t count;
    holdfast_attribute *attributes;
    uint32_t attribute_count;
} object;

typedef struct {
    pthread_mutex_t lock;
    object *objects[MOST];
    uint32_t count;
    uint64_t writes, changes;
    long long born;
    char name[64];  // empty for a store that ends with its closing
} memory;

static const holdfast_host *the_host;
static int the_driver;
static memory *kept[16];
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;

#ifndef LEVEL_OF_VERSION
#define LEVEL_OF_VERSION 20
#endif

// ---- Outcomes

static holdfast_status fail(const holdfast_call *call, holdfast_status status,
                            holdfast_applied applied, const char *message, holdfast_text current) {
    int is_lasting = status == HOLDFAST_NOT_FOUND || status == HOLDFAST_UNSUPPORTED;
    holdfast_error error = {sizeof error, 0, status, applied,
                            is_lasting ? HOLDFAST_RETRY_NEVER : HOLDFAST_RETRY_SAME, 0, 5000000, 42,
                            TEXT("EXAMPLE"), {message, strlen(message)}, current};
    the_host->fail(call, &error);
    return status;
}

static holdfast_status over(const holdfast_call *call) {
    return fail(call, HOLDFAST_CANCELLED, 0, "the call is over", TEXT(""));
}

static int is(holdfast_text text, const char *word) {
    return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

// ---- The table of objects, sorted by key

static size_t make_key(char *out, holdfast_text c, holdfast_text w, holdfast_text p) {
    memcpy(out, c.data, c.size);
    out[c.size] = 0;
    memcpy(out + c.size + 1, w.data, w.size);
    out[c.size + 1 + w.size] = 0;
    memcpy(out + c.size + w.size + 2, p.data, p.size);
    out[c.size + w.size + 2 + p.size] = 0;
    return c.size + w.size + p.size + 3;
}

static int compare(const object *o, const char *key, size_t size) {
    int order = memcmp(o->key, key, o->key_size < size ? o->key_size : size);
    return order != 0 ? order : (o->key_size > size) - (o->key_size < size);
}

static uint32_t place(const memory *m, const char *key, size_t size, int *found) {
    uint32_t at = 0;
    while (at < m->count && compare(m->objects[at], key, size) < 0) at++;
    *found = at < m->count && compare(m->objects[at], key, size) == 0;
    return at;
}

static object *find(const memory *m, const holdfast_key *k, uint32_t *at) {
    char key[2048];
    int found;
    *at = place(m, key, make_key(key, k->collection, k->workspace, k->path), &found);
    return found ? m->objects[*at] : NULL;
}

static void release(object *o) {
    for (uint32_t i = 0; i < o->attribute_count; i++) {
        free((void *)o->attributes[i].name.data);
        free((void *)o->attributes[i].value.data);
    }
    free(o->attributes);
    free(o->bytes);
    free(o->key);
    free(o);
}

static holdfast_text copy_text(holdfast_text text) {
    char *data = malloc(text.size + 1);
    memcpy(data, text.data, text.size);
    return (holdfast_text){data, text.size};
}

static holdfast_info describe_object(const object *o, int attributes) {
    return (holdfast_info){sizeof(holdfast_info), 0, {o->version, strlen(o->version)}, o->count,
                           1700000000000000000, attributes ? o->attributes : NULL,
                           attributes ? o->attribute_count : 0, sizeof(holdfast_attribute)};
}

static holdfast_status check(const holdfast_call *call, const object *o,
                             const holdfast_condition *condition) {
    holdfast_text current = o ? (holdfast_text){o->version, strlen(o->version)} : TEXT("");
    switch (condition->kind) {
    case HOLDFAST_CONDITION_NONE: return HOLDFAST_OK;
    case HOLDFAST_CONDITION_ABSENT: if (!o) return HOLDFAST_OK; break;
    case HOLDFAST_CONDITION_VERSION:
#ifdef REFUSES_VERSIONS
        return fail(call, HOLDFAST_UNSUPPORTED, 0, "no versions", TEXT(""));
#endif
        if (o && is(condition->version, o->version)) return HOLDFAST_OK;
        break;
    default: return fail(call, HOLDFAST_UNSUPPORTED, 0, "unknown condition", TEXT(""));
    }
    return fail(call, HOLDFAST_CONDITION, HOLDFAST_APPLIED_NO, "the object has changed", current);
}

// ---- Life

static holdfast_status start(const holdfast_host *host, const holdfast_call *call, void **driver) {
    the_host = host;
#ifdef START_FAILS
    static int tries;
    return ++tries == 1 ? fail(call, HOLDFAST_UNAVAILABLE, 0, "cannot start", TEXT("")) : HOLDFAST_OK;
#endif
    host->event(call, HOLDFAST_NOTICE, TEXT("started\nwell"));
    *driver = &the_driver;
    return HOLDFAST_OK;
}

static holdfast_status stop(void *driver, const holdfast_call *call) {
    return driver == &the_driver && call ? HOLDFAST_OK : HOLDFAST_INTERNAL;
}

#define STRING(x) #x
#define NUMBER(x) STRING(x)
#define CAPABILITY(id, level) "{\"id\":\"" id "\",\"level\":" NUMBER(level) "},"

static const char description[] =
    "{\"format\":1,\"id\":\"memory\",\"version\":\"1.2.3\",\"vendor\":\"The tests\","
    "\"summary\":\"Keeps objects in memory.\",\"addressing\":\"rows\",\"grace_ms\":500,\"options\":["
    "{\"name\":\"name\",\"type\":\"string\",\"summary\":\"Which memory.\",\"required\":false,"
    "\"default\":\"main\"},"
    "{\"name\":\"token\",\"type\":\"secret\",\"summary\":\"Not used.\",\"required\":false}],"
    "\"capabilities\":[" CAPABILITY("condition.absent", 20)
    CAPABILITY("condition.version", LEVEL_OF_VERSION) CAPABILITY("range", 20)
    CAPABILITY("list.attributes", 20) CAPABILITY("clock", 20)
    "{\"id\":\"value\",\"level\":10,\"limit\":1048576,\"note\":\"small\"},"
#ifndef NO_TRANSACTIONS
    "{\"id\":\"transaction\",\"level\":20,\"limit\":1000},"
#endif
#ifndef NO_WATCHES
    "{\"id\":\"watch\",\"level\":20},"
#endif
    "{\"id\":\"volatile\",\"level\":20,\"limit\":0,\"note\":\"gone with the process\"}]}";

static holdfast_status describe(void *driver, const holdfast_call *call, const holdfast_sink *sink) {
    holdfast_status status = sink->write(sink->context, (const uint8_t *)description, 6);
#ifdef CUTS_DESCRIPTION
    return status;
#endif
    if (status != 0) return status;
    return sink->write(sink->context, (const uint8_t *)description + 6, sizeof description - 7);
}

#include "operations.h"

static const holdfast_transaction transactions;
static const holdfast_watch watches;

static const void *extension(void *driver, holdfast_text id) {
    static const uint32_t table = 16;
#ifndef NO_OPERATIONS
    if (is(id, HOLDFAST_OPERATIONS_ID)) return &operations;
#endif
#ifndef NO_TRANSACTIONS
    if (is(id, HOLDFAST_TRANSACTION_ID)) return &transactions;
#endif
#ifndef NO_WATCHES
    if (is(id, HOLDFAST_WATCH_ID)) return &watches;
#endif
    return is(id, "holdfast.example/1") ? &table : NULL;
}

// The store of a name, made when it is missing and may be; NULL when it may not, or there are too many.
static memory *named(holdfast_text name, int must_exist) {
    pthread_mutex_lock(&kept_lock);
    memory *found = NULL;
    int at = 0;
    for (; at < 16 && kept[at] && !found; at++)
        if (is(name, kept[at]->name)) found = kept[at];
    if (!found && !must_exist && at < 16 && name.size < sizeof found->name) {
        found = kept[at] = calloc(1, sizeof *found);
        memcpy(found->name, name.data, name.size);
        pthread_mutex_init(&found->lock, NULL);
    }
    pthread_mutex_unlock(&kept_lock);
    return found;
}

static holdfast_status open_store(void *driver, const holdfast_call *call,
                                  const holdfast_options *options, void **store) {
    holdfast_text name = TEXT("");
    for (uint32_t i = 0; i < options->count; i++) {
        const holdfast_option *o =
            (const void *)((const char *)options->items + (size_t)i * options->stride);
        if (is(o->name, "refuse") && o->type == HOLDFAST_OPTION_BOOLEAN && o->number == 1)
            return fail(call, HOLDFAST_UNAVAILABLE, 2, "no\nroute", TEXT(""));
        if (is(o->name, "say") && o->type == HOLDFAST_OPTION_STRING)
            the_host->event(NULL, HOLDFAST_WARNING, o->text);
        if (is(o->name, "nothing")) return HOLDFAST_OK;
        if (is(o->name, "name")) name = o->text;
    }
    if (options->flags & ~HOLDFAST_OPEN_EXISTING)
        return fail(call, HOLDFAST_UNSUPPORTED, 0, "unknown flags", TEXT(""));
    memory *m = NULL;
    int must_exist = options->flags & HOLDFAST_OPEN_EXISTING;
    if (name.size > 0) m = named(name, must_exist);
    // What has no name was never there before it is opened.
    if (!m && must_exist) return fail(call, HOLDFAST_NOT_FOUND, 0, "there is no such store", TEXT(""));
    if (!m && name.size > 0) return fail(call, HOLDFAST_FULL, 0, "too many stores", TEXT(""));
    if (!m) {
        m = calloc(1, sizeof *m);
        pthread_mutex_init(&m->lock, NULL);
    }
    *store = m;
    return HOLDFAST_OK;
}

static holdfast_status close_store(void *store, const holdfast_call *call) {
    memory *m = store;
    if (m->name[0]) return HOLDFAST_OK;
    for (uint32_t i = 0; i < m->count; i++) release(m->objects[i]);
    free(m);
    return HOLDFAST_OK;
}

static holdfast_status capabilities(void *store, const holdfast_call *call,
                                    const holdfast_capability_sink *sink) {
    holdfast_capability all[] = {
        {sizeof *all, 0, TEXT("condition.absent"), HOLDFAST_LEVEL_NATIVE, 0, 0, TEXT("")},
        {sizeof *all, 0, TEXT("condition.version"), LEVEL_OF_VERSION, 0, 0, TEXT("")},
        {sizeof *all, 0, TEXT("range"), HOLDFAST_LEVEL_NATIVE, 0, 0, TEXT("")},
        {sizeof *all, 0, TEXT("list.attributes"), HOLDFAST_LEVEL_NATIVE, 0, 0, TEXT("")},
        {sizeof *all, 0, TEXT("clock"), HOLDFAST_LEVEL_NATIVE, 0, 0, TEXT("")},
        {sizeof *all, 0, TEXT("value"), HOLDFAST_LEVEL_EMULATED, 0, MOST_BYTES, TEXT("small")},
#ifndef NO_TRANSACTIONS
        {sizeof *all, 0, TEXT("transaction"), HOLDFAST_LEVEL_NATIVE, 0, MOST_CHANGES, TEXT("")},
#endif
#ifndef NO_WATCHES
        {sizeof *all, 0, TEXT("watch"), HOLDFAST_LEVEL_NATIVE, 0, 0, TEXT("")},
#endif
        {sizeof *all, 0, TEXT("volatile"), HOLDFAST_LEVEL_NATIVE, 0, 0, TEXT("")},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        holdfast_status status = sink->capability(sink->context, &all[i]);
        if (status != HOLDFAST_OK) return status;
    }
    return HOLDFAST_OK;
}

static holdfast_status ping(void *store, const holdfast_call *call,
                            const holdfast_clock_sink *sink) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    holdfast_clock clock = {sizeof clock, 0, TEXT("memory"),
                            now.tv_sec * 1000000000ll + now.tv_nsec, 1};
    return sink->clock(sink->context, &clock);
}

#include "broken.h"

#ifndef NEXT_VERSION
#define NEXT_VERSION(m) ++(m)->writes
#endif

// ---- Objects

static holdfast_status head(void *store, const holdfast_call *call, const holdfast_key *key,
                            const holdfast_info_sink *sink) {
    memory *m = store;
    uint32_t at;
    pthread_mutex_lock(&m->lock);
    object *o = find(m, key, &at);
    holdfast_status status;
    if (o) {
        holdfast_info info = describe_object(o, 1);
        status = sink->info(sink->context, &info);
    } else {
        status = fail(call, HOLDFAST_NOT_FOUND, 0, "no such object", TEXT(""));
    }
    pthread_mutex_unlock(&m->lock);
    return status;
}

static holdfast_status get(void *store, const holdfast_call *call, const holdfast_get *request,
                           const holdfast_info_sink *sink, const holdfast_sink *bytes) {
    memory *m = store;
    uint32_t at;
    char word[64];
    if (bad(request->key->path, word)) return bad_get(call, word, sink, bytes);
    pthread_mutex_lock(&m->lock);
    object *o = find(m, request->key, &at);
    holdfast_status status;
    if (o) {
        holdfast_info info = describe_object(o, 1);
        uint64_t offset = request->offset < o->count ? request->offset : o->count;
        uint64_t rest = request->length < o->count - offset ? request->length : o->count - offset;
        status = sink->info(sink->context, &info);
        while (status == 0 && rest > 0) {
            uint64_t piece = rest < 4096 ? rest : 4096;
            status = the_host->cancelled(call)
                         ? over(call)
                         : bytes->write(bytes->context, o->bytes + offset, piece);
            offset += piece;
            rest -= piece;
        }
    } else {
        status = fail(call, HOLDFAST_NOT_FOUND, 0, "no such object", TEXT(""));
    }
    pthread_mutex_unlock(&m->lock);
    return status;
}

static void erase(memory *m, object *o, uint32_t at) {
    release(o);
    memmove(m->objects + at, m->objects + at + 1, (--m->count - at) * sizeof *m->objects);
    m->changes++;
}

static holdfast_status insert(memory *m, const holdfast_call *call, const holdfast_put *request,
                              uint8_t *bytes, uint64_t count, const holdfast_info_sink *sink) {
    uint32_t at;
    const holdfast_key *k = request->key;
    object *old = find(m, k, &at);
    holdfast_status status = check(call, old, request->condition);
    if (status == 0 && !old && m->count == MOST)
        status = fail(call, HOLDFAST_FULL, 0, "full", TEXT(""));
    if (status != 0) {
        free(bytes);
        return status;
    }
    object *o = calloc(1, sizeof *o);
    o->key = malloc(k->collection.size + k->workspace.size + k->path.size + 3);
    o->key_size = make_key(o->key, k->collection, k->workspace, k->path);
    o->path = o->key + k->collection.size + k->workspace.size + 2;
    snprintf(o->version, sizeof o->version, "v%llu", (unsigned long long)NEXT_VERSION(m));
    o->bytes = bytes;
    o->count = count;
    o->attribute_count = request->attribute_count;
    o->attributes = calloc(o->attribute_count + 1, sizeof *o->attributes);
    for (uint32_t i = 0; i < o->attribute_count; i++) {
        const holdfast_attribute *a = (const void *)((const char *)request->attributes +
                                                     (size_t)i * request->attribute_stride);
        o->attributes[i] =
            (holdfast_attribute){sizeof *a, 0, copy_text(a->name), copy_text(a->value)};
    }
    if (old) {
        release(old);
    } else {
        memmove(m->objects + at + 1, m->objects + at, (m->count++ - at) * sizeof *m->objects);
    }
    m->objects[at] = o;
    m->changes++;
    holdfast_info info = describe_object(o, 1);
    return sink->info(sink->context, &info);
}

static holdfast_status put(void *store, const holdfast_call *call, const holdfast_put *request,
                           const holdfast_source *source, const holdfast_info_sink *sink) {
    memory *m = store;
    char word[64];
    if (bad(request->key->path, word)) return bad_put(call, word, source, sink);
    uint8_t *bytes = NULL;
    uint64_t size = 0, space = 0, count = 1;
    const char *wrong = NULL;
    while (count > 0 && !wrong && !the_host->cancelled(call) && size <= MOST_BYTES) {
        if (size == space) bytes = realloc(bytes, space = space ? space * 2 : 64);
        if (source->read(source->context, bytes + size, space - size, &count) != HOLDFAST_OK)
            wrong = "the source failed";
        else
            size += count;
    }
    int is_over = the_host->cancelled(call), is_large = size > MOST_BYTES;
    if (source->length != HOLDFAST_LENGTH_UNKNOWN && source->length != size && !is_over)
        wrong = is_large && source->length > MOST_BYTES ? NULL : "the source has another length";
    if (wrong || is_over || is_large) free(bytes);
    if (wrong) return fail(call, HOLDFAST_SOURCE, 0, wrong, TEXT(""));
    if (is_over) return over(call);
    if (is_large) return fail(call, HOLDFAST_TOO_LARGE, 0, "over 1 MiB", TEXT(""));
    pthread_mutex_lock(&m->lock);
    holdfast_status status = insert(m, call, request, bytes, size, sink);
    pthread_mutex_unlock(&m->lock);
    return status;
}

static holdfast_status remove_object(void *store, const holdfast_call *call,
                                     const holdfast_remove *request) {
    memory *m = store;
    uint32_t at;
    char word[64];
    if (bad(request->key->path, word)) return HOLDFAST_IO;
    if (the_host->cancelled(call)) return over(call);
    pthread_mutex_lock(&m->lock);
    object *o = find(m, request->key, &at);
    holdfast_status status = check(call, o, request->condition);
    if (status == 0 && o) erase(m, o, at);
    pthread_mutex_unlock(&m->lock);
    return status;
}

// Sends entries three at a time, in elements that are longer than the host knows.
static holdfast_status list(void *store, const holdfast_call *call, const holdfast_list *request,
                            const holdfast_entry_sink *sink) {
    struct { holdfast_entry entry; uint64_t poison[3]; } batch[3];
    holdfast_info infos[3];
    memory *m = store;
    uint32_t filled = 0, sent = 0;
    char word[64];
    holdfast_status status = HOLDFAST_OK;
    if (bad(request->workspace, word)) return bad_list(word, sink);
    memset(batch, 0xa5, sizeof batch);
    pthread_mutex_lock(&m->lock);
    for (uint32_t i = 0; i <= m->count && status == 0; i++) {
        int last = i == m->count || sent + filled == request->limit;
        if (filled == 3 || (last && filled > 0)) {
            status = the_host->cancelled(call)
                         ? over(call)
                         : sink->entries(sink->context, batch, filled, sizeof *batch);
            sent += filled;
            filled = 0;
        }
        if (last) break;
        object *o = m->objects[i];
        char key[2048];
        size_t scope = make_key(key, request->collection, request->workspace, TEXT("")) - 1;
        size_t path = strlen(o->path);
        if (o->key_size < scope || memcmp(o->key, key, scope) ||
            path < request->prefix.size || memcmp(o->path, request->prefix.data, request->prefix.size))
            continue;
        size_t shared = path < request->start_after.size ? path : request->start_after.size;
        int order = memcmp(o->path, request->start_after.data, shared);
        if (order < 0 || (order == 0 && path <= request->start_after.size)) continue;
        infos[filled] = describe_object(o, request->flags & HOLDFAST_LIST_ATTRIBUTES);
        batch[filled].entry = (holdfast_entry){sizeof *batch, 0, {o->path, path}, &infos[filled]};
        filled++;
    }
    pthread_mutex_unlock(&m->lock);
    return status;
}

#include "transactions.h"

// ---- The library

#include "spoiled.h"

#include "library.h"
