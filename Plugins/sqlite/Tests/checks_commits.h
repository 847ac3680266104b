// SPDX-License-Identifier: Apache-2.0
//
// Changes of several objects: all of them or none.

#ifndef CHECKS_COMMITS_H
#define CHECKS_COMMITS_H

#include "checks_files.h"
#include "harness_extensions.h"

static void check_commit_kinds(void) {
    void *store = open_store(place("commits.db"));
    object_info old;
    put(store, key("kept"), "k", 1, NULL, &old);
    put(store, key("gone"), "g", 1, NULL, NULL);
    change all[] = {put_change("new", "", "n", 1), make_change(HOLDFAST_CHANGE_CHECK, "kept", old.version),
                    make_change(HOLDFAST_CHANGE_REMOVE, "gone", NULL), put_change("empty", NULL, "", 0),
                    make_change(HOLDFAST_CHANGE_CHECK, "never", "")};
    object_info info;
    CHECK(commit(store, all, 5) == HOLDFAST_OK && has_bytes(store, key("new"), "n", 1) && has_bytes(store, key("empty"), "", 0)
          && head(store, key("gone"), &info) == HOLDFAST_NOT_FOUND, "a commit puts, checks and removes");
    CHECK(head(store, key("new"), &info) == HOLDFAST_OK && !strcmp(info.version, all[0].info.version)
          && info.modified_ns == all[0].info.modified_ns && strcmp(all[0].info.version, all[3].info.version),
          "and reports what it put");
    CHECK(head(store, key("kept"), &info) == HOLDFAST_OK && !strcmp(info.version, old.version), "a check writes nothing");
    const char *before = strdup(sql(place("commits.db"), "SELECT path, version FROM objects ORDER BY path"));
    context c = make_context(60 * SECOND);
    for (int failing = 0; failing < 3; failing++) {
        change some[] = {put_change("a", NULL, "1", 1), put_change("new", NULL, "2", 1), make_change(HOLDFAST_CHANGE_REMOVE, "kept", NULL)};
        snprintf(some[failing].condition, 257, "no-such-version");
        CHECK(commit_within(store, &c, some, 3) == HOLDFAST_CONDITION && c.change == (uint32_t)failing + 1
              && c.applied == HOLDFAST_APPLIED_NO, "change %u fails and is named: %s", c.change, c.message);
    }
    change twice[] = {put_change("a", NULL, "1", 1), put_change("a", NULL, "2", 1)};
    CHECK(commit_within(store, &c, twice, 2) == HOLDFAST_INVALID && c.change == 2, "the same object twice: %s", c.message);
    change *many = calloc(1001, sizeof *many);
    for (int i = 0; i < 1001; i++) {
        char path[32];
        snprintf(path, sizeof path, "many/%d", i);
        many[i] = put_change(path, "", "x", 1);
    }
    CHECK(commit_within(store, &c, many, 1001) == HOLDFAST_TOO_LARGE, "over the declared limit: %s", c.message);
    CHECK(!strcmp(sql(place("commits.db"), "SELECT path, version FROM objects ORDER BY path"), before), "none of them changed anything");
    CHECK(commit(store, many, 1000) == HOLDFAST_OK && !strcmp(sql(place("commits.db"), "SELECT count(*) FROM objects WHERE path LIKE 'many/%'"), "1000"),
          "as many as declared");
    free(many);
    close_store(store);
}

static void check_commit_sizes(void) {
    const char *path = place("large.db");
    void *store = open_store(path);
    put(store, key("o"), "x", 1, NULL, NULL);
    change large[] = {put_change("one", "", NULL, 3 * MIB + 5), put_change("two", "", "small", 5), put_change("three", "", NULL, 2 * MIB)};
    large[0].from.seed = 7;
    large[2].length = HOLDFAST_LENGTH_UNKNOWN;
    sink_state to = {.seed = 7};
    context c = make_context(60 * SECOND);
    CHECK(commit(store, large, 3) == HOLDFAST_OK && get_into(store, &c, key("one"), 0, HOLDFAST_WHOLE, NULL, &to) == HOLDFAST_OK
          && to.count == 3 * MIB + 5 && !to.mismatches && has_bytes(store, key("two"), "small", 5), "large values in a commit");
    change refused[] = {put_change("four", "", NULL, 64 * MIB), put_change("o", "", "y", 1)};
    CHECK(commit_within(store, &c, refused, 2) == HOLDFAST_CONDITION && c.change == 2 && refused[0].from.position <= MIB + 1,
          "a commit that cannot be is refused before a large value is sent");
    change broken[] = {put_change("five", "", NULL, 5 * MIB), put_change("six", "", NULL, 9 * MIB)};
    broken[1].from.fail_at = 4 * MIB;
    CHECK(commit_within(store, &c, broken, 2) == HOLDFAST_SOURCE && c.change == 2 && c.applied == HOLDFAST_APPLIED_NO, "a source that fails is named");
    // Together they are more than a commit keeps in memory.
    change many[40];
    for (int i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "mib/%d", i);
        many[i] = put_change(name, "", NULL, MIB);
        many[i].from.seed = i;
    }
    int wrong = commit(store, many, 40) != HOLDFAST_OK;
    for (int i = 0; i < 40; i++) {
        to = (sink_state){.seed = i};
        wrong += get_into(store, &c, key(many[i].path), 0, HOLDFAST_WHOLE, NULL, &to) != HOLDFAST_OK || to.count != MIB || to.mismatches;
    }
    CHECK(wrong == 0, "40 values of 1 MiB in one commit");
    close_store(store);
    CHECK(!strcmp(sql(path, "SELECT count(*) FROM uploads WHERE state <> 'stored'"), "0")
          && atoi(sql(path, "SELECT count(*) FROM objects WHERE upload IS NULL AND path LIKE 'mib/%'")) == 16,
          "nothing of the failed ones is left, and no more than 16 MiB went through memory");
}

