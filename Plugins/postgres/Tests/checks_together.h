// SPDX-License-Identifier: Apache-2.0
//
// Commits of several changes, watches, rivals, deadlines and connections that are lost.

#ifndef CHECKS_TOGETHER_H
#define CHECKS_TOGETHER_H

#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>

#include "checks_opening.h"
#include "harness.h"

// ---- Rivals ---------------------------------------------------------------------------------

typedef struct { void *store; int wins; } rival;

static void *compete(void *arg) {
    rival *r = arg;
    for (int i = 0; i < 150; i++) {
        object_info info;
        holdfast_status found = head(r->store, key("contended"), &info);
        const char *condition = found == HOLDFAST_OK ? info.version : "";
        context c = make_context(30 * SECOND);
        holdfast_status status = i % 7 == 6 && *condition
                                     ? remove_with(r->store, &c, key("contended"), condition)
                                     : put_within(r->store, &c, key("contended"), "x", 1, condition, NULL);
        if (status == HOLDFAST_OK) r->wins++;
        else if (status != HOLDFAST_CONDITION) CHECK(0, "a rival's write: %d %s", status, c.message);
    }
    return NULL;
}

static void check_rivals(void) {
    void *store = open_store((place){.url = url, .pool_size = 6});
    sql("create table seen (version text); create function note() returns trigger language plpgsql as "
        "$$ begin insert into seen values (coalesce(new.version, 'gone')); return null; end $$;"
        "create trigger note after insert or update or delete on runfabric_receipts_objects for each row "
        "when (pg_trigger_depth() = 0) execute function note()");
    pthread_t threads[6];
    rival rivals[6];
    int wins = 0;
    for (int i = 0; i < 6; i++) {
        rivals[i] = (rival){store, 0};
        pthread_create(&threads[i], NULL, compete, &rivals[i]);
    }
    for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL), wins += rivals[i].wins;
    int changes = atoi(sql("select count(*) from seen"));
    CHECK(wins == changes && wins > 0, "each of %d wins is one of %d changes", wins, changes);
    CHECK(!strcmp(sql("select count(*) from (select version from seen where version <> 'gone' group by 1 "
                      "having count(*) > 1) as twice"), "0"), "no version was used twice");
    sql("drop trigger note on runfabric_receipts_objects; drop function note; drop table seen");
    close_store(store);
}

// ---- Commits --------------------------------------------------------------------------------

static holdfast_status take_committed(void *context, uint32_t index, const holdfast_info *info) {
    return take_info((object_info *)context + index, info);
}

typedef struct { const char *path, *condition, *bytes; holdfast_change_kind kind; } step;

static holdfast_status commit(void *store, context *c, const step *steps, uint32_t count,
                              object_info *infos) {
    const holdfast_transaction *table = driver->extension(driver_state, text(HOLDFAST_TRANSACTION_ID));
    static _Thread_local holdfast_change items[64];
    static _Thread_local holdfast_key keys[64];
    static _Thread_local holdfast_condition conditions[64];
    static _Thread_local holdfast_source sources[64];
    static _Thread_local source_state states[64];
    for (uint32_t i = 0; i < count; i++) {
        keys[i] = key(steps[i].path);
        conditions[i] = make_condition(steps[i].condition);
        const char *bytes = steps[i].bytes ? steps[i].bytes : "";
        states[i] = (source_state){.bytes = (const uint8_t *)bytes, .count = strlen(bytes)};
        sources[i] = (holdfast_source){sizeof *sources, 0, &states[i], states[i].count, read_source};
        items[i] = (holdfast_change){.size = sizeof *items, .kind = steps[i].kind, .key = &keys[i],
                                     .condition = &conditions[i],
                                     .attribute_stride = sizeof(holdfast_attribute),
                                     .source = steps[i].kind == HOLDFAST_CHANGE_PUT ? &sources[i] : NULL};
    }
    holdfast_commit request = {sizeof request, 0, items, count, sizeof *items};
    holdfast_commit_sink sink = {sizeof sink, 0, infos, take_committed};
    c->status = table->commit(store, &c->call, &request, &sink);
    return c->status;
}

