// SPDX-License-Identifier: Apache-2.0
#include "harness.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *scratch, *workspace_now = "";
holdfast_status last_status;
holdfast_error last_error;
char last_message[4097], last_current[257];
int64_t deadline_ns = HOLDFAST_NO_DEADLINE;
int polls_until_cancelled = -1;
static holdfast_driver table;
static void *driver;
static int made, failed;

void check(bool holds, const char *name, const char *file, int line) {
    made++;
    if (holds) return;
    failed++;
    printf("%s:%d: failed: %s (last status %d: %s)\n", file, line, name, last_status, last_message);
}

int checks_made(void) { return made; }
int checks_failed(void) { return failed; }

static void give_up(const char *why) {
    fprintf(stderr, "cannot test: %s\n", why);
    exit(2);
}

const char *in_scratch(const char *name) {
    static char buffers[8][4096];
    static int next;
    char *buffer = buffers[next++ % 8];
    snprintf(buffer, sizeof buffers[0], "%s/%s", scratch, name);
    return buffer;
}

// ---- The host -------------------------------------------------------------------------------

static holdfast_text text(const char *words) {
    return (holdfast_text){words, words == NULL ? 0 : strlen(words)};
}

static void copy(char *to, size_t capacity, holdfast_text from) {
    size_t size = from.size < capacity - 1 ? from.size : capacity - 1;
    if (size > 0) memcpy(to, from.data, size);
    to[size] = '\0';
}

static void on_fail(const holdfast_call *call, const holdfast_error *error) {
    (void)call;
    last_error = *error;
    copy(last_message, sizeof last_message, error->message);
    copy(last_current, sizeof last_current, error->current_version);
}

static int32_t on_cancelled(const holdfast_call *call) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (polls_until_cancelled > 0) polls_until_cancelled--;
    return polls_until_cancelled == 0 ||
           now.tv_sec * INT64_C(1000000000) + now.tv_nsec >= call->deadline_ns;
}

static void on_event(const holdfast_call *call, holdfast_severity severity, holdfast_text message) {
    (void)call, (void)severity, (void)message;
}

static const holdfast_host host = {sizeof host, 0, HOLDFAST_ABI_MINOR, HOLDFAST_DRAFT,
                                   on_fail, on_cancelled, on_event};

const holdfast_call *new_call(void) {
    static holdfast_call call;
    call = (holdfast_call){.size = sizeof call, .id = 1, .deadline_ns = deadline_ns, .attempt = 1};
    last_error = (holdfast_error){0};
    last_message[0] = last_current[0] = '\0';
    return &call;
}

// An error is reported exactly when the class says so, and the two agree.
static holdfast_status answered(holdfast_status status) {
    if (last_error.status != (status < 0 ? status : 0)) {
        CHECK(false, "the reported class is the returned one");
    }
    return last_status = status;
}

void load_driver(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL) give_up(dlerror());
    void *symbol = dlsym(library, "holdfast_driver_main_v1");
    holdfast_driver_main_v1_fn entry;
    memcpy(&entry, &symbol, sizeof entry);
    holdfast_offer offer = {.size = sizeof offer, .draft = HOLDFAST_DRAFT + 1};
    const holdfast_driver *own = NULL;
    CHECK(entry(&offer, &own) == HOLDFAST_UNSUPPORTED, "another draft is refused");
    offer.draft = HOLDFAST_DRAFT;
    if (entry(&offer, &own) != HOLDFAST_OK) give_up("it refused the offer");
    memcpy(&table, own, own->size < sizeof table ? own->size : sizeof table);
    if (table.start(&host, new_call(), &driver) != HOLDFAST_OK) give_up("it did not start");
}

const holdfast_driver *driver_table(void) { return &table; }
void *driver_state(void) { return driver; }

// ---- Calls ----------------------------------------------------------------------------------

void *open_with(const char *path, uint32_t flags, int64_t compact_at) {
    struct {
        holdfast_option option;
        uint64_t unknown[2];  // of a longer struct than the driver knows
    } items[2];
    memset(items, 0xa5, sizeof items);
    items[0].option = (holdfast_option){sizeof items[0], HOLDFAST_OPTION_PATH, text("path"),
                                        text(path), 0};
    items[1].option = (holdfast_option){sizeof items[1], HOLDFAST_OPTION_SIZE, text("compact_at"),
                                        text(""), compact_at};
    holdfast_options options = {sizeof options, flags, items, 2, sizeof items[0]};
    void *store = NULL;
    answered(table.open(driver, new_call(), &options, &store));
    if (last_status != HOLDFAST_OK) CHECK(store == NULL, "a failed open leaves nothing");
    return store;
}

void *open_store(const char *path) { return open_with(path, 0, 64 << 20); }
void close_store(void *store) { answered(table.close(store, new_call())); }

static holdfast_key key_of(const char *path) {
    return (holdfast_key){sizeof(holdfast_key), 0, text("state"), text(workspace_now), text(path)};
}

static holdfast_condition condition_of(const char *version) {
    holdfast_condition_kind kind = HOLDFAST_CONDITION_VERSION;
    if (version == ANY) kind = HOLDFAST_CONDITION_NONE;
    else if (*version == '\0') kind = HOLDFAST_CONDITION_ABSENT;
    return (holdfast_condition){sizeof(holdfast_condition), kind, text(version)};
}

static holdfast_status on_info(void *context, const holdfast_info *info) {
    reading *into = context;
    copy(into->version, sizeof into->version, info->version);
    into->size = info->bytes;
    into->modified_ns = info->modified_ns;
    into->note[0] = '\0';
    if (info->attribute_count == 1) copy(into->note, sizeof into->note, info->attributes->value);
    return HOLDFAST_OK;
}

