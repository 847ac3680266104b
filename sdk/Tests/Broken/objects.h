// SPDX-License-Identifier: Apache-2.0
//
// What the shelf's driver does with objects. Part of driver.c.

// The object of a key with one more reference, or NULL.
static object *take(store *s, const holdfast_key *key) {
    uint32_t at;
    lock(s);
    object *o = find(s, key, &at);
    if (o && IS(HIDES_CHILDREN)) {
        for (uint32_t i = 0; i < s->count; i++) {
            uint64_t size = s->objects[i]->path.size;
            if (size < key->path.size && key->path.data[size] == '/' &&
                starts_with(key->path, s->objects[i]->path))
                o = NULL;
        }
    }
    if (o && IS(STALE_READ) && o->previous && ++s->readings % 8 == 0) o = o->previous;
    if (o) atomic_fetch_add(&o->references, 1);
    unlock(s);
    return o;
}

// What is told of an object, by whom it is read.
typedef struct {
    holdfast_info info;
    char version[64];
} telling;

static void tell(telling *t, const store *s, const object *o, int attributes) {
    static atomic_uint readings;
    snprintf(t->version, sizeof t->version, "%s", o->version);
    if (IS(CHANGING_VERSION))
        snprintf(t->version, sizeof t->version, "%s.%u", o->version,
                 atomic_fetch_add(&readings, 1));
    if (IS(VERSIONS_OF_OPENING))
        snprintf(t->version, sizeof t->version, "%s.%u", o->version, s->openings);
    t->info = (holdfast_info){sizeof t->info,
                              0,
                              {t->version, strlen(t->version)},
                              o->count,
                              o->modified_ns,
                              attributes ? o->attributes : NULL,
                              attributes ? o->attribute_count : 0,
                              sizeof(holdfast_attribute)};
}

// Whether a write may happen. Call it with the lock.
static holdfast_status check(const holdfast_call *call, const object *o,
                             const holdfast_condition *condition) {
    switch (condition->kind) {
    case HOLDFAST_CONDITION_NONE: return HOLDFAST_OK;
    case HOLDFAST_CONDITION_ABSENT:
        if ((!o && !IS(ABSENT_NEVER)) || IS(IGNORES_ABSENT)) return HOLDFAST_OK;
        break;
    case HOLDFAST_CONDITION_VERSION:
        if (IS(REMOVES_UNDECLARED))
            return fail(call, HOLDFAST_UNSUPPORTED, "the store has no versions", NULL);
        if (o && equal(condition->version, (holdfast_text){o->version, strlen(o->version)}))
            return HOLDFAST_OK;
        if (IS(IGNORES_VERSION)) return HOLDFAST_OK;
        if (IS(FORGETS_CONDITION) && o && condition->version.size > 0 &&
            condition->version.data[condition->version.size - 1] % 3 == 0)
            return HOLDFAST_OK;
        break;
    default:
        if (IS(IGNORES_UNKNOWN_CONDITION)) return HOLDFAST_OK;
        return fail(call, HOLDFAST_UNSUPPORTED, "the condition is not known", NULL);
    }
    char words[64] = "the object has changed";
    if (IS(CONTENTS_IN_ERROR) && o) memcpy(words, o->bytes, o->count < 60 ? o->count : 60);
    return fail(call, HOLDFAST_CONDITION, words, o ? o->version : NULL);
}

static holdfast_status head(void *opened, const holdfast_call *call, const holdfast_key *key,
                            const holdfast_info_sink *sink) {
    holdfast_status status = interruption(call);
    if (status != HOLDFAST_OK) return status;
    if (IS(HANGS_IN_HEAD)) sleep_for_ever(NULL);
    object *o = take(opened, key);
    if (!o) return no_object(call);
    telling t;
    tell(&t, opened, o, 1);
    status = sink->info(sink->context, &t.info);
    release(o);
    return status;
}

