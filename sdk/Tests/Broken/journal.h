// SPDX-License-Identifier: Apache-2.0
//
// The file of one of the shelf's stores: a record for each write, each with a checksum, so that one
// that was cut short is none. Every process reads what the others appended before it does anything.
// Part of driver.c.

enum { WRITTEN = 1, REMOVED = 2, TOGETHER = 3 };

typedef struct {
    uint64_t magic, checksum;  // of all that follows
    uint64_t size, writes, count;
    int64_t modified_ns;
    uint32_t kind, texts[3], attribute_count, reserved;
    char version[48];
} record;

#define RECORD_MAGIC 0x48464a524e4c0001ull

static uint64_t checksum(const uint8_t *bytes, uint64_t size) {
    uint64_t sum = 14695981039346656037ull;
    for (uint64_t i = 0; i < size; i++) sum = (sum ^ bytes[i]) * 1099511628211ull;
    return sum;
}

// What of a record is not summed.
#define RECORD_HEAD (2 * sizeof(uint64_t))

static uint64_t put_text(uint8_t *to, holdfast_text text) {
    if (text.size > 0) memcpy(to, text.data, text.size);
    return text.size;
}

static uint8_t *make_record(const store *s, uint32_t kind, const object *o, uint64_t *size) {
    uint64_t count = kind == WRITTEN ? o->count : 0, place = sizeof(record);
    *size = place + count + o->collection.size + o->workspace.size + o->path.size;
    for (uint32_t i = 0; i < o->attribute_count; i++)
        *size += 16 + o->attributes[i].name.size + o->attributes[i].value.size;
    uint8_t *bytes = calloc(1, *size);
    if (!bytes) return NULL;
    record *r = (void *)bytes;
    *r = (record){.magic = RECORD_MAGIC, .size = *size, .writes = s->writes, .count = count,
                  .modified_ns = o->modified_ns, .kind = kind,
                  .attribute_count = o->attribute_count};
    r->texts[0] = (uint32_t)put_text(bytes + place, o->collection);
    r->texts[1] = (uint32_t)put_text(bytes + (place += r->texts[0]), o->workspace);
    r->texts[2] = (uint32_t)put_text(bytes + (place += r->texts[1]), o->path);
    memcpy(r->version, o->version, sizeof r->version);
    place += r->texts[2];
    for (uint32_t i = 0; i < o->attribute_count; i++) {
        const holdfast_attribute *a = &o->attributes[i];
        memcpy(bytes + place, &a->name.size, 8);
        memcpy(bytes + place + 8, &a->value.size, 8);
        place += 16 + put_text(bytes + place + 16, a->name);
        place += put_text(bytes + place, a->value);
    }
    if (count > 0) memcpy(bytes + place, o->bytes, count);
    r->checksum = checksum(bytes + RECORD_HEAD, *size - RECORD_HEAD);
    return bytes;
}

static holdfast_text take_text(uint8_t **from, uint64_t size) {
    holdfast_text text = copy_text((holdfast_text){(char *)*from, size});
    *from += size;
    return text;
}

// Does to the objects in memory what a record says.
static void apply_one(store *s, uint8_t *bytes) {
    const record *r = (void *)bytes;
    uint8_t *from = bytes + sizeof *r;
    object *o = calloc(1, sizeof *o);
    atomic_init(&o->references, 1);
    o->collection = take_text(&from, r->texts[0]);
    o->workspace = take_text(&from, r->texts[1]);
    o->path = take_text(&from, r->texts[2]);
    memcpy(o->version, r->version, sizeof o->version);
    o->modified_ns = r->modified_ns;
    o->attributes = calloc(r->attribute_count + 1, sizeof *o->attributes);
    for (; o->attribute_count < r->attribute_count; o->attribute_count++) {
        uint64_t sizes[2];
        memcpy(sizes, from, sizeof sizes);
        from += sizeof sizes;
        holdfast_text name = take_text(&from, sizes[0]);
        o->attributes[o->attribute_count] =
            (holdfast_attribute){sizeof *o->attributes, 0, name, take_text(&from, sizes[1])};
    }
    o->count = r->count;
    o->bytes = memcpy(malloc(o->count + 1), from, o->count);
    if (r->writes > s->writes) s->writes = r->writes;
    holdfast_key key = {sizeof key, 0, o->collection, o->workspace, o->path};
    if (r->kind == WRITTEN) {
        place(s, &key, o);
    } else {
        displace(s, &key);
        release(o);
    }
}

