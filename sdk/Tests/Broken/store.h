// SPDX-License-Identifier: Apache-2.0
//
// The objects of the shelf's driver: sorted by key, counted by reference, so that one that is being
// read stays whole while it is replaced. Part of driver.c.

typedef struct object {
    atomic_int references;
    holdfast_text collection, workspace, path;
    char version[48];
    uint8_t *bytes;
    uint64_t count;
    int64_t modified_ns;
    holdfast_attribute *attributes;
    uint32_t attribute_count;
    struct object *previous;  // only what is broken uses it
} object;

// One store: it lives from its first opening to the driver's stop, and is found by its name. What
// lies in memory is what its journal says; see journal.h.
typedef struct store {
    struct store *next;
    char *name;
    pthread_mutex_t lock;
    object **objects;
    uint32_t count, space;
    uint64_t writes, readings;
    int file;         // its journal
    uint64_t offset;  // what of the journal was read or written
    uint8_t *late;    // only what is broken uses it
    uint64_t late_size;
    int is_open;      // only what is broken uses it
    unsigned openings;
    uint64_t own_writes;  // only what is broken uses it
} store;

static void lock(store *s);
static void unlock(store *s);

static holdfast_text copy_text(holdfast_text text) {
    char *data = malloc(text.size + 1);
    if (text.size > 0) memcpy(data, text.data, text.size);
    return (holdfast_text){data, text.size};
}

