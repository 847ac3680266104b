// SPDX-License-Identifier: Apache-2.0
//
// Commits and watches. A commit whose first path is "bad/WORD" breaks the interface in the way of
// that word. Part of memory.c.

typedef struct {
    const holdfast_change *change;
    uint8_t *bytes;
    uint64_t count;
} staged;

static const holdfast_change *change_at(const holdfast_commit *commit, uint32_t index) {
    return (const void *)((const char *)commit->items + (size_t)index * commit->stride);
}

// Fails a commit with the name of its change.
static holdfast_status fail_change(const holdfast_call *call, holdfast_status status,
                                   const char *message, holdfast_text current, uint32_t index) {
    holdfast_error error = {sizeof error, 0, status, HOLDFAST_APPLIED_NO, HOLDFAST_RETRY_NEVER,
                            index + 1, 0, 0, TEXT(""), {message, strlen(message)}, current};
    the_host->fail(call, &error);
    return status;
}

static holdfast_status check_change(const holdfast_call *call, const memory *m,
                                    const holdfast_change *change, uint32_t index) {
    uint32_t at;
    const object *o = find(m, change->key, &at);
    const holdfast_condition *wanted = change->condition;
    if (wanted->kind == HOLDFAST_CONDITION_NONE) return HOLDFAST_OK;
    if (wanted->kind == HOLDFAST_CONDITION_ABSENT && !o) return HOLDFAST_OK;
    if (wanted->kind == HOLDFAST_CONDITION_VERSION && o && is(wanted->version, o->version))
        return HOLDFAST_OK;
    return fail_change(call, HOLDFAST_CONDITION, "an object has changed",
                       o ? (holdfast_text){o->version, strlen(o->version)} : TEXT(""), index);
}

static holdfast_status check_known(const holdfast_call *call, const holdfast_commit *commit) {
    for (uint32_t i = 0; i < commit->count; i++) {
        const holdfast_change *change = change_at(commit, i);
        if (change->kind > HOLDFAST_CHANGE_REMOVE ||
            change->condition->kind > HOLDFAST_CONDITION_VERSION)
            return fail_change(call, HOLDFAST_UNSUPPORTED, "unknown kind", TEXT(""), i);
#ifdef REFUSES_VERSIONS
        if (change->condition->kind == HOLDFAST_CONDITION_VERSION)
            return fail_change(call, HOLDFAST_UNSUPPORTED, "no versions", TEXT(""), i);
#endif
    }
    return HOLDFAST_OK;
}

// Reads the source of a change to its end.
static holdfast_status stage(const holdfast_call *call, staged *s, uint32_t index) {
    const holdfast_source *source = s->change->source;
    uint64_t space = 0, count = 1;
    while (count > 0 && s->count <= MOST_BYTES) {
        if (the_host->cancelled(call)) return over(call);
        if (s->count == space) s->bytes = realloc(s->bytes, space = space ? space * 2 : 64);
        if (source->read(source->context, s->bytes + s->count, space - s->count, &count))
            return fail_change(call, HOLDFAST_SOURCE, "the source failed", TEXT(""), index);
        s->count += count;
    }
    if (s->count > MOST_BYTES)
        return fail_change(call, HOLDFAST_TOO_LARGE, "over 1 MiB", TEXT(""), index);
    if (source->length != HOLDFAST_LENGTH_UNKNOWN && source->length != s->count)
        return fail_change(call, HOLDFAST_SOURCE, "another length", TEXT(""), index);
    return HOLDFAST_OK;
}

// Hands what was put to the commit's sink.
typedef struct {
    const holdfast_commit_sink *sink;
    uint32_t index;
} placed;

static holdfast_status place_info(void *context, const holdfast_info *info) {
    placed *p = context;
    return p->sink->info(p->sink->context, p->index, info);
}

static holdfast_status apply(memory *m, const holdfast_call *call, staged *s, uint32_t count,
                             const holdfast_commit_sink *sink) {
    uint32_t added = 0, at;
    for (uint32_t i = 0; i < count; i++) {
        holdfast_status status = check_change(call, m, s[i].change, i);
        if (status != HOLDFAST_OK) return status;
        added += s[i].change->kind == HOLDFAST_CHANGE_PUT;
    }
    if (m->count + added > MOST) return fail(call, HOLDFAST_FULL, 0, "full", TEXT(""));
    holdfast_status told = HOLDFAST_OK;
    for (uint32_t i = 0; i < count; i++) {
        const holdfast_change *change = s[i].change;
        object *o = find(m, change->key, &at);
        if (change->kind == HOLDFAST_CHANGE_PUT) {
            holdfast_put put = {sizeof put, 0, change->key, change->condition, change->attributes,
                                change->attribute_count, change->attribute_stride};
            placed p = {sink, i};
            holdfast_info_sink info = {sizeof info, 0, &p, place_info};
            holdfast_condition none = {sizeof none, HOLDFAST_CONDITION_NONE, TEXT("")};
            put.condition = &none;
            holdfast_status status = insert(m, call, &put, s[i].bytes, s[i].count, &info);
            s[i].bytes = NULL;
            if (told == HOLDFAST_OK) told = status;
        } else if (change->kind == HOLDFAST_CHANGE_REMOVE && o) {
            erase(m, o, at);
        }
    }
    return told;
}