// Does what the record of a commit says as well: it holds one for each change.
static void apply(store *s, uint8_t *bytes) {
    const record *r = (void *)bytes;
    if (r->kind != TOGETHER) return apply_one(s, bytes);
    for (uint64_t at = sizeof *r; at < r->size;) {
        const record *one = (void *)(bytes + at);
        apply_one(s, bytes + at);
        at += (one->size + 7) / 8 * 8;
    }
}

static int read_at(const store *s, void *to, uint64_t size, uint64_t offset) {
    uint64_t done = 0;
    while (done < size) {
        ssize_t count = pread(s->file, (char *)to + done, size - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        done += (uint64_t)count;
    }
    if (IS(TAKES_CUT_RECORD) && done >= sizeof(record)) {
        memset((char *)to + done, 0, size - done);
        return 1;
    }
    return done == size;
}

// Reads what is new in the journal; what was cut short is left to be overwritten.
static void catch_up(store *s) {
    record r;
    while (read_at(s, &r, sizeof r, s->offset) && r.magic == RECORD_MAGIC && r.size >= sizeof r &&
           r.size < 8ull * MOST_BYTES) {
        uint8_t *bytes = malloc(r.size);
        int is_whole = bytes && read_at(s, bytes, r.size, s->offset) &&
                       (IS(TAKES_CUT_RECORD) ||
                        checksum(bytes + RECORD_HEAD, r.size - RECORD_HEAD) == r.checksum);
        if (is_whole) apply(s, bytes);
        free(bytes);
        if (!is_whole) break;
        s->offset += r.size;
    }
}

static int write_at(const store *s, const uint8_t *bytes, uint64_t size) {
    uint64_t done = 0;
    while (done < size) {
        uint64_t piece = size - done;
        if (IS(TAKES_CUT_RECORD) && done == 0) piece = piece / 2;
        ssize_t count = pwrite(s->file, bytes + done, piece, (off_t)(s->offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        if (IS(TAKES_CUT_RECORD) && done == 0) pause_ms(20);
        done += (uint64_t)count;
    }
    return fdatasync(s->file) == 0 ? 0 : errno;
}

static void flush_late(store *s) {
    if (!s->late) return;
    if (write_at(s, s->late, s->late_size) == 0) s->offset += s->late_size;
    free(s->late);
    s->late = NULL;
}

static void lock(store *s) {
    pthread_mutex_lock(&s->lock);
    while (!IS(LOCKS_OWN_PROCESS) && flock(s->file, LOCK_EX) != 0 && errno == EINTR) {}
    catch_up(s);
    if (IS(WRITES_LATE)) flush_late(s);
}

static void unlock(store *s) {
    flock(s->file, LOCK_UN);
    pthread_mutex_unlock(&s->lock);
}

// Appends what is to happen to an object. Call it with the lock; on a failure nothing is changed.
static holdfast_status append(store *s, const holdfast_call *call, uint32_t kind, const object *o) {
    uint64_t size;
    uint8_t *bytes = make_record(s, kind, o, &size);
    if (!bytes) return fail(call, HOLDFAST_UNAVAILABLE, "there is no memory left", NULL);
    if (IS(WRITES_LATE)) {
        s->late = bytes;
        s->late_size = size;
        return HOLDFAST_OK;
    }
    s->own_writes++;
    int number = ftruncate(s->file, (off_t)s->offset) == 0 ? write_at(s, bytes, size) : errno;
    free(bytes);
    if (number == 0) s->offset += size;
    if (number == 0 || IS(IGNORES_FULL) || IS(PRETENDS_TO_WRITE)) return HOLDFAST_OK;
    if (ftruncate(s->file, (off_t)s->offset) != 0) number = EIO;
    if (number == ENOSPC) return fail(call, HOLDFAST_FULL, "the disk is full", NULL);
    return fail(call, HOLDFAST_IO, "the journal cannot be written", NULL);
}
