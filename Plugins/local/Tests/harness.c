// SPDX-License-Identifier: Apache-2.0
#include "harness.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

const char *driver_path, *program_path, *scratch;
_Thread_local holdfast_status last_status;
_Thread_local char last_message[4096];
_Thread_local holdfast_applied last_applied;
_Thread_local char last_current[300];
_Thread_local int64_t deadline_ns = HOLDFAST_NO_DEADLINE;
_Thread_local int cancelled;

static int failed;
static holdfast_driver table;
static void *driver;

void check(bool holds, const char *name, const char *file, int line) {
    if (holds) {
        printf("ok   %s\n", name);
    } else {
        __atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
        printf("FAIL %s (%s:%d; last call: %d, %s)\n", name, file, line, last_status, last_message);
    }
    fflush(stdout);
}

int failures(void) { return failed; }

const char *in_scratch(const char *name) {
    static char buffers[8][4096];
    static int next;
    char *buffer = buffers[next++ % 8];
    snprintf(buffer, sizeof buffers[0], "%s/%s", scratch, name);
    return buffer;
}

// ---- Text -----------------------------------------------------------------------------------

static holdfast_text text(const char *string) {
    return (holdfast_text){string, string == NULL ? 0 : strlen(string)};
}

static void copy(char *to, size_t capacity, holdfast_text from) {
    size_t size = from.size < capacity - 1 ? from.size : capacity - 1;
    memcpy(to, from.data == NULL ? "" : from.data, size);
    to[size] = '\0';
}

// ---- The host's side ------------------------------------------------------------------------

static void on_fail(const holdfast_call *call, const holdfast_error *error) {
    (void)call;
    copy(last_message, sizeof last_message, error->message);
    copy(last_current, sizeof last_current, error->current_version);
    last_applied = error->applied;
}

static int32_t on_cancelled(const holdfast_call *call) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t now_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    return cancelled || now_ns >= call->deadline_ns;
}

static void on_event(const holdfast_call *call, holdfast_severity severity, holdfast_text message) {
    (void)call, (void)severity, (void)message;
}

static const holdfast_host host = {sizeof host,    0,        HOLDFAST_ABI_MINOR, HOLDFAST_DRAFT, on_fail,
                                   on_cancelled, on_event};

const holdfast_call *current_call(void) {
    static _Thread_local holdfast_call call;
    call = (holdfast_call){.size = sizeof call, .id = 1, .deadline_ns = deadline_ns, .attempt = 1};
    last_message[0] = last_current[0] = '\0';
    last_applied = HOLDFAST_APPLIED_NO;
    return &call;
}

const holdfast_driver *driver_table(void) { return &table; }

static holdfast_status answered(holdfast_status status) { return last_status = status; }

static void give_up(const char *why) {
    fprintf(stderr, "cannot test %s: %s\n", driver_path, why);
    exit(2);
}

void load_driver(void) {
    void *library = dlopen(driver_path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL) give_up(dlerror());
    holdfast_driver_main_v1_fn entry =
        (holdfast_driver_main_v1_fn)dlsym(library, "holdfast_driver_main_v1");
    if (entry == NULL) give_up("no entry");
    holdfast_offer offer = {.size = sizeof offer, .draft = HOLDFAST_DRAFT};
    const holdfast_driver *own;
    if (entry(&offer, &own) != HOLDFAST_OK) give_up("it refused the offer");
    memcpy(&table, own, own->size < sizeof table ? own->size : sizeof table);
    if (table.start(&host, current_call(), &driver) != HOLDFAST_OK) give_up("it did not start");
}

// ---- Stores ---------------------------------------------------------------------------------

void *open_store(const char *path) { return open_with(path, 0); }

void *open_with(const char *path, uint32_t flags) {
    holdfast_option option = {.size = sizeof option, .type = HOLDFAST_OPTION_PATH};
    option.name = text("path");
    option.text = text(path);
    holdfast_options options = {sizeof options, flags, &option, 1, sizeof option};
    void *store = NULL;
    answered(table.open(driver, current_call(), &options, &store));
    return store;
}

void close_store(void *store) { answered(table.close(store, current_call())); }

static holdfast_key key_of(object key) {
    holdfast_key result = {.size = sizeof result};
    result.collection = text(key.collection == NULL ? "state" : key.collection);
    result.workspace = text(key.workspace);
    result.path = text(key.path);
    return result;
}

static holdfast_condition condition_of(const char *version) {
    holdfast_condition result = {.size = sizeof result, .version = text(version)};
    if (version == ANY) {
        result.kind = HOLDFAST_CONDITION_NONE;
    } else {
        result.kind = *version == '\0' ? HOLDFAST_CONDITION_ABSENT : HOLDFAST_CONDITION_VERSION;
    }
    return result;
}

// ---- Writing --------------------------------------------------------------------------------

static holdfast_status on_info(void *context, const holdfast_info *info) {
    reading *into = context;
    copy(into->version, sizeof into->version, info->version);
    into->size = info->bytes;
    into->note[0] = '\0';
    if (info->attribute_count == 1) {
        copy(into->note, sizeof into->note, info->attributes[0].value);
    }
    return HOLDFAST_OK;
}

