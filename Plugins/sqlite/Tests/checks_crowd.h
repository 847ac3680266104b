// SPDX-License-Identifier: Apache-2.0
//
// Many processes on one file, some of which are killed at any moment.

#ifndef CHECKS_CROWD_H
#define CHECKS_CROWD_H

#include "checks_backups.h"

enum { crowd_writers = 5, crowd_steady = 2 };  // the first two are never killed

// Where each writer notes what was acknowledged, one byte for each commit.
static const char *notes_of(const char *path, int writer) {
    static char name[600];
    snprintf(name, sizeof name, "%s.acknowledged-%d", path, writer);
    return name;
}

static int is_stopped(const char *path) {
    char name[600];
    snprintf(name, sizeof name, "%s.stop", path);
    return access(name, F_OK) == 0;
}

static int read_text(void *store, const char *path, char room[32], object_info *info) {
    context c = make_context(60 * SECOND);
    sink_state sink = {.bytes = (uint8_t *)room, .room = 31};
    int status = get_into(store, &c, key(path), 0, HOLDFAST_WHOLE, info, &sink);
    room[status == HOLDFAST_OK ? sink.count : 0] = 0;
    return status;
}

// Moves money and counts it, in one commit; for another process. `argument` is its number.
static int crowd_write(const char *path, const char *argument) {
    void *store = open_store(path);
    unsigned seed = (unsigned)getpid();
    int notes = open(notes_of(path, atoi(argument)), O_WRONLY | O_CREAT | O_APPEND, 0600);
    char tally[32];
    snprintf(tally, sizeof tally, "tally/%s", argument);
    while (!is_stopped(path)) {
        char paths[2][32], texts[3][32];
        object_info infos[3];
        int from = rand_r(&seed) % accounts, to = (from + 1 + rand_r(&seed) % (accounts - 1)) % accounts;
        int sum = 1 + rand_r(&seed) % 5;
        snprintf(paths[0], 32, "account/%d", from), snprintf(paths[1], 32, "account/%d", to);
        for (int i = 0; i < 2; i++)
            if (read_text(store, paths[i], texts[i], &infos[i]) != HOLDFAST_OK) return 4;
        int counted = read_text(store, tally, texts[2], &infos[2]);
        if (counted != HOLDFAST_OK && counted != HOLDFAST_NOT_FOUND) return 5;
        snprintf(texts[0], 32, "%d", atoi(texts[0]) - sum), snprintf(texts[1], 32, "%d", atoi(texts[1]) + sum);
        snprintf(texts[2], 32, "%d", atoi(texts[2]) + 1);
        // Some of the time, with a large value in the same commit.
        int large = rand_r(&seed) % 50 == 0;
        change all[4] = {put_change(paths[0], infos[0].version, texts[0], strlen(texts[0])),
                         put_change(paths[1], infos[1].version, texts[1], strlen(texts[1])),
                         put_change(tally, counted ? "" : infos[2].version, texts[2], strlen(texts[2])),
                         put_change("large", NULL, NULL, 2 * MIB)};
        all[3].from.seed = seed;
        holdfast_status status = commit(store, all, 3 + large);
        if (status == HOLDFAST_OK && write(notes, "a", 1) != 1) return 6;
        if (status != HOLDFAST_OK && status != HOLDFAST_CONDITION && status != HOLDFAST_CONFLICT) return 7;
    }
    close_store(store);
    return 0;
}

typedef struct { uint64_t hash; int count; } fingerprint;

static holdfast_status take_fingerprint(void *context, const void *items, uint32_t count, uint32_t stride) {
    fingerprint *print = context;
    for (uint32_t i = 0; i < count; i++) {
        const holdfast_entry *entry = (const void *)((const char *)items + (size_t)i * stride);
        holdfast_text parts[] = {entry->path, entry->info->version};
        for (int p = 0; p < 2; p++)
            for (uint64_t b = 0; b < parts[p].size; b++) print->hash = (print->hash ^ (uint8_t)parts[p].data[b]) * 1099511628211u;
        print->count++;
    }
    return HOLDFAST_OK;
}

static int fingerprint_of(void *store, fingerprint *print) {
    context c = make_context(60 * SECOND);
    *print = (fingerprint){.hash = 1469598103934665603u};
    holdfast_list request = {.size = sizeof request, .collection = text("terraform"), .workspace = text("/srv/project"), .limit = 1000};
    holdfast_entry_sink sink = {sizeof sink, 0, print, take_fingerprint};
    return driver->list(store, &c.call, &request, &sink);
}

