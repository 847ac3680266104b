// SPDX-License-Identifier: Apache-2.0
//
// The smallest host that can drive a driver: it loads the library, records what a call reports and
// lends buffers as sources and sinks.

#ifndef HARNESS_H
#define HARNESS_H

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <holdfast/driver.h>
#include <holdfast/transaction.h>
#include <holdfast/watch.h>

#define MIB (1u << 20)
#define SECOND 1000000000LL

// ---- Checks ---------------------------------------------------------------------------------

static _Atomic int failures;

#define CHECK(condition, ...)                                          \
    do {                                                               \
        int passed_ = (condition) ? 1 : 0;                             \
        if (!passed_) failures++;                                      \
        printf("%s ", passed_ ? "ok  " : "FAIL");                      \
        printf(__VA_ARGS__);                                           \
        if (!passed_) printf(" [%s:%d: %s]", __FILE__, __LINE__, #condition); \
        printf("\n");                                                  \
        fflush(stdout);                                                \
    } while (0)

// ---- The host -------------------------------------------------------------------------------

typedef struct {
    holdfast_call call;  // first, so that the host finds the rest
    _Atomic int is_cancelled;
    holdfast_status status;
    holdfast_applied applied;
    holdfast_retry retry;
    uint32_t change;
    char message[4097], vendor[64], current[257];
} context;

static int64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static void copy_text(char *to, size_t room, holdfast_text text) {
    size_t count = text.size < room - 1 ? text.size : room - 1;
    if (count) memcpy(to, text.data, count);
    to[count] = 0;
}

static void host_fail(const holdfast_call *call, const holdfast_error *error) {
    context *c = (context *)call;
    c->status = error->status;
    c->applied = error->applied;
    c->retry = error->retry;
    c->change = error->change;
    copy_text(c->message, sizeof c->message, error->message);
    copy_text(c->vendor, sizeof c->vendor, error->vendor_name);
    copy_text(c->current, sizeof c->current, error->current_version);
}

static int32_t host_cancelled(const holdfast_call *call) {
    return ((const context *)call)->is_cancelled || now_ns() >= call->deadline_ns;
}

static void host_event(const holdfast_call *call, holdfast_severity severity, holdfast_text text) {
    (void)call, (void)severity, (void)text;
}

static const holdfast_host host = {sizeof host, 0, 0, HOLDFAST_DRAFT,
                                   host_fail, host_cancelled, host_event};

static context make_context(int64_t budget_ns) {
    static _Atomic uint64_t ids;
    context c = {.call = {.size = sizeof(holdfast_call), .id = ++ids, .attempt = 1}};
    c.call.deadline_ns = budget_ns == HOLDFAST_NO_DEADLINE ? budget_ns : now_ns() + budget_ns;
    return c;
}

static const holdfast_driver *driver;
static void *driver_state;

static void load_driver(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) { fprintf(stderr, "%s\n", dlerror()); exit(2); }
    holdfast_driver_main_v1_fn entry =
        (holdfast_driver_main_v1_fn)dlsym(library, "holdfast_driver_main_v1");
    holdfast_offer offer = {.size = sizeof offer, .draft = HOLDFAST_DRAFT,
                            .behaviour_max = HOLDFAST_BEHAVIOUR};
    context c = make_context(10 * SECOND);
    if (!entry || entry(&offer, &driver) || driver->start(&host, &c.call, &driver_state)) {
        fprintf(stderr, "%s does not start: %s\n", path, c.message);
        exit(2);
    }
}

static holdfast_text text(const char *s) { return (holdfast_text){s, strlen(s)}; }

// The options of a store; those that are NULL or 0 keep their defaults.
typedef struct {
    const char *url, *table, *preparing;
    int64_t pool_size;
    int may_not_bootstrap;
    uint32_t flags;
} place;

static void *open_with(place p, context *c) {
    holdfast_option items[8];
    uint32_t count = 0;
    items[count++] = (holdfast_option){sizeof *items, HOLDFAST_OPTION_SECRET, text("url"), text(p.url), 0};
    items[count++] = (holdfast_option){sizeof *items, HOLDFAST_OPTION_STRING, text("table"),
                                       text(p.table ? p.table : "runfabric_receipts"), 0};
    items[count++] = (holdfast_option){sizeof *items, HOLDFAST_OPTION_BOOLEAN, text("bootstrap"), {0},
                                       !p.may_not_bootstrap};
    items[count++] = (holdfast_option){sizeof *items, HOLDFAST_OPTION_INTEGER, text("pool_size"), {0},
                                       p.pool_size ? p.pool_size : 16};
    items[count++] = (holdfast_option){sizeof *items, HOLDFAST_OPTION_CHOICE, text("prepared_statements"),
                                       text(p.preparing ? p.preparing : "auto"), 0};
    holdfast_options options = {sizeof options, p.flags, items, count, sizeof *items};
    void *store = NULL;
    c->status = driver->open(driver_state, &c->call, &options, &store);
    return store;
}