static void check_commits(void) {
    void *store = open_store((place){.url = url});
    object_info infos[8], other;
    context c = make_context(30 * SECOND);
    step first[] = {{"t/b", "", "bee", HOLDFAST_CHANGE_PUT}, {"t/a", NULL, "ay", HOLDFAST_CHANGE_PUT},
                    {"t/none", "", NULL, HOLDFAST_CHANGE_CHECK}};
    CHECK(commit(store, &c, first, 3, infos) == HOLDFAST_OK, "a commit: %s", c.message);
    CHECK(has_bytes(store, key("t/a"), "ay", 2) && has_bytes(store, key("t/b"), "bee", 3) &&
              head(store, key("t/none"), &other) == HOLDFAST_NOT_FOUND, "its changes are there");
    step second[] = {{"t/c", "", "see", HOLDFAST_CHANGE_PUT}, {"t/a", NULL, NULL, HOLDFAST_CHANGE_REMOVE},
                     {"t/b", "00000000000000000000000000000000", NULL, HOLDFAST_CHANGE_CHECK}};
    CHECK(commit(store, &c, second, 3, infos) == HOLDFAST_CONDITION && c.change == 3 &&
              c.applied == HOLDFAST_APPLIED_NO && !strcmp(c.current, infos[0].version),
          "a check that does not hold names itself and the version: %s", c.message);
    CHECK(has_bytes(store, key("t/a"), "ay", 2) && head(store, key("t/c"), &other) == HOLDFAST_NOT_FOUND,
          "and nothing of the commit is there");
    second[2].condition = infos[0].version;
    CHECK(commit(store, &c, second, 3, infos + 4) == HOLDFAST_OK &&
              head(store, key("t/a"), &other) == HOLDFAST_NOT_FOUND && has_bytes(store, key("t/c"), "see", 3),
          "with the right version it is: %s", c.message);
    step third[] = {{"t/b", "", NULL, HOLDFAST_CHANGE_CHECK}};
    CHECK(commit(store, &c, third, 1, infos) == HOLDFAST_CONDITION && c.change == 1, "absent is checked");
    close_store(store);
}

static _Atomic int transfers_failed;

static void *transfer(void *store) {
    unsigned seed = (unsigned)now_ns();
    for (int i = 0; i < 60; i++) {
        step steps[8];
        object_info infos[8];
        char paths[8][32];
        unsigned start = (unsigned)rand_r(&seed);
        for (unsigned n = 0; n < 8; n++) {
            // Every other one names the keys backwards.
            snprintf(paths[n], 32, "lock/%u", i % 2 ? (start + n) % 10 : (start + 10 - n) % 10);
            steps[n] = (step){paths[n], NULL, "x", n % 3 ? HOLDFAST_CHANGE_PUT : HOLDFAST_CHANGE_REMOVE};
        }
        context c = make_context(30 * SECOND);
        if (commit(store, &c, steps, 8, infos) != HOLDFAST_OK && ++transfers_failed < 4)
            printf("%d %s\n", c.status, c.message);
    }
    return NULL;
}

static void check_deadlocks(void) {
    void *store = open_store((place){.url = url, .pool_size = 6});
    pthread_t threads[6];
    for (int i = 0; i < 6; i++) pthread_create(&threads[i], NULL, transfer, store);
    for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL);
    CHECK(transfers_failed == 0, "commits in any order never lock each other out (%d failed)", transfers_failed);
    close_store(store);
}

// ---- Watches --------------------------------------------------------------------------------

typedef struct { void *store; holdfast_status status; char cursor[257]; int64_t woke; } watcher;

static holdfast_status take_cursor(void *context, const holdfast_text *cursor) {
    copy_text(context, 257, *cursor);
    return HOLDFAST_OK;
}

static holdfast_status watch(void *store, char cursor[257], int64_t budget) {
    const holdfast_watch *table = driver->extension(driver_state, text(HOLDFAST_WATCH_ID));
    context c = make_context(budget);
    holdfast_watch_request request = {sizeof request, 0, text("terraform"), text("/srv/project"), {0}, text(cursor)};
    char next[257] = "";
    holdfast_cursor_sink sink = {sizeof sink, 0, next, take_cursor};
    holdfast_status status = table->watch(store, &c.call, &request, &sink);
    if (status == HOLDFAST_OK) strcpy(cursor, next);
    return status;
}

static void *wait_for_change(void *arg) {
    watcher *w = arg;
    w->status = watch(w->store, w->cursor, 20 * SECOND);
    w->woke = now_ns();
    return NULL;
}

