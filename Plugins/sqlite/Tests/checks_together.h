// SPDX-License-Identifier: Apache-2.0
//
// What happens at once: threads, processes, locks, deadlines, crashes.

#ifndef CHECKS_TOGETHER_H
#define CHECKS_TOGETHER_H

#include "harness.h"

// ---- Threads --------------------------------------------------------------------------------

typedef struct { void *store; int number, count, failed, refused; } writer_state;

static void *write_some(void *context) {
    writer_state *w = context;
    for (int i = 0; i < w->count; i++) {
        char path[64];
        snprintf(path, sizeof path, "thread/%d/%d", w->number, i);
        holdfast_status status = put(w->store, key(path), path, strlen(path), w->number ? "" : "0badbadbad", NULL);
        if (w->number == 0) w->refused += status == HOLDFAST_CONDITION;
        else w->failed += status != HOLDFAST_OK || !has_bytes(w->store, key(path), path, strlen(path));
    }
    return NULL;
}

static void check_group_commit(void) {
    enum { threads = 16, each = 40 };
    void *store = open_store(place("group.db"));
    pthread_t ids[threads];
    writer_state states[threads];
    int before = sync_count, failed = 0;
    for (int i = 0; i < threads; i++) {
        states[i] = (writer_state){store, i, each, 0, 0};
        pthread_create(&ids[i], NULL, write_some, &states[i]);
    }
    for (int i = 0; i < threads; i++) pthread_join(ids[i], NULL), failed += states[i].failed;
    CHECK(failed == 0 && states[0].refused == each, "a refused condition fails no neighbour");
    CHECK(sync_count - before < (threads - 1) * each / 2, "%d writes shared %d syncs", (threads - 1) * each, sync_count - before);
    close_store(store);
}

// Adds one to a counter as often as `argument` says; for another process.
static int count_up(const char *path, const char *argument) {
    void *store = open_store(path);
    for (int i = 0; i < atoi(argument);) {
        char text[32] = "0";
        object_info info = {0};
        sink_state to = {.bytes = (uint8_t *)text, .room = 31};
        context c = make_context(60 * SECOND);
        holdfast_status status = get_into(store, &c, key("counter"), 0, HOLDFAST_WHOLE, &info, &to);
        if (status != HOLDFAST_OK && status != HOLDFAST_NOT_FOUND) return 2;
        if (status == HOLDFAST_OK) text[to.count] = 0;
        int length = snprintf(text, sizeof text, "%d", atoi(text) + 1);
        status = put(store, key("counter"), text, length, status == HOLDFAST_OK ? info.version : "", NULL);
        if (status == HOLDFAST_OK) i++;
        else if (status != HOLDFAST_CONDITION) return 3;
    }
    close_store(store);
    return 0;
}

static void check_processes(void) {
    pid_t children[8];
    int bad = 0, status;
    for (int i = 0; i < 8; i++) children[i] = spawn("count", place("counter.db"), "50", -1, -1);
    for (int i = 0; i < 8; i++) {
        waitpid(children[i], &status, 0);
        bad += status != 0;
    }
    void *store = open_store(place("counter.db"));
    CHECK(bad == 0 && has_bytes(store, key("counter"), "400", 3), "8 processes open one new file and lose no increment");
    close_store(store);
}

// ---- Deadlines ------------------------------------------------------------------------------

typedef struct { void *store; int64_t budget_ns, took_ns; context c; _Atomic int is_done; } timed_put;

static void *put_timed(void *context) {
    timed_put *t = context;
    t->c = make_context(t->budget_ns);
    int64_t start = now_ns();
    put_within(t->store, &t->c, key("timed"), "x", 1, NULL, NULL);
    t->took_ns = now_ns() - start;
    t->is_done = 1;
    return NULL;
}