static void *open_store(place p) {
    context c = make_context(60 * SECOND);
    void *store = open_with(p, &c);
    if (!store) {
        printf("FAIL open: %d %s\n", c.status, c.message);
        exit(1);
    }
    return store;
}

static void close_store(void *store) {
    context c = make_context(60 * SECOND);
    driver->close(store, &c.call);
}

// ---- Objects --------------------------------------------------------------------------------

static holdfast_key make_key(const char *collection, const char *workspace, const char *path) {
    return (holdfast_key){sizeof(holdfast_key), 0, text(collection), text(workspace), text(path)};
}

static holdfast_key key(const char *path) { return make_key("terraform", "/srv/project", path); }

typedef struct {
    char version[257];
    uint64_t bytes;
    int64_t modified_ns;
    uint32_t attribute_count;
    char names[8][65], values[8][600];
} object_info;

static holdfast_status take_info(void *context, const holdfast_info *info) {
    object_info *out = context;
    memset(out, 0, sizeof *out);
    copy_text(out->version, sizeof out->version, info->version);
    out->bytes = info->bytes;
    out->modified_ns = info->modified_ns;
    out->attribute_count = info->attribute_count;
    const char *item = (const char *)info->attributes;
    for (uint32_t i = 0; i < info->attribute_count && i < 8; i++, item += info->attribute_stride) {
        copy_text(out->names[i], 65, ((const holdfast_attribute *)item)->name);
        copy_text(out->values[i], 600, ((const holdfast_attribute *)item)->value);
    }
    return HOLDFAST_OK;
}

// A source over memory, or over a pattern when `bytes` is NULL.
typedef struct {
    const uint8_t *bytes;
    uint64_t count, position, piece, seed;
    uint64_t pause_at;  // calls `pause` once, when this many bytes were read; 0: never
    void (*pause)(void *);
    void *pause_context;
    uint64_t fail_at;   // fails when this many bytes were read; 0: never
} source_state;

static uint8_t pattern(uint64_t position, uint64_t seed) {
    return (uint8_t)((position * 2654435761u + seed) >> 7);
}

static holdfast_status read_source(void *context, uint8_t *buffer, uint64_t capacity,
                                   uint64_t *count) {
    source_state *s = context;
    if (s->pause_at && s->position >= s->pause_at) { s->pause_at = 0; s->pause(s->pause_context); }
    if (s->fail_at && s->position >= s->fail_at) return HOLDFAST_IO;
    uint64_t n = s->count - s->position;
    if (n > capacity) n = capacity;
    if (s->piece && n > s->piece) n = s->piece;
    if (s->bytes) { if (n) memcpy(buffer, s->bytes + s->position, n); }
    else for (uint64_t i = 0; i < n; i++) buffer[i] = pattern(s->position + i, s->seed);
    s->position += n;
    *count = n;
    return HOLDFAST_OK;
}

typedef struct {
    uint8_t *bytes;
    uint64_t count, room, mismatches, seed;  // without `bytes`: compared with the pattern
    int stops;
    uint64_t pause_at;
    void (*pause)(void *);
    void *pause_context;
} sink_state;

static holdfast_status write_sink(void *context, const uint8_t *bytes, uint64_t count) {
    sink_state *s = context;
    if (s->stops) return HOLDFAST_STOPPED;
    if (s->pause_at && s->count + count >= s->pause_at) { s->pause_at = 0; s->pause(s->pause_context); }
    if (s->bytes) {
        if (s->count + count > s->room) return HOLDFAST_INTERNAL;
        memcpy(s->bytes + s->count, bytes, count);
    } else {
        for (uint64_t i = 0; i < count; i++) s->mismatches += bytes[i] != pattern(s->count + i, s->seed);
    }
    s->count += count;
    return HOLDFAST_OK;
}

// `condition`: NULL for none, "" for absent, else a version.
static holdfast_condition make_condition(const char *condition) {
    holdfast_condition c = {.size = sizeof c, .kind = HOLDFAST_CONDITION_NONE};
    if (condition && !*condition) c.kind = HOLDFAST_CONDITION_ABSENT;
    if (condition && *condition) c.kind = HOLDFAST_CONDITION_VERSION, c.version = text(condition);
    return c;
}