static holdfast_status get(void *opened, const holdfast_call *call, const holdfast_get *request,
                           const holdfast_info_sink *sink, const holdfast_sink *bytes) {
    holdfast_status status = interruption(call);
    if (status != HOLDFAST_OK) return status;
    object *o = take(opened, request->key);
    if (!o) return no_object(call);
    telling t;
    tell(&t, opened, o, 1);
    if (IS(FAILS_PAST_END) && request->offset > o->count) {
        release(o);
        return fail(call, HOLDFAST_INVALID, "the range is past the end", NULL);
    }
    uint64_t offset = request->offset < o->count ? request->offset : o->count;
    uint64_t rest = request->length < o->count - offset ? request->length : o->count - offset;
    if (IS(RANGE_OFF_BY_ONE) && rest > 0 && rest < o->count - offset) rest++;
    if (IS(IGNORES_RANGE)) offset = 0, rest = o->count;
    status = sink->info(sink->context, &t.info);
    while (status == HOLDFAST_OK && rest > 0) {
        uint64_t piece = rest < 65536 ? rest : 65536;
        if (!IS(SENDS_ON)) status = interruption(call);
        if (status == HOLDFAST_OK) status = bytes->write(bytes->context, o->bytes + offset, piece);
        offset += piece;
        rest -= piece;
        if (IS(CALLS_STOPPED_SINK) && status == HOLDFAST_STOPPED && rest > 0)
            bytes->write(bytes->context, o->bytes + offset, 1);
    }
    release(o);
    if (IS(CHANGES_SINK_STATUS) && status < 0)
        return fail(call, HOLDFAST_IO, "the sink failed", NULL);
    return status;
}

// Reads the whole source. On a failure nothing is kept.
static holdfast_status receive(store *s, const holdfast_call *call, const holdfast_put *request,
                               const holdfast_source *source, uint8_t **bytes, uint64_t *size) {
    uint64_t space = 65536, count = 1;
    holdfast_status status = HOLDFAST_OK;
    if (IS(LIMIT_OFF_BY_ONE) && source->length == MOST_BYTES)
        return fail(call, HOLDFAST_TOO_LARGE, "an object has less than 16 MiB", NULL);
    int is_known = source->length != HOLDFAST_LENGTH_UNKNOWN;
    if (IS(NEEDS_LENGTH) && !is_known)
        return fail(call, HOLDFAST_INVALID, "the source must say its length", NULL);
    if (is_known && source->length > MOST_BYTES && !IS(HAS_NO_LIMIT))
        return fail(call, HOLDFAST_TOO_LARGE, "an object has at most 16 MiB", NULL);
    if (!(*bytes = malloc(space)))
        return fail(call, HOLDFAST_UNAVAILABLE, "there is no memory left", NULL);
    *size = 0;
    while (count > 0) {
        if (*size == space) {
            uint8_t *more = realloc(*bytes, space * 2);
            if (!more && IS(TEARS_WITHOUT_MEMORY)) return HOLDFAST_OK;
            if (!more) return fail(call, HOLDFAST_UNAVAILABLE, "there is no memory left", NULL);
            *bytes = more;
            space *= 2;
        }
        count = 0;
        status = source->read(source->context, *bytes + *size, space - *size, &count);
        if (status != HOLDFAST_OK) return fail(call, HOLDFAST_SOURCE, "the source failed", NULL);
        *size += count;
        int is_short = *size < space;
        if (IS(TORN_PUT) && count > 0) {
            uint8_t *part = memcpy(malloc(*size), *bytes, *size);
            object *o = make_object(request, part, *size);
            lock(s);
            make_version(s, o, NULL);
            place(s, request->key, o);
            unlock(s);
        }
        if (IS(TORN_JOURNAL) && count > 0) {
            object *o = make_object(request, memcpy(malloc(*size), *bytes, *size), *size);
            lock(s);
            make_version(s, o, NULL);
            append(s, call, WRITTEN, o);
            unlock(s);
            release(o);
        }
        status = IS(FALSE_DEADLINE) ? HOLDFAST_OK : interruption(call);
        if (status != HOLDFAST_OK) return status;
        if (IS(ENDS_AT_SHORT_READ) && is_short) break;
        if (IS(ACCEPTS_LONG) && is_known && *size > source->length) {
            *size = source->length;
            break;
        }
        if (*size > MOST_BYTES && !IS(HAS_NO_LIMIT))
            return fail(call, HOLDFAST_TOO_LARGE, "an object has at most 16 MiB", NULL);
        if (is_known && *size > source->length)
            return fail(call, HOLDFAST_SOURCE, "the source goes past its length", NULL);
    }
    if (is_known && *size < source->length && !IS(ACCEPTS_SHORT))
        return fail(call, HOLDFAST_SOURCE, "the source ends before its length", NULL);
    return HOLDFAST_OK;
}