typedef struct { void *store; int number, failed; } commit_state;

static void *commit_some(void *context) {
    commit_state *w = context;
    for (int i = 0; i < 30; i++) {
        char a[64], b[64];
        snprintf(a, sizeof a, "c/%d/%d/a", w->number, i), snprintf(b, sizeof b, "c/%d/%d/b", w->number, i);
        // Every other writer's commits fail at their last change.
        change pair[] = {put_change(a, "", a, strlen(a)), put_change(b, w->number % 2 ? "wrong" : "", b, strlen(b))};
        holdfast_status status = commit(w->store, pair, 2);
        w->failed += status != (w->number % 2 ? HOLDFAST_CONDITION : HOLDFAST_OK);
    }
    return NULL;
}

static void check_commit_neighbours(void) {
    enum { threads = 16 };
    void *store = open_store(place("neighbours.db"));
    pthread_t ids[threads];
    commit_state states[threads];
    int before = sync_count, failed = 0;
    for (int i = 0; i < threads; i++) {
        states[i] = (commit_state){store, i, 0};
        pthread_create(&ids[i], NULL, commit_some, &states[i]);
    }
    for (int i = 0; i < threads; i++) pthread_join(ids[i], NULL), failed += states[i].failed;
    CHECK(failed == 0 && !strcmp(sql(place("neighbours.db"), "SELECT count(*), count(DISTINCT version) FROM objects"), "480|480"),
          "a commit that fails takes no neighbour along and leaves nothing");
    CHECK(sync_count - before < 8 * 30 * 3 / 4, "240 commits shared %d syncs", sync_count - before);
    close_store(store);
}

static void check_commit_disk(void) {
    void *store = open_store(place("commit-disk.db"));
    put(store, key("a"), "old", 3, NULL, NULL);
    change pair[] = {put_change("a", NULL, "new", 3), put_change("b", NULL, "new", 3)};
    is_disk_full = 1;
    context c = make_context(10 * SECOND);
    CHECK(commit_within(store, &c, pair, 2) == HOLDFAST_FULL && c.applied == HOLDFAST_APPLIED_NO, "a full disk: %s", c.message);
    is_disk_full = 0;
    failing_syncs = 1;
    change again[] = {put_change("a", NULL, "new", 3), put_change("b", NULL, "new", 3)};
    CHECK(commit_within(store, &c, again, 2) == HOLDFAST_IO && c.applied == HOLDFAST_APPLIED_NO, "one failed sync, overwritten");
    object_info info;
    CHECK(has_bytes(store, key("a"), "old", 3) && head(store, key("b"), &info) == HOLDFAST_NOT_FOUND, "neither change is there");
    failing_syncs = 2;
    change third[] = {put_change("a", NULL, "new", 3), put_change("b", NULL, "new", 3)};
    CHECK(commit_within(store, &c, third, 2) == HOLDFAST_IO && c.applied == HOLDFAST_APPLIED_UNKNOWN, "two failed syncs are not known");
    change last[] = {put_change("a", NULL, "new", 3), put_change("b", "", "new", 3)};
    CHECK(commit(store, last, 2) == HOLDFAST_OK && has_bytes(store, key("b"), "new", 3), "and the next commit settles it");
    close_store(store);
}

static void check_commits(void) {
    check_commit_kinds();
    check_commit_sizes();
    check_commit_neighbours();
    check_commit_disk();
}

#endif  // CHECKS_COMMITS_H