static holdfast_status put_from(void *store, context *c, holdfast_key k, const char *condition,
                                source_state *from, uint64_t length, object_info *info) {
    object_info ignored;
    holdfast_condition cond = make_condition(condition);
    holdfast_put request = {.size = sizeof request, .key = &k, .condition = &cond,
                            .attribute_stride = sizeof(holdfast_attribute)};
    holdfast_source source = {sizeof source, 0, from, length, read_source};
    holdfast_info_sink sink = {sizeof sink, 0, info ? info : &ignored, take_info};
    c->status = driver->put(store, &c->call, &request, &source, &sink);
    return c->status;
}

static holdfast_status put_within(void *store, context *c, holdfast_key k, const void *bytes,
                                  uint64_t count, const char *condition, object_info *info) {
    source_state from = {.bytes = bytes ? bytes : (const uint8_t *)"", .count = count};
    return put_from(store, c, k, condition, &from, count, info);
}

static holdfast_status put(void *store, holdfast_key k, const void *bytes, uint64_t count,
                           const char *condition, object_info *info) {
    context c = make_context(60 * SECOND);
    return put_within(store, &c, k, bytes, count, condition, info);
}

static holdfast_status get_into(void *store, context *c, holdfast_key k, uint64_t offset,
                                uint64_t length, object_info *info, sink_state *to) {
    object_info ignored;
    holdfast_get request = {sizeof request, 0, &k, offset, length};
    holdfast_info_sink infos = {sizeof infos, 0, info ? info : &ignored, take_info};
    holdfast_sink sink = {sizeof sink, 0, to, write_sink};
    c->status = driver->get(store, &c->call, &request, &infos, &sink);
    return c->status;
}

// Whether the object has exactly these bytes.
static int has_bytes(void *store, holdfast_key k, const void *bytes, uint64_t count) {
    context c = make_context(60 * SECOND);
    sink_state to = {.bytes = malloc(count + 1), .room = count + 1};
    holdfast_status status = get_into(store, &c, k, 0, HOLDFAST_WHOLE, NULL, &to);
    int same = status == HOLDFAST_OK && to.count == count && (!count || !memcmp(to.bytes, bytes, count));
    free(to.bytes);
    return same;
}

static holdfast_status head(void *store, holdfast_key k, object_info *info) {
    context c = make_context(60 * SECOND);
    holdfast_info_sink sink = {sizeof sink, 0, info, take_info};
    return driver->head(store, &c.call, &k, &sink);
}

static holdfast_status remove_with(void *store, context *c, holdfast_key k, const char *condition) {
    holdfast_condition cond = make_condition(condition);
    holdfast_remove request = {sizeof request, 0, &k, &cond};
    c->status = driver->remove(store, &c->call, &request);
    return c->status;
}

// ---- SQL beside the driver ------------------------------------------------------------------

static void *(*pq_connect)(const char *);
static void *(*pq_exec)(void *, const char *);
static int (*pq_rows)(const void *), (*pq_columns)(const void *);
static char *(*pq_value)(const void *, int, int);
static char *(*pq_error)(const void *);
static void (*pq_clear)(void *), (*pq_finish)(void *);

static void load_libpq(void) {
    void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (!library) { fprintf(stderr, "%s\n", dlerror()); exit(2); }
    *(void **)&pq_connect = dlsym(library, "PQconnectdb");
    *(void **)&pq_exec = dlsym(library, "PQexec");
    *(void **)&pq_rows = dlsym(library, "PQntuples");
    *(void **)&pq_columns = dlsym(library, "PQnfields");
    *(void **)&pq_value = dlsym(library, "PQgetvalue");
    *(void **)&pq_error = dlsym(library, "PQresultErrorMessage");
    *(void **)&pq_clear = dlsym(library, "PQclear");
    *(void **)&pq_finish = dlsym(library, "PQfinish");
}

// The rows of a statement, as `psql -At` prints them, in a buffer that the next call reuses.
static const char *sql_on(void *connection, const char *statement) {
    static char out[4000];
    out[0] = 0;
    void *result = pq_exec(connection, statement);
    size_t used = 0;
    if (*pq_error(result)) snprintf(out, sizeof out, "error: %s", pq_error(result));
    for (int row = 0; row < pq_rows(result); row++)
        for (int column = 0; column < pq_columns(result) && used < sizeof out - 1; column++)
            used += (size_t)snprintf(out + used, sizeof out - used, "%s%s",
                                     column ? "|" : row ? "\n" : "", pq_value(result, row, column));
    pq_clear(result);
    return out;
}

static const char *url;

static const char *sql(const char *statement) {
    void *connection = pq_connect(url);
    const char *out = sql_on(connection, statement);
    pq_finish(connection);
    return out;
}

// Ends every connection of the database but the one that asks, as a restart of the server does.
static void end_connections(void) {
    sql("SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE usename = current_user "
        "AND datname = current_database() AND pid <> pg_backend_pid()");
}

// The most memory that the process ever had.
static long peak_kib(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : usage.ru_maxrss;
}

#endif  // HARNESS_H