holdfast_status put_from(void *store, object key, const char *condition,
                         const holdfast_source *source, const char *note, char *version) {
    holdfast_key c_key = key_of(key);
    holdfast_condition c_condition = condition_of(condition);
    holdfast_attribute attribute = {.size = sizeof attribute};
    attribute.name = text("note");
    attribute.value = text(note);
    holdfast_put request = {.size = sizeof request, .key = &c_key, .condition = &c_condition};
    request.attributes = &attribute;
    request.attribute_count = note != NULL;
    request.attribute_stride = sizeof attribute;
    static _Thread_local reading written;
    holdfast_info_sink info = {sizeof info, 0, &written, on_info};
    answered(table.put(store, current_call(), &request, source, &info));
    if (version != NULL && last_status == HOLDFAST_OK) strcpy(version, written.version);
    return last_status;
}

static holdfast_status read_text(void *context, uint8_t *buffer, uint64_t capacity,
                                 uint64_t *count) {
    const char **rest = context;
    *count = strnlen(*rest, capacity);
    memcpy(buffer, *rest, *count);
    *rest += *count;
    return HOLDFAST_OK;
}

holdfast_status put(void *store, object key, const char *condition, const char *bytes,
                    char *version) {
    holdfast_source source = {sizeof source, 0, &bytes, strlen(bytes), read_text};
    return put_from(store, key, condition, &source, NULL, version);
}

holdfast_status remove_object(void *store, object key, const char *condition) {
    holdfast_key c_key = key_of(key);
    holdfast_condition c_condition = condition_of(condition);
    holdfast_remove request = {sizeof request, 0, &c_key, &c_condition};
    return answered(table.remove(store, current_call(), &request));
}

// ---- Reading --------------------------------------------------------------------------------

holdfast_status head(void *store, object key, reading *into) {
    holdfast_key c_key = key_of(key);
    holdfast_info_sink info = {sizeof info, 0, into, on_info};
    return answered(table.head(store, current_call(), &c_key, &info));
}

typedef struct buffer {
    reading *into;
    uint64_t size;
} buffer;

static holdfast_status on_bytes(void *context, const uint8_t *bytes, uint64_t count) {
    buffer *to = context;
    uint64_t room = sizeof to->into->bytes - 1 - to->size;
    uint64_t taken = count < room ? count : room;
    memcpy(to->into->bytes + to->size, bytes, taken);
    to->size += taken;
    to->into->bytes[to->size] = '\0';
    return HOLDFAST_OK;
}

holdfast_status get(void *store, object key, uint64_t offset, uint64_t length, reading *into) {
    holdfast_key c_key = key_of(key);
    holdfast_get request = {sizeof request, 0, &c_key, offset, length};
    holdfast_info_sink info = {sizeof info, 0, into, on_info};
    buffer to = {into, 0};
    holdfast_sink sink = {sizeof sink, 0, &to, on_bytes};
    into->bytes[0] = '\0';
    return answered(table.get(store, current_call(), &request, &info, &sink));
}

const char *version_of(void *store, object key) {
    static _Thread_local reading found;
    return head(store, key, &found) == HOLDFAST_OK ? found.version : "";
}

typedef struct listing {
    char **paths;
    int count;
} listing;

static holdfast_status on_entries(void *context, const void *items, uint32_t count,
                                  uint32_t stride) {
    listing *to = context;
    for (uint32_t index = 0; index < count; index++) {
        const holdfast_entry *entry = (const void *)((const char *)items + (size_t)index * stride);
        to->paths[to->count++] = strndup(entry->path.data, entry->path.size);
    }
    return HOLDFAST_OK;
}

int list(void *store, object of, const char *start_after, uint32_t limit, char **paths) {
    holdfast_list request = {.size = sizeof request, .limit = limit};
    request.collection = text(of.collection == NULL ? "state" : of.collection);
    request.workspace = text(of.workspace);
    request.prefix = text(of.path);
    request.start_after = text(start_after);
    listing to = {paths, 0};
    holdfast_entry_sink sink = {sizeof sink, 0, &to, on_entries};
    answered(table.list(store, current_call(), &request, &sink));
    return last_status == HOLDFAST_OK ? to.count : last_status;
}

// ---- The machine ----------------------------------------------------------------------------

int count_names(const char *directory) {
    DIR *stream = opendir(directory);
    if (stream == NULL) return -1;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(stream);
    return count;
}

void write_file(const char *path, const char *bytes) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || write(file, bytes, strlen(bytes)) < 0) give_up("cannot write by hand");
    close(file);
}

static uint64_t random_state;

void seed_random(uint64_t seed) { random_state = seed; }

// SplitMix64.
uint64_t random_number(void) {
    uint64_t z = (random_state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

int start_worker(const char *kind, const char *directory, const char *argument, int *output) {
    int ends[2] = {-1, -1};
    if (output != NULL && pipe2(ends, O_CLOEXEC) != 0) give_up("no pipe");
    pid_t child = fork();
    if (child < 0) give_up("no process");
    if (child == 0) {
        if (output != NULL) dup2(ends[1], STDOUT_FILENO);
        execl(program_path, program_path, driver_path, scratch, kind, directory, argument, NULL);
        _exit(127);
    }
    if (output != NULL) {
        close(ends[1]);
        *output = ends[0];
    }
    return child;
}