// What was read between two equal cursors is of one moment; for another process. Whenever the cursor is
// the same again, so must be what is there.
static int crowd_watch(const char *path, const char *argument) {
    void *store = open_store(path);
    int notes = open(notes_of(path, atoi(argument)), O_WRONLY | O_CREAT | O_APPEND, 0600);
    char last[257] = "";
    fingerprint print = {0}, known = {0};
    while (!is_stopped(path)) {
        char before[257] = "", after[257] = "";
        if (watch(store, 60 * SECOND, before) != HOLDFAST_OK) return 4;
        if (fingerprint_of(store, &print) != HOLDFAST_OK) return 5;
        if (watch(store, 60 * SECOND, after) != HOLDFAST_OK) return 6;
        if (!strcmp(before, after)) {
            if (!strcmp(last, after) && (print.hash != known.hash || print.count != known.count)) return 7;
            known = print;
            snprintf(last, sizeof last, "%s", after);
        }
        int status = watch(store, SECOND / 100, after);
        if (status != HOLDFAST_OK && status != HOLDFAST_DEADLINE) return 8;
        if (status == HOLDFAST_OK && write(notes, "w", 1) != 1) return 9;
    }
    close_store(store);
    return 0;
}

// Whoever sees all accounts at one moment sees all of the money; for another process.
static int crowd_read(const char *path, const char *argument) {
    void *store = open_store(path);
    int seen = 0;
    (void)argument;
    while (!is_stopped(path) || seen == 0) {
        change all[accounts];
        int sum = 0;
        for (int i = 0; i < accounts; i++) {
            char name[32], room[32];
            object_info info;
            snprintf(name, sizeof name, "account/%d", i);
            if (read_text(store, name, room, &info) != HOLDFAST_OK) return 4;
            sum += atoi(room);
            all[i] = make_change(HOLDFAST_CHANGE_CHECK, name, info.version);
        }
        holdfast_status status = commit(store, all, accounts);
        if (status != HOLDFAST_OK && status != HOLDFAST_CONDITION) return 5;
        if (status != HOLDFAST_OK) continue;
        if (sum != accounts * money) return 6;
        seen++;
    }
    close_store(store);
    return 0;
}

static pid_t spawn_writer(const char *path, int number) {
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    return spawn("crowd-write", path, text, -1, -1);
}

static int count_bad(pid_t *children, int count) {
    int bad = 0, status;
    for (int i = 0; i < count; i++) {
        waitpid(children[i], &status, 0);
        if (status) printf("     process %d ended with %#x\n", i, status), bad++;
    }
    return bad;
}

static void check_crowd(int kills) {
    const char *path = place("crowd.db");
    char stop[600];
    unsigned seed = (unsigned)time(NULL);
    int killed[crowd_writers] = {0}, wrong = 0, least = 1 << 30, total = 0, status;
    printf("     crowd seed %u\n", seed);
    void *store = open_store(path);
    open_accounts(store);
    close_store(store);
    pid_t writers[crowd_writers], others[3];
    for (int i = 0; i < crowd_writers; i++) writers[i] = spawn_writer(path, i);
    for (int i = 0; i < 3; i++) others[i] = spawn(i < 2 ? "crowd-watch" : "crowd-read", path, i ? "101" : "100", -1, -1);
    for (int i = 0; i < kills; i++) {
        int victim = crowd_steady + rand_r(&seed) % (crowd_writers - crowd_steady);
        usleep(5000 + rand_r(&seed) % 100000);
        kill(writers[victim], SIGKILL);
        waitpid(writers[victim], &status, 0);
        // One that ended before it was killed met a failure.
        if (!WIFSIGNALED(status)) printf("     writer %d ended with %#x\n", victim, status), wrong++;
        killed[victim]++;
        writers[victim] = spawn_writer(path, victim);
    }
    snprintf(stop, sizeof stop, "%s.stop", path);
    // Not before everybody who lives through it has done something.
    for (int i = 0; i < 2 * crowd_steady; i++) {
        int number = i < crowd_steady ? i : 100 + i - crowd_steady, turns = 0;
        while (size_of(notes_of(path, number)) < (number < 100 ? 50 : 5) && ++turns < 100000) usleep(1000);
        CHECK(turns < 100000, "process %d gets on", number);
    }
    write_file(stop, "", 0);
    wrong += count_bad(writers, crowd_writers) + count_bad(others, 3);
    CHECK(wrong == 0, "%d processes, %d kills: nobody met a failure, a half commit or a cursor that lied", crowd_writers + 3, kills);
    for (int i = wrong = 0; i < crowd_writers; i++) {
        char query[200];
        snprintf(query, sizeof query, "SELECT data FROM objects WHERE path = 'tally/%d'", i);
        int acknowledged = (int)size_of(notes_of(path, i)), found = atoi(sql(path, query));
        if (acknowledged < 0) acknowledged = 0;
        // A kill can come between a commit and its note, and nowhere else.
        wrong += found < acknowledged || found > acknowledged + killed[i];
        if (i < crowd_steady && found < least) least = found;
        total += found;
    }
    CHECK(wrong == 0 && sum_is_right(path) && is_sound(path), "every acknowledged commit of %d is there, and only one more for each kill", total);
    CHECK(least * 20 > total / crowd_writers, "nobody starves: the slower of two made %d commits", least);
    store = open_store(path);
    close_store(store);
    CHECK(!strcmp(sql(path, "SELECT count(*) FROM uploads WHERE state <> 'stored'"), "0"), "nothing of the killed ones is left");
}

#endif  // CHECKS_CROWD_H