static void check_watches(void) {
    void *store = open_store((place){.url = url}), *other = open_store((place){.url = url});
    char cursor[257] = "", before[257];
    CHECK(watch(store, cursor, 5 * SECOND) == HOLDFAST_OK && *cursor, "a cursor: %s", cursor);
    CHECK(watch(store, cursor, SECOND / 2) == HOLDFAST_DEADLINE, "nothing changes");
    strcpy(before, cursor);
    put(other, key("watched"), "1", 1, NULL, NULL);
    CHECK(watch(store, cursor, 5 * SECOND) == HOLDFAST_OK && strcmp(cursor, before), "a change is not missed");
    watcher watchers[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        watchers[i] = (watcher){.store = i % 2 ? store : other};
        strcpy(watchers[i].cursor, cursor);
        pthread_create(&threads[i], NULL, wait_for_change, &watchers[i]);
    }
    sleep(1);
    context c = make_context(5 * SECOND);
    CHECK(remove_with(other, &c, key("watched"), NULL) == HOLDFAST_OK, "a removal counts in");
    int woken = 0;
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL), woken += watchers[i].status == HOLDFAST_OK;
    CHECK(woken == 4, "all of 4 watchers wake (%d)", woken);
    object_info infos[1];
    step one[] = {{"watched", NULL, "2", HOLDFAST_CHANGE_PUT}};
    strcpy(cursor, watchers[0].cursor);
    CHECK(commit(other, &c, one, 1, infos) == HOLDFAST_OK && watch(store, cursor, 5 * SECOND) == HOLDFAST_OK,
          "so does a commit");
    close_store(store);
    close_store(other);
}

// ---- Connections that are lost, and calls that end ------------------------------------------

typedef struct { void *store; context c; int64_t took; } blocked;

static void *put_blocked(void *arg) {
    blocked *b = arg;
    int64_t start = now_ns();
    put_within(b->store, &b->c, key("held"), "mine", 4, NULL, NULL);
    b->took = now_ns() - start;
    return NULL;
}

// Runs a put that waits for a row that somebody holds, and `meanwhile` beside it.
static void while_held(blocked *b, int64_t budget, void (*meanwhile)(blocked *)) {
    void *holder = pq_connect(url);
    sql_on(holder, "begin");
    sql_on(holder, "select 1 from runfabric_receipts_objects where path = 'held' for update");
    b->c = make_context(budget);
    pthread_t thread;
    pthread_create(&thread, NULL, put_blocked, b);
    usleep(300000);
    if (meanwhile) meanwhile(b);
    pthread_join(thread, NULL);
    sql_on(holder, "rollback");
    pq_finish(holder);
}

static void cancel(blocked *b) { b->c.is_cancelled = 1; }

static void kill_waiting(blocked *b) {
    (void)b;
    sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user and "
        "wait_event_type = 'Lock'");
}

static void check_ends(void) {
    blocked b = {.store = open_store((place){.url = url, .pool_size = 3})};
    put(b.store, key("held"), "old", 3, NULL, NULL);
    while_held(&b, SECOND, NULL);
    CHECK(b.c.status == HOLDFAST_DEADLINE && b.c.applied == HOLDFAST_APPLIED_NO && b.took < 2 * SECOND,
          "the server ends a statement at the deadline, which is certain (%d %u %s)", b.c.status,
          b.c.applied, b.c.message);
    while_held(&b, 30 * SECOND, cancel);
    CHECK(b.c.status == HOLDFAST_CANCELLED && b.c.applied == HOLDFAST_APPLIED_UNKNOWN && b.took < 2 * SECOND,
          "a cancelled write is unknown (%d %u)", b.c.status, b.c.applied);
    sleep(2);
    CHECK(has_bytes(b.store, key("held"), "old", 3) || has_bytes(b.store, key("held"), "mine", 4), "and settled");
    put(b.store, key("held"), "old", 3, NULL, NULL);
    while_held(&b, 30 * SECOND, kill_waiting);
    CHECK(b.c.status == HOLDFAST_UNAVAILABLE && b.c.applied == HOLDFAST_APPLIED_UNKNOWN && b.took < 5 * SECOND,
          "so is one whose server process was killed (%d %u %s)", b.c.status, b.c.applied, b.c.message);
    CHECK(has_bytes(b.store, key("held"), "old", 3), "the next call works");
    close_store(b.store);
}

static void lose_connections(void *ignored) {
    (void)ignored;
    end_connections();
    usleep(20000);
}

