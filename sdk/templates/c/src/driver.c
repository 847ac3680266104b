// SPDX-License-Identifier: Apache-2.0
//
// The @ID@ driver: objects in the memory of one process. Stores of the same name share them.

#include <holdfast/driver.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

HOLDFAST_DRIVER_NOTE;

#define VERSION "0.1.0"
#define MOST_BYTES (UINT64_C(1) << 30)
#define TEXT(literal) ((holdfast_text){(literal), sizeof(literal) - 1})
// Writes JSON as it is: the preprocessor makes a literal of it, with the quotes escaped.
#define JSON(...) #__VA_ARGS__

typedef struct object {
    struct object *next;  // ascending by key
    char *key;            // collection, workspace and path with a zero byte after the first two
    size_t key_size, path_at;
    char version[64];
    int64_t modified_ns;
    uint8_t *bytes;
    uint64_t size;
    holdfast_attribute *attributes;
    uint32_t attribute_count;
    char *attribute_text;
} object;

// A store. It stays when it is closed, so that it can be opened again.
typedef struct place {
    struct place *next;
    char *name;
    object *first;
    uint64_t writes;
    uint64_t life[2];  // random: a version of another process must not come back
} place;

static const holdfast_host *the_host;
static place *places;
// `open` may be called from several threads; all other calls come one at a time.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// ---- Outcomes -------------------------------------------------------------------------------

static holdfast_status fail_with(const holdfast_call *call, holdfast_status status,
                                 const char *message, const object *current) {
    holdfast_error error = {.size = sizeof error, .status = status};
    error.message = (holdfast_text){message, strlen(message)};
    if (current != NULL)
        error.current_version = (holdfast_text){current->version, strlen(current->version)};
    the_host->fail(call, &error);
    return status;
}

static holdfast_status fail(const holdfast_call *call, holdfast_status status,
                            const char *message) {
    return fail_with(call, status, message, NULL);
}

static holdfast_status poll_call(const holdfast_call *call) {
    if (!the_host->cancelled(call)) return HOLDFAST_OK;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec * INT64_C(1000000000) + now.tv_nsec >= call->deadline_ns)
        return fail(call, HOLDFAST_DEADLINE, "the deadline passed");
    return fail(call, HOLDFAST_CANCELLED, "the call was cancelled");
}

// ---- Objects in memory ----------------------------------------------------------------------

typedef struct key {
    char bytes[1400];
    size_t size, path_at;
} key;

static key make_key(holdfast_text collection, holdfast_text workspace, holdfast_text path) {
    key key;
    char *at = key.bytes;
    const holdfast_text parts[] = {collection, workspace, path};
    for (int index = 0; index < 3; index++) {
        if (parts[index].size > 0) memcpy(at, parts[index].data, parts[index].size);
        at += parts[index].size;
        if (index < 2) *at++ = '\0';
    }
    key.size = (size_t)(at - key.bytes);
    key.path_at = key.size - path.size;
    return key;
}

static int compare(const object *object, const key *key) {
    size_t shared = object->key_size < key->size ? object->key_size : key->size;
    int order = memcmp(object->key, key->bytes, shared);
    return order != 0 ? order : (object->key_size > key->size) - (object->key_size < key->size);
}

// The link to the first object whose key is not below `key`.
static object **find_link(place *place, const key *key) {
    object **link = &place->first;
    while (*link != NULL && compare(*link, key) < 0) link = &(*link)->next;
    return link;
}

static object *find(place *place, const key *key) {
    object *found = *find_link(place, key);
    return found != NULL && compare(found, key) == 0 ? found : NULL;
}

static void free_object(object *object) {
    if (object == NULL) return;
    free(object->key);
    free(object->bytes);
    free(object->attributes);
    free(object->attribute_text);
    free(object);
}

static holdfast_text copy_text(char **to, holdfast_text text) {
    holdfast_text copy = {*to, text.size};
    if (text.size > 0) memcpy(*to, text.data, text.size);
    *to += text.size;
    return copy;
}

static const holdfast_attribute *attribute_at(const holdfast_put *request, uint32_t index) {
    return (const void *)((const char *)request->attributes +
                          (size_t)index * request->attribute_stride);
}

