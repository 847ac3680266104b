// SPDX-License-Identifier: Apache-2.0
//
// The smallest host that can call a driver: one call at a time on each thread, results kept in a
// struct. Part of probe.c.

#define TEXT(s) ((holdfast_text){(s), sizeof(s) - 1})

// A call, what was reported of it and what came out of it.
typedef struct {
    holdfast_call call;
    atomic_int is_cancelled;
    int reports;
    holdfast_error error;
    char message[4097];
    char version[257];  // of the last information
    int infos;
    uint64_t bytes;  // of the last information
    uint8_t *data;   // what was read
    uint64_t size;
    char names[4096];  // the paths or attributes that came, each with a space after it
} result;

static char everything[65536];  // all messages and descriptions of this process

static void remember(const char *text, uint64_t size) {
    uint64_t used = strlen(everything);
    if (used + size + 2 < sizeof everything) memcpy(everything + used, text, size);
}

static void on_fail(const holdfast_call *call, const holdfast_error *error) {
    result *r = (result *)call->host_context;
    r->reports++;
    r->error = *error;
    uint64_t size = error->message.size < 4096 ? error->message.size : 4096;
    memcpy(r->message, error->message.data, size);
    r->message[size] = 0;
    remember(r->message, size);
}

static int32_t on_cancelled(const holdfast_call *call) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return atomic_load(&((result *)call->host_context)->is_cancelled) ||
           now.tv_sec * 1000000000ll + now.tv_nsec >= call->deadline_ns;
}

static void on_event(const holdfast_call *call, holdfast_severity severity, holdfast_text message) {
    (void)call, (void)severity;
    remember(message.data, message.size);
}

static const holdfast_host the_host = {sizeof the_host, 0, HOLDFAST_ABI_MINOR, HOLDFAST_DRAFT,
                                       on_fail, on_cancelled, on_event};

static const holdfast_call *begin(result *r) {
    memset(r, 0, sizeof *r);
    r->call = (holdfast_call){.size = sizeof r->call,
                              .deadline_ns = HOLDFAST_NO_DEADLINE,
                              .attempt = 1,
                              .host_context = r};
    return &r->call;
}

static holdfast_status on_info(void *context, const holdfast_info *info) {
    result *r = context;
    r->infos++;
    r->bytes = info->bytes;
    memcpy(r->version, info->version.data, info->version.size);
    r->version[info->version.size] = 0;
    for (uint32_t i = 0; i < info->attribute_count; i++) {
        const holdfast_attribute *a =
            (const void *)((const char *)info->attributes + (size_t)i * info->attribute_stride);
        strncat(strncat(r->names, a->name.data, a->name.size), "=", 2);
        strncat(strncat(r->names, a->value.data, a->value.size), " ", 2);
    }
    return HOLDFAST_OK;
}

static holdfast_status on_bytes(void *context, const uint8_t *bytes, uint64_t count) {
    result *r = context;
    r->data = realloc(r->data, r->size + count + 1);
    memcpy(r->data + r->size, bytes, count);
    r->size += count;
    r->data[r->size] = 0;
    return HOLDFAST_OK;
}

static holdfast_status on_entries(void *context, const void *items, uint32_t count,
                                  uint32_t stride) {
    result *r = context;
    for (uint32_t i = 0; i < count; i++) {
        const holdfast_entry *e = (const void *)((const char *)items + (size_t)i * stride);
        strncat(strncat(r->names, e->path.data, e->path.size), " ", 2);
        if (e->info->attribute_count > 0) on_info(r, e->info);
    }
    return HOLDFAST_OK;
}

// Where the bytes of a put come from, and what happens on the way.
typedef struct {
    const char *data;
    uint64_t rest;
    int fails;                 // at the end instead of ending
    void (*meanwhile)(void *);  // called once before the end
    void *argument;
} origin;

static holdfast_status on_read(void *context, uint8_t *buffer, uint64_t capacity,
                               uint64_t *count) {
    origin *o = context;
    if (o->rest == 0) {
        if (o->meanwhile) o->meanwhile(o->argument);
        o->meanwhile = NULL;
        *count = 0;
        return o->fails ? HOLDFAST_IO : HOLDFAST_OK;
    }
    *count = o->rest < capacity ? o->rest : capacity;
    memcpy(buffer, o->data, *count);
    o->data += *count;
    o->rest -= *count;
    return HOLDFAST_OK;
}