static void check_deadlines(void) {
    const char *path = place("deadline.db");
    void *store = open_store(path), *other = NULL;
    put(store, key("o"), "x", 1, NULL, NULL);
    sql_open(path, &other);
    sql_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    timed_put leader = {.store = store, .budget_ns = 5 * SECOND}, follower = {.store = store, .budget_ns = SECOND / 5};
    timed_put cancelled = {.store = store, .budget_ns = HOLDFAST_NO_DEADLINE};
    pthread_t ids[3];
    pthread_create(&ids[0], NULL, put_timed, &leader);
    usleep(50000);  // so that it leads; either order must pass
    pthread_create(&ids[1], NULL, put_timed, &follower);
    pthread_create(&ids[2], NULL, put_timed, &cancelled);
    pthread_join(ids[1], NULL);
    CHECK(follower.c.status == HOLDFAST_DEADLINE && follower.c.applied == HOLDFAST_APPLIED_NO && !leader.is_done,
          "a queued write is withdrawn at its deadline: %s", follower.c.message);
    cancelled.c.is_cancelled = 1;
    pthread_join(ids[2], NULL);
    CHECK(cancelled.c.status == HOLDFAST_CANCELLED && cancelled.c.applied == HOLDFAST_APPLIED_NO, "and when it is cancelled");
    CHECK(has_bytes(store, key("o"), "x", 1), "reads do not wait for another's lock");
    timed_put lone = {.store = open_store(path), .budget_ns = SECOND / 5};
    put_timed(&lone);
    CHECK(lone.c.status == HOLDFAST_DEADLINE && lone.c.applied == HOLDFAST_APPLIED_NO && lone.took_ns < SECOND,
          "a lone write gives up at its deadline: %s", lone.c.message);
    sql_exec(other, "COMMIT", NULL, NULL, NULL);
    sql_close(other);
    pthread_join(ids[0], NULL);
    CHECK(leader.c.status == HOLDFAST_OK, "who could wait has written");
    close_store(lone.store);
    context late = make_context(0);
    CHECK(put_within(store, &late, key("late"), "x", 1, NULL, NULL) == HOLDFAST_DEADLINE, "a call that is over writes nothing");
    object_info info;
    CHECK(head(store, key("late"), &info) == HOLDFAST_NOT_FOUND, "indeed");
    close_store(store);
}

// ---- Large objects --------------------------------------------------------------------------

static void write_meanwhile(void *context) {
    void *store = context;
    int failed = 0;
    for (int i = 0; i < 20; i++) {
        char path[32];
        snprintf(path, sizeof path, "meanwhile/%d", i);
        failed += put(store, key(path), "x", 1, NULL, NULL) != HOLDFAST_OK;
    }
    CHECK(failed == 0, "others write while a source pauses");
    CHECK(strstr(sql(place("slow.db"), "BEGIN IMMEDIATE; INSERT INTO chunks VALUES (1, 1, ''); ROLLBACK"), "error") == NULL,
          "and so does another connection");
}

static void replace_meanwhile(void *context) {
    void *store = context;
    CHECK(put(store, key("large"), "small", 5, NULL, NULL) == HOLDFAST_OK, "an object is replaced while it is read");
}

static void check_slow_partners(void) {
    void *store = open_store(place("slow.db"));
    source_state slow = {.count = 5 * MIB, .seed = 3, .pause_at = 3 * MIB, .pause = write_meanwhile, .pause_context = store};
    context c = make_context(60 * SECOND);
    CHECK(put_from(store, &c, key("large"), NULL, &slow, 5 * MIB, NULL) == HOLDFAST_OK, "and the slow write succeeds");
    sink_state reader = {.seed = 3, .pause_at = 2 * MIB, .pause = replace_meanwhile, .pause_context = store};
    CHECK(get_into(store, &c, key("large"), 0, HOLDFAST_WHOLE, NULL, &reader) == HOLDFAST_OK
          && reader.count == 5 * MIB && reader.mismatches == 0, "its reader gets the version that it began");
    CHECK(has_bytes(store, key("large"), "small", 5), "and the next one the new version");
    close_store(store);
    CHECK(!strcmp(sql(place("slow.db"), "SELECT (SELECT count(*) FROM uploads), (SELECT count(*) FROM chunks)"), "0|0"),
          "nothing of the old version is left after closing");
}

static void cancel(void *call) { ((context *)call)->is_cancelled = 1; }

static void check_cancelled_upload(void) {
    const char *path = place("cancelled.db");
    void *store = open_store(path);
    context c = make_context(60 * SECOND);
    source_state source = {.count = 9 * MIB, .pause_at = 5 * MIB, .pause = cancel, .pause_context = &c};
    CHECK(put_from(store, &c, key("large"), NULL, &source, 9 * MIB, NULL) == HOLDFAST_CANCELLED
          && c.applied == HOLDFAST_APPLIED_NO, "a large write is cancelled");
    CHECK(put(store, key("small"), "x", 1, NULL, NULL) == HOLDFAST_OK
          && !strcmp(sql(path, "SELECT (SELECT count(*) FROM uploads), (SELECT count(*) FROM chunks)"), "0|0"),
          "the next write removes what it left");
    close_store(store);
}

