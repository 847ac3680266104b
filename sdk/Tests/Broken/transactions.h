// SPDX-License-Identifier: Apache-2.0
//
// Commits and watches of the shelf's driver. A commit is one record of the journal that holds a
// record of each change, so that it is there as a whole or not at all. Part of driver.c.

#define MOST_CHANGES 100u
#define MOST_COMMIT (4ull * MOST_BYTES)

static const holdfast_change *change_at(const holdfast_commit *commit, uint32_t index) {
    return (const void *)((const char *)commit->items + (size_t)index * commit->stride);
}

// Fails a commit that changed nothing, by its change with this place.
static holdfast_status fail_change(const holdfast_call *call, holdfast_status status,
                                   const char *message, uint32_t place, const char *current) {
    holdfast_error error = {.size = sizeof error,
                            .status = status,
                            .retry = retry_of(status),
                            .change = IS(WRONG_CHANGE) ? place + 2 : place + 1,
                            .message = {message, strlen(message)},
                            .current_version = {current, current ? strlen(current) : 0}};
    if (IS(WRONG_CHANGE) && place > 0) error.change = place;
    the_host->fail(call, &error);
    return status;
}

// What the sources of a commit brought, and the objects that become of it.
typedef struct {
    uint8_t *bytes;
    uint64_t size;
    object *made;
} staged;

static holdfast_status check_kinds(const holdfast_call *call, const holdfast_commit *commit) {
    for (uint32_t i = 0; i < commit->count; i++) {
        const holdfast_change *c = change_at(commit, i);
        if (c->kind > HOLDFAST_CHANGE_REMOVE && !IS(IGNORES_UNKNOWN_CHANGE))
            return fail_change(call, HOLDFAST_UNSUPPORTED, "the change is not known", i, NULL);
        if (c->condition->kind > HOLDFAST_CONDITION_VERSION)
            return fail_change(call, HOLDFAST_UNSUPPORTED, "the condition is not known", i, NULL);
    }
    return HOLDFAST_OK;
}

// Whether all conditions hold. Call it with the lock.
static holdfast_status check_changes(store *s, const holdfast_call *call,
                                     const holdfast_commit *commit) {
    for (uint32_t i = 0; i < commit->count; i++) {
        const holdfast_change *c = change_at(commit, i);
        uint32_t at;
        const object *o = find(s, c->key, &at);
        holdfast_text version = c->condition->version;
        int holds = c->condition->kind == HOLDFAST_CONDITION_NONE ||
                    (c->condition->kind == HOLDFAST_CONDITION_ABSENT && !o) ||
                    (c->condition->kind == HOLDFAST_CONDITION_VERSION && o &&
                     equal(version, (holdfast_text){o->version, strlen(o->version)}));
        if (IS(IGNORES_SECOND_CONDITION) && i > 0) holds = 1;
        if (IS(IGNORES_CHECKS) && c->kind == HOLDFAST_CHANGE_CHECK) holds = 1;
        if (!holds)
            return fail_change(call, HOLDFAST_CONDITION, "an object has changed", i,
                               o ? o->version : NULL);
    }
    return HOLDFAST_OK;
}

// Reads all sources, one after the other; large ones too lie in memory until the commit.
static holdfast_status receive_all(store *s, const holdfast_call *call,
                                   const holdfast_commit *commit, staged *all) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < commit->count; i++) {
        const holdfast_change *c = change_at(commit, i);
        if (c->kind != HOLDFAST_CHANGE_PUT) continue;
        holdfast_put put = {sizeof put, 0, c->key, c->condition, c->attributes, c->attribute_count,
                            c->attribute_stride};
        holdfast_status status = receive(s, call, &put, c->source, &all[i].bytes, &all[i].size);
        if (IS(COMMIT_IGNORES_DEADLINE) && status == HOLDFAST_CANCELLED) status = HOLDFAST_OK;
        if (status != HOLDFAST_OK) return status;
        if ((sum += all[i].size) > MOST_COMMIT)
            return fail_change(call, HOLDFAST_TOO_LARGE, "a commit has at most 64 MiB", i, NULL);
    }
    if (IS(SWAPS_SOURCES) && commit->count > 1 && all[0].size == all[1].size && all[0].bytes) {
        uint8_t *first = all[0].bytes;
        all[0].bytes = all[1].bytes;
        all[1].bytes = first;
    }
    return HOLDFAST_OK;
}