bytes from_text(const char *words) {
    return (bytes){(const uint8_t *)words, strlen(words), 0, UINT64_MAX, strlen(words), UINT64_MAX};
}

static holdfast_status on_read(void *context, uint8_t *buffer, uint64_t capacity, uint64_t *count) {
    bytes *from = context;
    if (from->at >= from->fails_at) return HOLDFAST_IO;
    uint64_t rest = from->size - from->at;
    *count = rest < capacity ? rest : capacity;
    if (*count > from->most) *count = from->most;
    if (*count > 0) memcpy(buffer, from->data + from->at, *count);
    from->at += *count;
    return HOLDFAST_OK;
}

holdfast_status put_bytes(void *store, const char *path, const char *condition, bytes from,
                          const char *note, char version[257]) {
    holdfast_key key = key_of(path);
    holdfast_condition wanted = condition_of(condition);
    holdfast_attribute attribute = {sizeof attribute, 0, text("note"), text(note)};
    holdfast_put request = {sizeof request, 0, &key, &wanted, note == NULL ? NULL : &attribute,
                            note != NULL, sizeof attribute};
    holdfast_source source = {sizeof source, 0, &from, from.claimed, on_read};
    reading written = {0};
    holdfast_info_sink sink = {sizeof sink, 0, &written, on_info};
    answered(table.put(store, new_call(), &request, &source, &sink));
    if (version != NULL && last_status == HOLDFAST_OK) strcpy(version, written.version);
    return last_status;
}

holdfast_status put(void *store, const char *path, const char *condition, const char *words,
                    char version[257]) {
    return put_bytes(store, path, condition, from_text(words), NULL, version);
}

holdfast_status remove_object(void *store, const char *path, const char *condition) {
    holdfast_key key = key_of(path);
    holdfast_condition wanted = condition_of(condition);
    holdfast_remove request = {sizeof request, 0, &key, &wanted};
    return answered(table.remove(store, new_call(), &request));
}

holdfast_status head(void *store, const char *path, reading *into) {
    *into = (reading){0};
    holdfast_key key = key_of(path);
    holdfast_info_sink sink = {sizeof sink, 0, into, on_info};
    return answered(table.head(store, new_call(), &key, &sink));
}

static holdfast_status on_bytes(void *context, const uint8_t *data, uint64_t count) {
    reading *into = context;
    if (into->got + count > into->space) {
        into->space = (into->got + count) * 2;
        into->data = realloc(into->data, into->space);
        if (into->data == NULL) give_up("no memory");
    }
    memcpy(into->data + into->got, data, count);
    into->got += count;
    return into->stops_at > 0 && into->got >= into->stops_at ? HOLDFAST_STOPPED : HOLDFAST_OK;
}

holdfast_status get(void *store, const char *path, uint64_t offset, uint64_t length,
                    reading *into) {
    uint64_t stops_at = into->stops_at;
    *into = (reading){.stops_at = stops_at};
    holdfast_key key = key_of(path);
    holdfast_get request = {sizeof request, 0, &key, offset, length};
    holdfast_info_sink info = {sizeof info, 0, into, on_info};
    holdfast_sink sink = {sizeof sink, 0, into, on_bytes};
    return answered(table.get(store, new_call(), &request, &info, &sink));
}

void release(reading *reading) {
    free(reading->data);
    reading->data = NULL;
}

bool has_text(void *store, const char *path, const char *words) {
    reading found = {0};
    bool same = get(store, path, 0, HOLDFAST_WHOLE, &found) == HOLDFAST_OK &&
                found.got == strlen(words) && found.size == found.got &&
                (found.got == 0 || memcmp(found.data, words, found.got) == 0);
    release(&found);
    return same;
}

static holdfast_status on_entries(void *context, const void *items, uint32_t count,
                                  uint32_t stride) {
    names *into = context;
    for (uint32_t index = 0; index < count; index++) {
        const holdfast_entry *entry = (const void *)((const char *)items + (size_t)index * stride);
        if (into->count == 600) return HOLDFAST_STOPPED;
        copy(into->paths[into->count], sizeof into->paths[0], entry->path);
        into->notes[into->count][0] = '\0';
        if (entry->info->attribute_count == 1)
            copy(into->notes[into->count], sizeof into->notes[0], entry->info->attributes->value);
        into->count++;
    }
    return into->stops_at >= 0 && into->count >= into->stops_at ? HOLDFAST_STOPPED : HOLDFAST_OK;
}

holdfast_status list(void *store, const char *workspace, const char *prefix, const char *after,
                     uint32_t limit, uint32_t flags, names *into) {
    holdfast_list request = {sizeof request, flags, text("state"), text(workspace), text(prefix),
                             text(after), limit, 0};
    into->count = 0;
    holdfast_entry_sink sink = {sizeof sink, 0, into, on_entries};
    return answered(table.list(store, new_call(), &request, &sink));
}

// ---- The machine ----------------------------------------------------------------------------

static uint64_t random_state;
void seed_random(uint64_t seed) { random_state = seed; }

// SplitMix64.
uint64_t random_number(void) {
    uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

long file_size(const char *path) {
    struct stat facts;
    return stat(path, &facts) == 0 ? (long)facts.st_size : -1;
}

void flip(const char *path, long offset) {
    int file = open(path, O_RDWR | O_CLOEXEC);
    unsigned char byte;
    if (file < 0 || pread(file, &byte, 1, offset) != 1) give_up("cannot flip a bit");
    byte ^= 1;
    if (pwrite(file, &byte, 1, offset) != 1) give_up("cannot flip a bit");
    close(file);
}