// ---- The driver and its store

static const holdfast_driver *driver;
static void *driver_state, *opened;

static holdfast_key key_of(const char *path) {
    return (holdfast_key){sizeof(holdfast_key), 0, TEXT("terraform"), TEXT("w"),
                          {path, strlen(path)}};
}

static holdfast_condition condition_of(holdfast_condition_kind kind, const char *version) {
    return (holdfast_condition){sizeof(holdfast_condition), kind,
                                {version, version ? strlen(version) : 0}};
}

static holdfast_status do_open(result *r, uint32_t flags, const char *name, void **store) {
    holdfast_option items[] = {
        {sizeof *items, HOLDFAST_OPTION_PATH, TEXT("place"), {name, strlen(name)}, 0},
        {sizeof *items, HOLDFAST_OPTION_SECRET, TEXT("token"), TEXT("hunter2-hunter2"), 0}};
    holdfast_options options = {sizeof options, flags, items, 2, sizeof *items};
    *store = NULL;
    return driver->open(driver_state, begin(r), &options, store);
}

static holdfast_status put_from(result *r, const char *path, holdfast_condition condition,
                                origin *from, uint64_t length) {
    holdfast_key key = key_of(path);
    holdfast_attribute a = {sizeof a, 0, TEXT("colour"), TEXT("blue")};
    holdfast_put request = {sizeof request, 0, &key, &condition, &a, 1, sizeof a};
    holdfast_source source = {sizeof source, 0, from, length, on_read};
    holdfast_info_sink sink = {sizeof sink, 0, r, on_info};
    return driver->put(opened, &r->call, &request, &source, &sink);
}

static holdfast_status put_if(result *r, const char *path, holdfast_condition_kind kind,
                              const char *version, const char *text) {
    origin from = {text, strlen(text), 0, NULL, NULL};
    begin(r);
    return put_from(r, path, condition_of(kind, version), &from, from.rest);
}

static holdfast_status put(result *r, const char *path, const char *text) {
    return put_if(r, path, HOLDFAST_CONDITION_NONE, NULL, text);
}

static holdfast_status get(result *r, const char *path, uint64_t offset, uint64_t length) {
    holdfast_key key = key_of(path);
    holdfast_get request = {sizeof request, 0, &key, offset, length};
    holdfast_info_sink info = {sizeof info, 0, r, on_info};
    holdfast_sink sink = {sizeof sink, 0, r, on_bytes};
    begin(r);
    return driver->get(opened, &r->call, &request, &info, &sink);
}

static holdfast_status head(result *r, const char *path) {
    holdfast_key key = key_of(path);
    holdfast_info_sink info = {sizeof info, 0, r, on_info};
    begin(r);
    return driver->head(opened, &r->call, &key, &info);
}

static holdfast_status remove_object(result *r, const char *path) {
    holdfast_key key = key_of(path);
    holdfast_condition none = condition_of(HOLDFAST_CONDITION_NONE, NULL);
    holdfast_remove request = {sizeof request, 0, &key, &none};
    return driver->remove(opened, begin(r), &request);
}

static holdfast_status list(result *r, const char *prefix, const char *after, uint32_t limit,
                            uint32_t flags) {
    holdfast_list request = {sizeof request, flags, TEXT("terraform"), TEXT("w"),
                             {prefix, strlen(prefix)}, {after, strlen(after)}, limit, 0};
    holdfast_entry_sink sink = {sizeof sink, 0, r, on_entries};
    return driver->list(opened, begin(r), &request, &sink);
}

// Whether an object has these bytes; NULL: whether there is none.
static int has(const char *path, const char *text) {
    result r;
    holdfast_status status = get(&r, path, 0, HOLDFAST_WHOLE);
    int is = text ? status == HOLDFAST_OK && r.infos == 1 && r.bytes == strlen(text) &&
                        r.size == strlen(text) && (r.size == 0 || !memcmp(r.data, text, r.size))
                  : status == HOLDFAST_NOT_FOUND;
    free(r.data);
    return is;
}