// The record of a commit; call it with the lock.
static uint8_t *make_batch(store *s, const holdfast_commit *commit, staged *all, uint64_t *size) {
    uint8_t *batch = calloc(1, sizeof(record));
    *size = sizeof(record);
    for (uint32_t i = 0; i < commit->count && batch; i++) {
        const holdfast_change *c = change_at(commit, i);
        uint32_t at;
        object *o = c->kind == HOLDFAST_CHANGE_PUT ? all[i].made : find(s, c->key, &at);
        if (c->kind == HOLDFAST_CHANGE_CHECK || !o) continue;
        if (IS(COMMIT_KEEPS_REMOVED) && c->kind == HOLDFAST_CHANGE_REMOVE) continue;
        uint64_t more;
        int is_put = c->kind == HOLDFAST_CHANGE_PUT;
        uint8_t *part = make_record(s, is_put ? WRITTEN : REMOVED, o, &more);
        more = (more + 7) / 8 * 8;
        uint8_t *longer = part ? realloc(batch, *size + more) : NULL;
        if (longer) memset(longer + *size, 0, more);
        if (longer) memcpy(longer + *size, part, ((record *)(void *)part)->size);
        if (!longer) free(batch);
        free(part);
        batch = longer;
        *size += more;
    }
    if (!batch) return NULL;
    *(record *)(void *)batch =
        (record){.magic = RECORD_MAGIC, .size = *size, .writes = s->writes, .kind = TOGETHER};
    ((record *)(void *)batch)->checksum = checksum(batch + RECORD_HEAD, *size - RECORD_HEAD);
    return batch;
}

static holdfast_status append_batch(store *s, const holdfast_call *call, uint8_t *batch,
                                    uint64_t size) {
    if (IS(COMMITS_ONE_BY_ONE)) {
        for (uint64_t at = sizeof(record); at < size;) {
            record *r = (void *)(batch + at);
            uint64_t padded = (r->size + 7) / 8 * 8;
            if (write_at(s, batch + at, r->size) != 0) abort();
            s->offset += r->size;
            at += padded;
            pause_ms(4);
        }
        return HOLDFAST_OK;
    }
    int number = ftruncate(s->file, (off_t)s->offset) == 0 ? write_at(s, batch, size) : errno;
    if (number == 0) {
        s->offset += size;
        return HOLDFAST_OK;
    }
    if (ftruncate(s->file, (off_t)s->offset) != 0) number = EIO;
    if (number == ENOSPC) return fail(call, HOLDFAST_FULL, "the disk is full", NULL);
    return fail(call, HOLDFAST_IO, "the journal cannot be written", NULL);
}

// Shows what a record of a commit says; the broken ones take their time.
static void apply_batch(store *s, uint8_t *batch, uint64_t size) {
    for (uint64_t at = sizeof(record); at < size;) {
        record *r = (void *)(batch + at);
        apply_one(s, batch + at);
        at += (r->size + 7) / 8 * 8;
        if (IS(PIECEMEAL)) {
            pthread_mutex_unlock(&s->lock);
            pause_ms(1);
            pthread_mutex_lock(&s->lock);
        }
    }
}

// Makes the objects, and the changes if their conditions hold, in one step.
static holdfast_status change_all(store *s, const holdfast_call *call,
                                  const holdfast_commit *commit, staged *all) {
    if (!IS(LOCKS_WHILE_READING)) lock(s);
    holdfast_status status = check_changes(s, call, commit);
    if (IS(COMMITS_LATE)) {
        unlock(s);
        pause_ms(5);
        lock(s);
    }
    uint32_t at;
    for (uint32_t i = 0; i < commit->count && status == HOLDFAST_OK; i++) {
        const holdfast_change *c = change_at(commit, i);
        if (c->kind != HOLDFAST_CHANGE_PUT) continue;
        holdfast_put put = {sizeof put, 0, c->key, c->condition, c->attributes, c->attribute_count,
                            c->attribute_stride};
        const object *old = find(s, c->key, &at);
        all[i].made = make_object(&put, all[i].bytes, all[i].size);
        all[i].bytes = NULL;
        make_version(s, all[i].made, old);
        if (IS(KEEPS_VERSION) && old) strcpy(all[i].made->version, old->version);
    }
    uint64_t size = 0;
    uint8_t *batch = status == HOLDFAST_OK ? make_batch(s, commit, all, &size) : NULL;
    if (status == HOLDFAST_OK && !batch)
        status = fail(call, HOLDFAST_UNAVAILABLE, "there is no memory left", NULL);
    if (status == HOLDFAST_OK) status = append_batch(s, call, batch, size);
    if (status == HOLDFAST_OK) apply_batch(s, batch, size);
    free(batch);
    if (!IS(LOCKS_WHILE_READING)) unlock(s);
    return status;
}

// What the broken ones do before a commit fails: the changes up to the one that fails.
static void keep_some(store *s, const holdfast_call *call, const holdfast_commit *commit,
                      staged *all, uint32_t count) {
    holdfast_commit first = *commit;
    first.count = count;
    uint32_t done = 0;
    lock(s);
    while (done < count && change_at(commit, done)->condition->kind == HOLDFAST_CONDITION_NONE)
        done++;
    unlock(s);
    first.count = done;
    if (done > 0) change_all(s, call, &first, all);
}

static holdfast_status tell_infos(store *s, const holdfast_commit *commit, const staged *all,
                                  const holdfast_commit_sink *sink) {
    for (uint32_t i = 0; i < commit->count; i++) {
        if (!all[i].made) continue;
        telling t;
        tell(&t, s, all[i].made, 1);
        holdfast_status status = sink->info(sink->context, i, &t.info);
        if (status != HOLDFAST_OK) return status;
    }
    return HOLDFAST_OK;
}