// Whether a put may happen. Call it with the lock.
static holdfast_status check_put(store *s, const holdfast_call *call, const holdfast_put *request) {
    uint32_t at;
    if (IS(TRUSTS_UNIQUE) && request->flags & HOLDFAST_PUT_UNIQUE) return HOLDFAST_OK;
    return check(call, find(s, request->key, &at), request->condition);
}

// Puts a new object in its place if the condition holds, in one step.
static holdfast_status commit(store *s, const holdfast_call *call, const holdfast_put *request,
                              object *o) {
    uint32_t at;
    lock(s);
    holdfast_status status = HOLDFAST_OK;
    if (!IS(EARLY_CHECK)) status = check_put(s, call, request);
    if (IS(LOCKS_OWN_PROCESS)) pause_ms(5);
    if (IS(LOST_UPDATE)) {
        unlock(s);
        pause_ms(2);
        lock(s);
    }
    if (status == HOLDFAST_OK || (IS(REFUSES_BUT_WRITES) && status == HOLDFAST_CONDITION)) {
        object *old = find(s, request->key, &at);
        make_version(s, o, old);
        if (IS(KEEPS_TAIL) && old && old->count > o->count) {
            o->bytes = realloc(o->bytes, old->count);
            memcpy(o->bytes + o->count, old->bytes + o->count, old->count - o->count);
            o->count = old->count;
        }
        holdfast_status written = append(s, call, WRITTEN, o);
        if (status == HOLDFAST_OK) status = written;
        if (written == HOLDFAST_OK || IS(KEEPS_FAILED)) {
            atomic_fetch_add(&o->references, 1);
            place(s, request->key, o);
        }
    }
    unlock(s);
    return status;
}

static holdfast_status put(void *opened, const holdfast_call *call, const holdfast_put *request,
                           const holdfast_source *source, const holdfast_info_sink *sink) {
    store *s = opened;
    uint8_t *bytes = NULL;
    uint64_t size = 0;
    if (IS(CRASHES_IN_PUT)) *nowhere = 1;
    if (IS(WRITES_STDOUT) && write(STDOUT_FILENO, "stored\n", 7) != 7) abort();
    struct timespec moment = {0, 2000000};
    if (IS(INTERRUPTED) && nanosleep(&moment, NULL) != 0)
        return fail(call, HOLDFAST_IO, "the wait for the store was interrupted", NULL);
    holdfast_status interrupted = interruption(call), status = HOLDFAST_OK;
    if (interrupted != HOLDFAST_OK && !IS(FALSE_DEADLINE)) return interrupted;
    // A write that is refused anyway need not be transferred; commit checks again.
    lock(s);
    if (!IS(REFUSES_BUT_WRITES)) status = check_put(s, call, request);
    unlock(s);
    if (status != HOLDFAST_OK) return status;
    status = receive(s, call, request, source, &bytes, &size);
    if (status != HOLDFAST_OK && !(IS(KEEPS_PARTIAL) && status == HOLDFAST_SOURCE)) {
        free(bytes);
        return status;
    }
    object *o = make_object(request, bytes, size);
    if (!o) {
        free(bytes);
        return fail(call, HOLDFAST_UNAVAILABLE, "there is no memory left", NULL);
    }
    holdfast_status committed = commit(s, call, request, o);
    if (status == HOLDFAST_OK) status = committed;
    if (interrupted != HOLDFAST_OK) status = interrupted;
    if (status == HOLDFAST_OK) {
        telling t;
        tell(&t, opened, o, !IS(PUT_WITHOUT_ATTRIBUTES));
        if (IS(SUCCESS_WITH_REPORT)) fail(call, HOLDFAST_IO, "nothing is wrong", NULL);
        status = sink->info(sink->context, &t.info);
    }
    release(o);
    return status;
}