static void report_and_wait(void *unused) {
    char byte = 'r';
    (void)unused;
    if (write(1, &byte, 1) != 1 || read(0, &byte, 1) != 1) _exit(9);
}

// Writes a large object, and waits in the middle for a byte; for another process.
static int upload_slowly(const char *path) {
    void *store = open_store(path);
    source_state source = {.count = 9 * MIB, .seed = 5, .pause_at = 4 * MIB, .pause = report_and_wait};
    context c = make_context(60 * SECOND);
    holdfast_status status = put_from(store, &c, key("upload"), NULL, &source, 9 * MIB, NULL);
    close_store(store);
    return status == HOLDFAST_OK ? 0 : 2;
}

static void check_crash(void) {
    const char *path = place("crash.db");
    int to_child[2], from_child[2], status;
    char byte;
    for (int kills = 1; kills >= 0; kills--) {
        if (pipe(to_child) || pipe(from_child)) return;
        fcntl(to_child[1], F_SETFD, FD_CLOEXEC);
        fcntl(from_child[0], F_SETFD, FD_CLOEXEC);
        pid_t child = spawn("upload", path, "", to_child[0], from_child[1]);
        close(to_child[0]), close(from_child[1]);
        int ready = read(from_child[0], &byte, 1) == 1;
        close_store(open_store(path));
        CHECK(ready && atoi(sql(path, "SELECT count(*) FROM chunks")) >= 3, "another process's upload is left alone");
        if (kills) kill(child, SIGKILL);
        else if (write(to_child[1], "g", 1) != 1) return;
        waitpid(child, &status, 0);
        close(to_child[1]), close(from_child[0]);
        void *store = open_store(path);
        sink_state to = {.seed = 5};
        context c = make_context(60 * SECOND);
        if (kills) {
            CHECK(WIFSIGNALED(status) && !strcmp(sql(path, "SELECT (SELECT count(*) FROM uploads), (SELECT count(*) FROM chunks)"), "0|0"),
                  "a killed upload is gone after reopening");
        } else {
            CHECK(status == 0 && get_into(store, &c, key("upload"), 0, HOLDFAST_WHOLE, NULL, &to) == HOLDFAST_OK
                  && to.count == 9 * MIB && !to.mismatches, "an upload that goes on succeeds");
        }
        close_store(store);
    }
}

static void check_memory(uint64_t mebibytes) {
    void *store = open_store(place("stream.db"));
    put(store, key("warm"), "x", 1, NULL, NULL);
    uint64_t total = mebibytes * MIB;
    long before = peak_kib();
    int64_t start = now_ns();
    source_state from = {.count = total, .seed = 9};
    context c = make_context(600 * SECOND);
    CHECK(put_from(store, &c, key("huge"), NULL, &from, total, NULL) == HOLDFAST_OK, "%llu MiB in", (unsigned long long)mebibytes);
    int64_t middle = now_ns();
    sink_state to = {.seed = 9};
    CHECK(get_into(store, &c, key("huge"), 0, HOLDFAST_WHOLE, NULL, &to) == HOLDFAST_OK && to.count == total && !to.mismatches, "and out");
    long growth = peak_kib() - before;
    printf("     in %.2f s, out %.2f s\n", (middle - start) / 1e9, (now_ns() - middle) / 1e9);
    CHECK(growth < 32 * 1024, "the peak of memory grew by %ld KiB", growth);
    CHECK(remove_with(store, &c, key("huge"), NULL) == HOLDFAST_OK, "and is removed");
    close_store(store);
    // Closing takes two seconds for it at most; on a busy machine, what is left goes the next time.
    for (int i = 0; i < 50 && strcmp(sql(place("stream.db"), "SELECT count(*) FROM chunks"), "0"); i++)
        close_store(open_store(place("stream.db")));
    CHECK(!strcmp(sql(place("stream.db"), "SELECT count(*) FROM chunks"), "0"), "nothing of it is left after closing");
}

#endif  // CHECKS_TOGETHER_H