static holdfast_status commit_changes(void *opened, const holdfast_call *call,
                                      const holdfast_commit *commit,
                                      const holdfast_commit_sink *sink) {
    store *s = opened;
    if (IS(CRASHES_IN_PUT)) *nowhere = 1;
    holdfast_status status = interruption(call);
    if (status != HOLDFAST_OK) return status;
    if (commit->count > MOST_CHANGES && !IS(IGNORES_COMMIT_LIMIT))
        return fail(call, HOLDFAST_TOO_LARGE, "a commit has at most 100 changes", NULL);
    status = check_kinds(call, commit);
    if (status != HOLDFAST_OK) return status;
    staged *all = calloc(commit->count, sizeof *all);
    if (IS(LOCKS_WHILE_READING)) lock(s);
    status = receive_all(s, call, commit, all);
    int is_read = status == HOLDFAST_OK;
    if (status == HOLDFAST_SOURCE && IS(KEEPS_READ)) keep_some(s, call, commit, all, 1);
    if (status == HOLDFAST_OK) status = change_all(s, call, commit, all);
    if (is_read && status == HOLDFAST_CONDITION && IS(HALF_COMMIT))
        keep_some(s, call, commit, all, commit->count);
    if (IS(LOCKS_WHILE_READING)) unlock(s);
    if (status == HOLDFAST_OK) status = tell_infos(s, commit, all, sink);
    for (uint32_t i = 0; i < commit->count; i++) {
        free(all[i].bytes);
        release(all[i].made);
    }
    free(all);
    return status;
}

// ---- Watches

// The journal only grows, by every change of every process: its length is the cursor.
static void write_cursor(store *s, char *text, size_t size) {
    lock(s);
    unsigned long long number = s->offset;
    if (IS(MISSES_REMOVALS)) number = s->writes;
    unlock(s);
    if (IS(WATCHES_OWN_PROCESS)) number = s->own_writes;
    snprintf(text, size, "%llx", number);
}

// Whether nothing of a folder with this name was written last, as who takes a prefix for a folder
// asks.
static int is_elsewhere(store *s, holdfast_text prefix) {
    int is_outside = 1;
    if (prefix.size == 0) return 0;
    lock(s);
    for (uint32_t i = 0; i < s->count; i++) {
        holdfast_text path = s->objects[i]->path;
        if (strtoull(s->objects[i]->version, NULL, 16) == s->writes && starts_with(path, prefix))
            is_outside = path.size > prefix.size && path.data[prefix.size] != '/';
    }
    unlock(s);
    return is_outside;
}

static holdfast_status watch_changes(void *opened, const holdfast_call *call,
                                     const holdfast_watch_request *request,
                                     const holdfast_cursor_sink *sink) {
    store *s = opened;
    char first[32], text[32];
    unsigned readings = 0;  // only what is broken uses it
    write_cursor(s, first, sizeof first);
    holdfast_text since = request->cursor;
    int waits = since.size > 0 || IS(WAITS_AT_FIRST);
    if (IS(REFUSES_CURSOR) && since.size > 16)
        return fail(call, HOLDFAST_INVALID, "the cursor is none of this store", NULL);
    if (IS(WATCHES_FROM_NOW) || (IS(WAITS_AT_FIRST) && since.size == 0))
        since = (holdfast_text){first, strlen(first)};
    if (IS(WATCH_HOLDS_LOCK) && waits) lock(s);
    for (;;) {
        if (IS(WATCH_HOLDS_LOCK) && waits) unlock(s);
        write_cursor(s, text, sizeof text);
        holdfast_text now = {text, strlen(text)};
        int has_changed = !waits || IS(WAKES_ALWAYS) || !equal(since, now);
        if (IS(WATCHES_FOLDERS) && waits && has_changed)
            has_changed = !is_elsewhere(s, request->prefix);
        if (has_changed) return sink->cursor(sink->context, &now);
        if (!IS(WATCH_IS_DEAF) || ++readings % 4000 == 0) {
            if (IS(WATCH_ENDS_WELL) && monotonic_ns() >= call->deadline_ns)
                return sink->cursor(sink->context, &now);
            holdfast_status status = interruption(call);
            if (status != HOLDFAST_OK) return status;
        }
        if (IS(WATCH_HOLDS_LOCK) && waits) lock(s);
        pause_ms(IS(WATCH_HOLDS_LOCK) ? 700 : 1);
    }
}

#ifdef ONE_CALL_AT_A_TIME
static holdfast_status watched_commit(void *s, const holdfast_call *call,
                                      const holdfast_commit *commit,
                                      const holdfast_commit_sink *sink);
#define COMMIT watched_commit
#else
#define COMMIT commit_changes
#endif

static const holdfast_transaction transactions = {sizeof transactions, 0, COMMIT};
static const holdfast_watch watches = {sizeof watches, 0, watch_changes};
