// SPDX-License-Identifier: Apache-2.0
//
// Waiting for changes: of this process, of others, and those that were made while nobody waited.

#ifndef CHECKS_WATCHES_H
#define CHECKS_WATCHES_H

#include "harness_extensions.h"

static void write_elsewhere(void *path) {
    int status;
    waitpid(spawn("count", path, "1", -1, -1), &status, 0);
}

static void check_cursors(void) {
    const char *path = place("watch.db");
    void *store = open_store(path);
    char cursor[257] = "", other[257] = "";
    put(store, key("o"), "x", 1, NULL, NULL);
    CHECK(!strcmp(sql(path, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'"), "0"), "who is not watched pays nothing");
    CHECK(watch(store, SECOND, cursor) == HOLDFAST_OK && *cursor, "a first cursor: %s", cursor);
    CHECK(watch(store, SECOND / 20, cursor) == HOLDFAST_DEADLINE, "without a change, the deadline");
    CHECK(put(store, make_key("lock", "/srv/project", "o"), "x", 1, NULL, NULL) == HOLDFAST_OK
          && put(store, make_key("terraform", "/other", "o"), "x", 1, NULL, NULL) == HOLDFAST_OK
          && watch(store, SECOND / 20, cursor) == HOLDFAST_DEADLINE, "another collection and another workspace are no change");
    change pair[] = {put_change("p", NULL, "1", 1), put_change("q", NULL, "1", 1)};
    context c = make_context(10 * SECOND);
    struct { const char *what; int step; } steps[] = {
        {"a put of a new object", 0}, {"a put of an old one", 0}, {"a removal", 1}, {"a commit", 2},
        {"a large put", 3}, {"a write of another process", 4}, {"a row that is changed by hand", 5},
        {"a row that is renamed by hand", 6}};
    for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
        source_state large = {.count = 2 * MIB};
        snprintf(other, sizeof other, "%s", cursor);
        if (steps[i].step == 0) put(store, key("new"), "x", 1, NULL, NULL);
        if (steps[i].step == 1) remove_with(store, &c, key("new"), NULL);
        if (steps[i].step == 2) commit(store, pair, 2);
        if (steps[i].step == 3) put_from(store, &c, key("large"), NULL, &large, 2 * MIB, NULL);
        if (steps[i].step == 4) write_elsewhere((void *)path);
        if (steps[i].step == 5) sql(path, "UPDATE objects SET data = 'y' WHERE path = 'o' AND collection = 'terraform'");
        if (steps[i].step == 6) sql(path, "UPDATE objects SET workspace_id = '/w' WHERE path = 'p'");
        CHECK(watch(store, SECOND, cursor) == HOLDFAST_OK && strcmp(cursor, other), "%s before the watch", steps[i].what);
        CHECK(watch(store, SECOND / 50, cursor) == HOLDFAST_DEADLINE, "is seen once");
    }
    close_store(store);
    store = open_store(path);
    CHECK(watch(store, SECOND / 20, cursor) == HOLDFAST_DEADLINE, "a cursor is good in the next opening");
    close_store(store);
    write_elsewhere((void *)path);
    store = open_store(path);
    snprintf(other, sizeof other, "%s", cursor);
    CHECK(watch(store, SECOND, cursor) == HOLDFAST_OK && strcmp(cursor, other), "and what was written in between is seen");
    char odd[257] = "who knows";
    CHECK(watch(store, SECOND, odd) == HOLDFAST_OK && !strcmp(odd, cursor), "an unknown cursor is answered at once");
    sql(path, "DROP TABLE changes");
    close_store(store);
    sql(path, "DROP TRIGGER changes_objects_insert");
    store = open_store(path);
    snprintf(other, sizeof other, "%s", cursor);
    CHECK(watch(store, SECOND, cursor) == HOLDFAST_OK && strcmp(cursor, other), "a cursor of before the table was lost is not known");
    close_store(store);
}

typedef struct { void *store; char cursor[257]; context c; _Atomic int is_done; } watcher;

static void *watch_once(void *context) {
    watcher *w = context;
    watch_within(w->store, &w->c, "terraform", w->cursor);
    w->is_done = 1;
    return NULL;
}

// Starts watches that wait, runs `act`, and looks whether all of them ended with `status`.
static void expect_wake(void *store, void (*act)(void *), void *argument, holdfast_status status, const char *what) {
    enum { count = 8 };
    static watcher watchers[count];
    pthread_t ids[count];
    int early = 0, wrong = 0;
    for (int i = 0; i < count; i++) {
        watchers[i] = (watcher){.store = store};
        watch(store, SECOND, watchers[i].cursor);
        watchers[i].c = make_context(60 * SECOND);
    }
    for (int i = 0; i < count; i++) pthread_create(&ids[i], NULL, watch_once, &watchers[i]);
    usleep(120000);  // so that they wait; any order must pass
    for (int i = 0; i < count; i++) early += watchers[i].is_done;
    if (act) act(argument);
    else for (int i = 0; i < count; i++) watchers[i].c.is_cancelled = 1;
    for (int i = 0; i < count; i++) pthread_join(ids[i], NULL), wrong += watchers[i].c.status != status;
    CHECK(!early && !wrong, "%d watches: %s", count, what);
}

static void write_here(void *store) { put(store, key("here"), "x", 1, NULL, NULL); }
static void move_away(void *path) { char to[512]; snprintf(to, 512, "%s-away", (char *)path); rename(path, to); }

static void check_wakes(void) {
    const char *path = place("wake.db");
    void *store = open_store(path);
    expect_wake(store, write_here, store, HOLDFAST_OK, "woken by a write of this store");
    expect_wake(store, write_elsewhere, (void *)path, HOLDFAST_OK, "woken by a write of another process");
    expect_wake(store, NULL, NULL, HOLDFAST_CANCELLED, "cancelled");
    expect_wake(store, move_away, (void *)path, HOLDFAST_UNAVAILABLE, "told that the file was moved");
    close_store(store);
}

// A file of a driver that had no watches and no commits, exactly as that driver left it.
static void check_kept_file(void) {
    const char *path = place("kept.db");
    char command[1500], source[512];
    snprintf(source, sizeof source, "%s", __FILE__);
    *strrchr(source, '/') = 0;
    snprintf(command, sizeof command, "gzip -dc '%s/fixtures/untracked.db.gz' > '%s'", source, path);
    CHECK(system(command) == 0 && !strcmp(sql(path, "PRAGMA user_version"), "1"), "a file of an earlier driver");
    void *store = open_store(path);
    const char *json = "{\"service\":\"api\",\"stage\":\"dev\",\"provider\":\"aws\"}";
    object_info info;
    CHECK(has_bytes(store, make_key("state", "/w", "api/dev/aws.state.json"), json, strlen(json))
          && has_bytes(store, make_key("terraform", "/w", "text"), "{\"serial\":1}", 12)
          && has_bytes(store, make_key("terraform", "/w", "bytes"), "\xff\0\x01", 3)
          && has_bytes(store, make_key("terraform", "/w", "empty"), "", 0), "its objects are read");
    CHECK(head(store, make_key("terraform", "/w", "large"), &info) == HOLDFAST_OK && info.bytes == MIB + 1
          && !strcmp(info.version, "fba3d44be99eecc3a108a889c2a15dc8"), "with their versions");
    CHECK(head(store, make_key("terraform-versions", "/w", "text/@1"), &info) == HOLDFAST_OK && info.attribute_count == 2
          && !strcmp(info.values[1], "J\xc3\xb6rg \"x\""), "and attributes");
    char cursor[257] = "", next[257] = "";
    CHECK(watch(store, SECOND, cursor) == HOLDFAST_OK && put(store, key("o"), "x", 1, "", NULL) == HOLDFAST_OK
          && snprintf(next, sizeof next, "%s", cursor) > 0 && watch(store, SECOND, next) == HOLDFAST_OK && strcmp(cursor, next),
          "and it can be watched from now on");
    CHECK(!strcmp(sql(path, "PRAGMA user_version"), "1"), "its format is the same");
    close_store(store);
}

static void check_watches(void) {
    check_cursors();
    check_wakes();
    check_kept_file();
}

#endif  // CHECKS_WATCHES_H