static int equal(holdfast_text a, holdfast_text b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static int compare(holdfast_text a, holdfast_text b) {
    uint64_t shared = a.size < b.size ? a.size : b.size;
    int order = shared > 0 ? memcmp(a.data, b.data, shared) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int starts_with(holdfast_text text, holdfast_text prefix) {
    return text.size >= prefix.size &&
           (prefix.size == 0 || memcmp(text.data, prefix.data, prefix.size) == 0);
}

static void release(object *o) {
    if (!o || atomic_fetch_sub(&o->references, 1) > 1) return;
    for (uint32_t i = 0; i < o->attribute_count; i++) {
        free((void *)o->attributes[i].name.data);
        free((void *)o->attributes[i].value.data);
    }
    free(o->attributes);
    free((void *)o->collection.data);
    free((void *)o->workspace.data);
    if (!IS(RETAINS_BUFFER)) free((void *)o->path.data);
    free(o->bytes);
    release(o->previous);
    free(o);
}

// The path under which an object is kept: the very bytes, unless the driver is broken.
static holdfast_text stored_path(holdfast_text path, char *buffer) {
    if (IS(CUTS_LONG_PATH) && path.size > 255) path.size = 255;
    while (IS(TRIMS_SPACES) && path.size > 1 && path.data[path.size - 1] == ' ') path.size--;
    if (!IS(FOLDS_CASE) && !IS(NORMALIZES_UNICODE) && !IS(PLUS_IS_SPACE)) return path;
    uint64_t size = 0;
    for (uint64_t i = 0; i < path.size; i++) {
        char c = path.data[i];
        if (IS(FOLDS_CASE) && c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        if (IS(PLUS_IS_SPACE) && c == '+') c = ' ';
        if (IS(NORMALIZES_UNICODE) && i + 2 < path.size && !memcmp(path.data + i, "e\xcc\x81", 3)) {
            buffer[size++] = (char)0xc3;
            c = (char)0xa9;
            i += 2;
        }
        buffer[size++] = c;
    }
    return (holdfast_text){buffer, size};
}

static int order(const object *o, const holdfast_key *key, holdfast_text path) {
    holdfast_text collection = key->collection, workspace = key->workspace, kept = o->collection;
    if (IS(SHORT_COLLECTION) && collection.size > 20) collection.size = 20;
    if (IS(SHORT_COLLECTION) && kept.size > 20) kept.size = 20;
    if (IS(TRIMS_WORKSPACE) && workspace.size > 0 && workspace.data[workspace.size - 1] == '/')
        workspace.size--;
    int first = compare(kept, collection);
    if (first == 0 && !IS(IGNORES_WORKSPACE)) first = compare(o->workspace, workspace);
    return first != 0 ? first : compare(o->path, path);
}

// The place of a key, and the object that has it or NULL. Call it with the lock.
static object *find(const store *s, const holdfast_key *key, uint32_t *at) {
    char buffer[2048];
    holdfast_text path = stored_path(key->path, buffer);
    *at = s->count;
    for (uint32_t i = 0; i < s->count; i++) {
        int place = order(s->objects[i], key, path);
        if (place == 0) {
            *at = i;
            return s->objects[i];
        }
        if (place > 0 && *at == s->count) *at = i;
    }
    if (IS(UNSORTED)) *at = s->count;
    return NULL;
}

static void make_version(store *s, object *o, const object *old) {
    uint64_t number = ++s->writes;
    if (IS(WRAPS_VERSION)) number %= 16;
    if (IS(REUSED_VERSION)) number = old ? strtoull(old->version, NULL, 16) + 1 : 1;
    if (IS(CONTENT_VERSION)) {
        number = 14695981039346656037ull;
        for (uint64_t i = 0; i < o->count; i++) number = (number ^ o->bytes[i]) * 1099511628211ull;
    }
    snprintf(o->version, sizeof o->version, "%llx", (unsigned long long)number);
}

// Makes an object of what a put brought; it takes over the bytes.
static object *make_object(const holdfast_put *request, uint8_t *bytes, uint64_t count) {
    char buffer[2048];
    struct timespec now;
    object *o = calloc(1, sizeof *o);
    atomic_init(&o->references, 1);
    o->collection = copy_text(request->key->collection);
    o->workspace = copy_text(request->key->workspace);
    if (IS(CUTS_WORKSPACE) && o->workspace.size > 400) o->workspace.size = 400;
    if (IS(TRIMS_WORKSPACE) && o->workspace.size > 0 &&
        o->workspace.data[o->workspace.size - 1] == '/')
        o->workspace.size--;
    o->path = IS(RETAINS_BUFFER) ? request->key->path
                                 : copy_text(stored_path(request->key->path, buffer));
    o->bytes = bytes;
    o->count = IS(DROPS_LAST_BYTE) && count > 65536 ? count - 1 : count;
    if (IS(WRAPS_COUNT)) o->count &= MOST_BYTES - 1;
    clock_gettime(CLOCK_REALTIME, &now);
    o->modified_ns = now.tv_sec * 1000000000ll + now.tv_nsec;
    o->attribute_count = IS(FORGETS_ATTRIBUTES) ? 0 : request->attribute_count;
    if (IS(CUTS_ATTRIBUTES) && o->attribute_count > 100) o->attribute_count = 100;
    o->attributes = calloc(o->attribute_count + 1, sizeof *o->attributes);
    for (uint32_t i = 0; i < o->attribute_count; i++) {
        const holdfast_attribute *a = (const void *)((const char *)request->attributes +
                                                     (size_t)i * (IS(ASSUMES_STRIDE) ? sizeof *a
                                                                   : request->attribute_stride));
        o->attributes[i] =
            (holdfast_attribute){sizeof *a, 0, copy_text(a->name), copy_text(a->value)};
    }
    return o;
}

// Puts an object in its place. Call it with the lock.
static void place(store *s, const holdfast_key *key, object *o) {
    uint32_t at;
    object *old = find(s, key, &at);
    if (old && IS(STALE_READ)) {
        release(old->previous);
        old->previous = NULL;
        o->previous = old;
    } else if (old) {
        release(old);
    } else {
        if (s->count == s->space) {
            s->space = s->space ? s->space * 2 : 16;
            s->objects = realloc(s->objects, s->space * sizeof *s->objects);
        }
        memmove(s->objects + at + 1, s->objects + at, (s->count++ - at) * sizeof *s->objects);
    }
    s->objects[at] = o;
}

// Takes the object of a key away, if there is one. Call it with the lock.
static void displace(store *s, const holdfast_key *key) {
    uint32_t at;
    object *o = find(s, key, &at);
    if (!o) return;
    memmove(s->objects + at, s->objects + at + 1, (--s->count - at) * sizeof *s->objects);
    release(o);
}

static void free_store(store *s) {
    for (uint32_t i = 0; i < s->count; i++) release(s->objects[i]);
    pthread_mutex_destroy(&s->lock);
    free(s->objects);
    free(s->late);
    close(s->file);
    free(s->name);
    free(s);
}