static holdfast_status remove_object(void *opened, const holdfast_call *call,
                                     const holdfast_remove *request) {
    store *s = opened;
    uint32_t at;
    holdfast_status interrupted = interruption(call), status = interrupted;
    if (status != HOLDFAST_OK && !IS(REMOVES_LATE)) return status;
    lock(s);
    object *o = find(s, request->key, &at);
    if (!IS(REMOVES_UNDECLARED)) status = check(call, o, request->condition);
    if (status == HOLDFAST_OK && !o && IS(REMOVE_ABSENT_FAILS)) status = no_object(call);
    if (status == HOLDFAST_OK && o) status = append(s, call, REMOVED, o);
    if (status == HOLDFAST_OK) displace(s, request->key);
    unlock(s);
    return interrupted == HOLDFAST_OK ? status : interrupted;
}

static int is_listed(const object *o, const holdfast_list *request) {
    if (!equal(o->collection, request->collection) || !equal(o->workspace, request->workspace) ||
        !starts_with(o->path, request->prefix))
        return 0;
    uint64_t prefix = request->prefix.size;
    if (IS(FOLDER_PREFIX) && prefix > 0 && o->path.size > prefix &&
        request->prefix.data[prefix - 1] != '/' && o->path.data[prefix] != '/')
        return 0;
    if (IS(START_WITHOUT_PREFIX) && prefix > 0) return 1;
    int order = compare(o->path, request->start_after);
    return request->start_after.size == 0 || order > 0 || (order == 0 && IS(INCLUSIVE_START));
}

// The objects to send, with a reference each, ended by NULL.
static object **select_objects(store *s, const holdfast_list *request) {
    uint32_t count = 0;
    lock(s);
    object **chosen = calloc(s->count + 1, sizeof *chosen);
    for (uint32_t i = 0; i < s->count && count - IS(IGNORES_LIMIT) < request->limit; i++) {
        if (!is_listed(s->objects[i], request)) continue;
        if (IS(LAGS_BEHIND) && strtoull(s->objects[i]->version, NULL, 16) == s->writes) continue;
        chosen[count] = s->objects[i];
        atomic_fetch_add(&chosen[count++]->references, 1);
    }
    unlock(s);
    return chosen;
}

static holdfast_status list(void *opened, const holdfast_call *call, const holdfast_list *request,
                            const holdfast_entry_sink *sink) {
    enum { BATCH = 4 };
    holdfast_entry entries[BATCH];
    telling tellings[BATCH];
    int attributes = (request->flags & HOLDFAST_LIST_ATTRIBUTES) && !IS(PLAIN_ENTRIES);
    holdfast_status status = interruption(call);
    if (status != HOLDFAST_OK) return status;
    object **chosen = select_objects(opened, request);
    if (IS(FAILS_EMPTY) && !chosen[0]) {
        free(chosen);
        return fail(call, HOLDFAST_NOT_FOUND, "the collection is empty", NULL);
    }
    uint32_t next = 0;
    while (chosen[next] && status == HOLDFAST_OK) {
        uint32_t count = 0;
        if (next > 0 && IS(DUPLICATES_ENTRY)) next--;
        if (next > 0 && IS(SKIPS_ENTRY)) next++;
        for (; count < BATCH && chosen[next]; count++, next++) {
            tell(&tellings[count], opened, chosen[next], attributes);
            if (IS(LISTS_NO_SIZE)) tellings[count].info.bytes = 0;
            entries[count] = (holdfast_entry){sizeof *entries, 0, chosen[next]->path,
                                              &tellings[count].info};
        }
        if (!IS(LISTS_ON)) status = interruption(call);
        if (status == HOLDFAST_OK && count > 0)
            status = sink->entries(sink->context, entries, count, sizeof *entries);
        if (IS(LISTS_AFTER_STOP) && status == HOLDFAST_STOPPED) status = HOLDFAST_OK;
    }
    for (uint32_t i = 0; chosen[i]; i++) release(chosen[i]);
    free(chosen);
    return status;
}