static void check_restart(void) {
    void *store = open_store((place){.url = url, .pool_size = 4});
    object_info info;
    put(store, key("kept"), "1", 1, NULL, &info);
    lose_connections(NULL);
    CHECK(has_bytes(store, key("kept"), "1", 1), "a read after a restart works");
    lose_connections(NULL);
    CHECK(put(store, key("kept"), "2", 1, info.version, &info) == HOLDFAST_OK, "so does a write");
    source_state from = {.count = 4 * MIB, .pause_at = 2 * MIB, .pause = lose_connections};
    context c = make_context(30 * SECOND);
    CHECK(put_from(store, &c, key("kept"), info.version, &from, from.count, NULL) == HOLDFAST_OK,
          "and a large write in the middle of which it happens: %s", c.message);
    sink_state to = {.pause_at = 2 * MIB, .pause = lose_connections};
    CHECK(get_into(store, &c, key("kept"), 0, HOLDFAST_WHOLE, NULL, &to) == HOLDFAST_OK && !to.mismatches,
          "and a large read");
    close_store(store);
}

// ---- A proxy that loses the server's answer ---------------------------------------------------

static _Atomic int is_losing;
static int proxy_target;

static int connect_to(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    return connect(descriptor, (struct sockaddr *)&address, sizeof address) ? -1 : descriptor;
}

// Passes bytes on, both ways, until one side ends, or the server answers what must not arrive.
static void *pass_on(void *arg) {
    int client = (int)(intptr_t)arg, server = connect_to(proxy_target);
    char buffer[65536];
    struct pollfd both[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    while (poll(both, 2, -1) > 0) {
        int from = both[0].revents ? 0 : 1;
        ssize_t count = read(both[from].fd, buffer, sizeof buffer);
        if (count <= 0 || (from == 1 && is_losing)) break;
        if (write(both[1 - from].fd, buffer, (size_t)count) != count) break;
    }
    close(client);
    close(server);
    return NULL;
}

static void *accept_all(void *arg) {
    for (;;) {
        int client = accept((int)(intptr_t)arg, NULL, NULL);
        pthread_t thread;
        if (client < 0 || pthread_create(&thread, NULL, pass_on, (void *)(intptr_t)client)) return NULL;
        pthread_detach(thread);
    }
}

static void check_lost_answer(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 8)) exit(2);
    getsockname(listener, (struct sockaddr *)&address, &size);
    char place_[64];
    snprintf(place_, sizeof place_, "127.0.0.1:%d", ntohs(address.sin_port));
    proxy_target = atoi(strchr(strrchr(url, '@'), ':') + 1);
    pthread_t thread;
    pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)listener);
    void *store = open_store((place){.url = changed("@", "/", place_), .pool_size = 1});
    context c = make_context(10 * SECOND);
    put_within(store, &c, key("unheard"), "before", 6, NULL, NULL);
    is_losing = 1;
    CHECK(put_within(store, &c, key("unheard"), "after", 5, NULL, NULL) == HOLDFAST_UNAVAILABLE &&
              c.applied == HOLDFAST_APPLIED_UNKNOWN, "a commit whose answer is lost is unknown: %s", c.message);
    is_losing = 0;
    CHECK(has_bytes(store, key("unheard"), "after", 5), "reading it back shows that it was applied");
    close_store(store);
}

static void check_memory(void) {
    void *store = open_store((place){.url = url, .pool_size = 2});
    source_state from = {.count = 8 * MIB, .seed = 5};
    context c = make_context(300 * SECOND);
    put_from(store, &c, key("huge"), NULL, &from, from.count, NULL);
    long before = peak_kib();
    from = (source_state){.count = 128 * MIB, .seed = 5};
    sink_state to = {.seed = 5};
    CHECK(put_from(store, &c, key("huge"), NULL, &from, HOLDFAST_LENGTH_UNKNOWN, NULL) == HOLDFAST_OK &&
              get_into(store, &c, key("huge"), 0, HOLDFAST_WHOLE, NULL, &to) == HOLDFAST_OK &&
              to.count == 128 * MIB && !to.mismatches, "128 MiB: %s", c.message);
    CHECK(peak_kib() - before < 16 * 1024, "take %ld KiB more memory than 8 MiB", peak_kib() - before);
    remove_with(store, &c, key("huge"), NULL);
    close_store(store);
}

#endif  // CHECKS_TOGETHER_H