// An object with the key and attributes of a request; NULL without memory.
static object *new_object(const holdfast_put *request, const key *key) {
    object *made = calloc(1, sizeof *made);
    if (made == NULL) return NULL;
    size_t size = 1;
    for (uint32_t index = 0; index < request->attribute_count; index++) {
        size += attribute_at(request, index)->name.size + attribute_at(request, index)->value.size;
    }
    made->key = malloc(key->size);
    made->attributes = calloc(request->attribute_count + 1, sizeof *made->attributes);
    char *text = made->attribute_text = malloc(size);
    if (made->key == NULL || made->attributes == NULL || text == NULL) {
        free_object(made);
        return NULL;
    }
    memcpy(made->key, key->bytes, made->key_size = key->size);
    made->path_at = key->path_at;
    made->attribute_count = request->attribute_count;
    for (uint32_t index = 0; index < request->attribute_count; index++) {
        const holdfast_attribute *given = attribute_at(request, index);
        holdfast_text name = copy_text(&text, given->name), value = copy_text(&text, given->value);
        made->attributes[index] = (holdfast_attribute){sizeof *given, 0, name, value};
    }
    return made;
}

static holdfast_info info_of(const object *object, int attributes) {
    return (holdfast_info){
        .size = sizeof(holdfast_info),
        .version = {object->version, strlen(object->version)},
        .bytes = object->size,
        .modified_ns = object->modified_ns,
        .attributes = attributes ? object->attributes : NULL,
        .attribute_count = attributes ? object->attribute_count : 0,
        .attribute_stride = sizeof(holdfast_attribute),
    };
}

// ---- Life -----------------------------------------------------------------------------------

static holdfast_status start(const holdfast_host *host, const holdfast_call *call, void **driver) {
    (void)call;
    the_host = host;
    *driver = &places;
    return HOLDFAST_OK;
}

static holdfast_status stop(void *driver, const holdfast_call *call) {
    (void)driver, (void)call;
    return HOLDFAST_OK;
}

static holdfast_status describe(void *driver, const holdfast_call *call,
                                const holdfast_sink *sink) {
    // The version is that of the table and of driver.toml; docs/writing-a-driver.md has the schema.
    static const char document[] = JSON({
        "format": 1, "id": "@ID@", "version": "0.1.0", "vendor": "Unpublished",
        "summary": "Objects in the memory of one process.",
        "addressing": "rows", "grace_ms": 1000,
        "options": [
            {"name": "name", "type": "string", "required": false, "default": "default",
             "summary": "Stores of the same name share their objects."}
        ],
        "capabilities": [
            {"id": "condition.absent", "level": 20, "limit": 0, "note": ""},
            {"id": "condition.version", "level": 20, "limit": 0, "note": ""},
            {"id": "range", "level": 20, "limit": 0, "note": ""},
            {"id": "list.attributes", "level": 20, "limit": 0, "note": ""},
            {"id": "value", "level": 20, "limit": 1073741824, "note": ""},
             {"id": "volatile", "level": 20, "limit": 0, "note": "gone with the process"}
        ]
    });
    (void)driver, (void)call;
    return sink->write(sink->context, (const uint8_t *)document, sizeof document - 1);
}