// Breaks the interface in one way.
static holdfast_status bad_commit(const holdfast_call *call, const char *what,
                                  const holdfast_commit *commit, const holdfast_commit_sink *sink) {
    holdfast_info value = {sizeof value, 0, TEXT("v"), 0, 0, NULL, 0, 0};
    uint8_t buffer[8];
    uint64_t count = 1;
    const holdfast_source *second = commit->count > 1 ? change_at(commit, 1)->source : NULL;
    if (!strcmp(what, "no-reason")) return HOLDFAST_IO;
    if (!strcmp(what, "change")) return fail_change(call, HOLDFAST_CONDITION, "it", TEXT(""), 8);
    if (!strcmp(what, "lost")) return fail(call, HOLDFAST_UNAVAILABLE, 2, "lost", TEXT(""));
    if (!strcmp(what, "crashes")) abort();
    if (!strcmp(what, "unread")) return sink->info(sink->context, 0, &value);
    if (!strcmp(what, "second-first")) return second->read(second->context, buffer, 8, &count);
    for (uint32_t i = 0; i < commit->count; i++) {
        const holdfast_source *source = change_at(commit, i)->source;
        for (count = 1; source && count > 0;)
            if (source->read(source->context, buffer, 8, &count)) return HOLDFAST_OK;
    }
    if (!strcmp(what, "no-info")) return HOLDFAST_OK;
    if (!strcmp(what, "info-beyond")) sink->info(sink->context, 77, &value);
    if (!strcmp(what, "info-of-check")) sink->info(sink->context, 1, &value);
    if (!strcmp(what, "info-twice")) sink->info(sink->context, 0, &value);
    if (!strcmp(what, "miscounts")) value.bytes = 77;
    return sink->info(sink->context, 0, &value);
}

static holdfast_status commit_changes(void *store, const holdfast_call *call,
                                      const holdfast_commit *commit,
                                      const holdfast_commit_sink *sink) {
    memory *m = store;
    char word[64];
    if (bad(change_at(commit, 0)->key->path, word)) return bad_commit(call, word, commit, sink);
    if (commit->count > MOST_CHANGES)
        return fail(call, HOLDFAST_TOO_LARGE, 0, "more than 1000 changes", TEXT(""));
    if (the_host->cancelled(call)) return over(call);
    holdfast_status status = check_known(call, commit);
    if (status != HOLDFAST_OK) return status;
    staged *s = calloc(commit->count, sizeof *s);
    for (uint32_t i = 0; i < commit->count && status == HOLDFAST_OK; i++) {
        s[i].change = change_at(commit, i);
        if (s[i].change->kind == HOLDFAST_CHANGE_PUT) status = stage(call, &s[i], i);
    }
    if (status == HOLDFAST_OK) {
        pthread_mutex_lock(&m->lock);
        status = apply(m, call, s, commit->count, sink);
        pthread_mutex_unlock(&m->lock);
    }
    for (uint32_t i = 0; i < commit->count; i++) free(s[i].bytes);
    free(s);
    return status;
}

// ---- Watches

// A store that is made anew counts from the start again, so its cursors carry when it was made.
static size_t write_cursor(memory *m, char *text, size_t size) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (m->born == 0) m->born = now.tv_sec * 1000000000ll + now.tv_nsec;
    return snprintf(text, size, "%lld.%llu", m->born, (unsigned long long)m->changes);
}

static holdfast_status watch_changes(void *store, const holdfast_call *call,
                                     const holdfast_watch_request *request,
                                     const holdfast_cursor_sink *sink) {
    memory *m = store;
    char text[64];
    for (;;) {
        pthread_mutex_lock(&m->lock);
        holdfast_text now = {text, write_cursor(m, text, sizeof text)};
        pthread_mutex_unlock(&m->lock);
        if (!is(request->cursor, text)) return sink->cursor(sink->context, &now);
        if (the_host->cancelled(call)) {
            struct timespec time;
            clock_gettime(CLOCK_MONOTONIC, &time);
            int late = time.tv_sec * 1000000000ll + time.tv_nsec >= call->deadline_ns;
            return late ? fail(call, HOLDFAST_DEADLINE, 0, "nothing changed", TEXT(""))
                        : over(call);
        }
        struct timespec pause = {0, 500000};
        nanosleep(&pause, NULL);
    }
}

#ifndef TRANSACTIONS
#define TRANSACTIONS {sizeof transactions, 0, commit_changes}
#endif
#ifndef WATCHES
#define WATCHES {sizeof watches, 0, watch_changes}
#endif

static const holdfast_transaction transactions = TRANSACTIONS;
static const holdfast_watch watches = WATCHES;