static int is(holdfast_text text, const char *word) {
    return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

static place *new_place(holdfast_text name) {
    place *made = calloc(1, sizeof *made);
    if (made != NULL) made->name = strndup(name.data, name.size);
    if (made != NULL && made->name != NULL &&
        getrandom(made->life, sizeof made->life, 0) == sizeof made->life) {
        made->next = places;
        return places = made;
    }
    if (made != NULL) free(made->name);
    free(made);
    return NULL;
}

static holdfast_status open_store(void *driver, const holdfast_call *call,
                                  const holdfast_options *options, void **store) {
    holdfast_text name = TEXT("default");
    (void)driver;
    if ((options->flags & ~HOLDFAST_OPEN_EXISTING) != 0)
        return fail(call, HOLDFAST_UNSUPPORTED, "a flag of opening is not known");
    for (uint32_t index = 0; index < options->count; index++) {
        const holdfast_option *option =
            (const void *)((const char *)options->items + (size_t)index * options->stride);
        if (is(option->name, "name") && option->text.size > 0) name = option->text;
    }
    holdfast_status status = poll_call(call);
    if (status != HOLDFAST_OK) return status;
    pthread_mutex_lock(&lock);
    place *found = places;
    while (found != NULL && !is(name, found->name)) found = found->next;
    int is_missing = found == NULL;
    if (is_missing && !(options->flags & HOLDFAST_OPEN_EXISTING)) found = new_place(name);
    pthread_mutex_unlock(&lock);
    if (found != NULL) {
        *store = found;
        return HOLDFAST_OK;
    }
    return options->flags & HOLDFAST_OPEN_EXISTING
               ? fail(call, HOLDFAST_NOT_FOUND, "no store of this name was opened before")
               : fail(call, HOLDFAST_UNAVAILABLE, "there is no memory for a store");
}

static holdfast_status close_store(void *store, const holdfast_call *call) {
    (void)store, (void)call;
    return HOLDFAST_OK;
}

static holdfast_status capabilities(void *store, const holdfast_call *call,
                                    const holdfast_capability_sink *sink) {
    static const holdfast_text ids[] = {
        {"condition.absent", 16}, {"condition.version", 17}, {"range", 5},
        {"list.attributes", 15},  {"value", 5},            {"volatile", 8},
    };
    (void)store, (void)call;
    holdfast_status status = HOLDFAST_OK;
    for (int index = 0; index < 6 && status == HOLDFAST_OK; index++) {
        holdfast_capability one = {.size = sizeof one, .id = ids[index]};
        one.level = HOLDFAST_LEVEL_NATIVE;
        one.limit = index == 4 ? MOST_BYTES : 0;
        status = sink->capability(sink->context, &one);
    }
    return status;
}

static holdfast_status ping(void *store, const holdfast_call *call,
                            const holdfast_clock_sink *sink) {
    holdfast_clock clock = {.size = sizeof clock};  // no clock
    (void)store, (void)call;
    return sink->clock(sink->context, &clock);
}

// ---- Objects --------------------------------------------------------------------------------

static holdfast_status look(void *store, const holdfast_call *call, const holdfast_key *wanted,
                            object **found) {
    holdfast_status status = poll_call(call);
    if (status != HOLDFAST_OK) return status;
    key key = make_key(wanted->collection, wanted->workspace, wanted->path);
    *found = find(store, &key);
    return *found != NULL ? HOLDFAST_OK : fail(call, HOLDFAST_NOT_FOUND, "there is no such object");
}

static holdfast_status head(void *store, const holdfast_call *call, const holdfast_key *key,
                            const holdfast_info_sink *sink) {
    object *found;
    holdfast_status status = look(store, call, key, &found);
    if (status != HOLDFAST_OK) return status;
    holdfast_info info = info_of(found, 1);
    return sink->info(sink->context, &info);
}

static holdfast_status get(void *store, const holdfast_call *call, const holdfast_get *request,
                           const holdfast_info_sink *info_sink, const holdfast_sink *sink) {
    object *found;
    holdfast_status status = look(store, call, request->key, &found);
    if (status != HOLDFAST_OK) return status;
    holdfast_info info = info_of(found, 1);
    status = info_sink->info(info_sink->context, &info);
    uint64_t at = request->offset < found->size ? request->offset : found->size;
    uint64_t rest = request->length < found->size - at ? request->length : found->size - at;
    while (status == HOLDFAST_OK && rest > 0) {
        uint64_t piece = rest < 65536 ? rest : 65536;
        status = poll_call(call);
        if (status == HOLDFAST_OK) status = sink->write(sink->context, found->bytes + at, piece);
        at += piece;
        rest -= piece;
    }
    return status;
}

static holdfast_status check(const holdfast_call *call, const object *now,
                             const holdfast_condition *condition) {
    switch (condition->kind) {
    case HOLDFAST_CONDITION_NONE: return HOLDFAST_OK;
    case HOLDFAST_CONDITION_ABSENT:
        if (now == NULL) return HOLDFAST_OK;
        return fail_with(call, HOLDFAST_CONDITION, "the object exists already", now);
    case HOLDFAST_CONDITION_VERSION:
        if (now != NULL && is(condition->version, now->version)) return HOLDFAST_OK;
        return fail_with(call, HOLDFAST_CONDITION, "the object has another version, or is gone",
                         now);
    default: return fail(call, HOLDFAST_UNSUPPORTED, "the condition's kind is not known");
    }
}

// Reads the whole source into `made`.
static holdfast_status read_all(const holdfast_call *call, const holdfast_source *source,
                                object *made) {
    uint64_t space = 0, count = 1;
    while (count > 0) {
        holdfast_status status = poll_call(call);
        if (status != HOLDFAST_OK) return status;
        if (made->size > MOST_BYTES)
            return fail(call, HOLDFAST_TOO_LARGE, "an object has at most 1 GiB");
        if (made->size == space) {
            space = space == 0 ? 65536 : space * 2;
            uint8_t *bytes = realloc(made->bytes, space);
            if (bytes == NULL)
                return fail(call, HOLDFAST_FULL, "there is no memory for the object");
            made->bytes = bytes;
        }
        count = 0;
        if (source->read(source->context, made->bytes + made->size, space - made->size, &count) !=
            HOLDFAST_OK)
            return fail(call, HOLDFAST_SOURCE, "the source of the bytes failed");
        made->size += count;
    }
    if (source->length != HOLDFAST_LENGTH_UNKNOWN && source->length != made->size)
        return fail(call, HOLDFAST_SOURCE, "the source gave another number of bytes than it said");
    return HOLDFAST_OK;
}

static holdfast_status put(void *store, const holdfast_call *call, const holdfast_put *request,
                           const holdfast_source *source, const holdfast_info_sink *sink) {
    place *place = store;
    key key = make_key(request->key->collection, request->key->workspace, request->key->path);
    holdfast_status status = poll_call(call);
    // Saves the transfer; what counts is the check below.
    if (status == HOLDFAST_OK) status = check(call, find(place, &key), request->condition);
    if (status != HOLDFAST_OK) return status;
    object *made = new_object(request, &key);
    status = made == NULL ? fail(call, HOLDFAST_FULL, "there is no memory for the object")
                          : read_all(call, source, made);
    if (status == HOLDFAST_OK) status = check(call, find(place, &key), request->condition);
    if (status != HOLDFAST_OK) {
        free_object(made);
        return status;
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    made->modified_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
    snprintf(made->version, sizeof made->version, "%016llx%016llx-%llu",
             (unsigned long long)place->life[0], (unsigned long long)place->life[1],
             (unsigned long long)++place->writes);
    object **link = find_link(place, &key), *old = find(place, &key);
    made->next = old != NULL ? old->next : *link;
    *link = made;
    free_object(old);
    holdfast_info info = info_of(made, 1);
    return sink->info(sink->context, &info);
}

static holdfast_status remove_object(void *store, const holdfast_call *call,
                                     const holdfast_remove *request) {
    key key = make_key(request->key->collection, request->key->workspace, request->key->path);
    holdfast_status status = poll_call(call);
    object *found = find(store, &key);
    if (status == HOLDFAST_OK) status = check(call, found, request->condition);
    if (status != HOLDFAST_OK || found == NULL) return status;
    *find_link(store, &key) = found->next;
    free_object(found);
    return HOLDFAST_OK;
}

static holdfast_status list(void *store, const holdfast_call *call, const holdfast_list *request,
                            const holdfast_entry_sink *sink) {
    key prefix = make_key(request->collection, request->workspace, request->prefix);
    key after = make_key(request->collection, request->workspace, request->start_after);
    object *at = *find_link(store, &prefix);
    while (request->start_after.size > 0 && at != NULL && compare(at, &after) <= 0) at = at->next;
    holdfast_status status = poll_call(call);
    for (uint32_t sent = 0; status == HOLDFAST_OK && sent < request->limit; sent++, at = at->next) {
        if (at == NULL || at->key_size < prefix.size ||
            memcmp(at->key, prefix.bytes, prefix.size) != 0)
            break;
        holdfast_info info = info_of(at, (request->flags & HOLDFAST_LIST_ATTRIBUTES) != 0);
        holdfast_text path = {at->key + at->path_at, at->key_size - at->path_at};
        holdfast_entry entry = {sizeof entry, 0, path, &info};
        status = sink->entries(sink->context, &entry, 1, sizeof entry);
        if (status == HOLDFAST_OK) status = poll_call(call);
    }
    return status;
}

// ---- The table ------------------------------------------------------------------------------

static const holdfast_driver table = {
    .size = sizeof table,
    .abi_minor = HOLDFAST_ABI_MINOR,
    .draft = HOLDFAST_DRAFT,
    .behaviour = HOLDFAST_BEHAVIOUR,
    .thread_model = HOLDFAST_THREADS_PER_DRIVER,
    .id = {"@ID@", sizeof "@ID@" - 1},
    .version = {VERSION, sizeof VERSION - 1},
    .vendor = {"Unpublished", 11},
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
