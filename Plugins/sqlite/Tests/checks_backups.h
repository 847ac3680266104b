// SPDX-License-Identifier: Apache-2.0
//
// Copies of a database that is in use.

#ifndef CHECKS_BACKUPS_H
#define CHECKS_BACKUPS_H

#include "checks_commits.h"
#include "checks_opening.h"

enum { accounts = 10, money = 1000 };

// Moves money between accounts until `stops` is set; their sum never changes.
typedef struct { void *store; _Atomic int stops; int moved, failed; unsigned seed; } bank_state;

static int move_money(void *store, unsigned *seed) {
    char paths[2][32], texts[2][32];
    object_info infos[2];
    int from = rand_r(seed) % accounts, to = (from + 1 + rand_r(seed) % (accounts - 1)) % accounts, each[2] = {from, to};
    change pair[2];
    for (int i = 0; i < 2; i++) {
        context c = make_context(60 * SECOND);
        sink_state sink = {.bytes = (uint8_t *)texts[i], .room = 31};
        snprintf(paths[i], 32, "account/%d", each[i]);
        holdfast_status status = get_into(store, &c, key(paths[i]), 0, HOLDFAST_WHOLE, &infos[i], &sink);
        if (status != HOLDFAST_OK) return status;
        texts[i][sink.count] = 0;
    }
    int sum = 1 + rand_r(seed) % 5, balances[2] = {atoi(texts[0]) - sum, atoi(texts[1]) + sum};
    for (int i = 0; i < 2; i++) {
        snprintf(texts[i], 32, "%d", balances[i]);
        pair[i] = put_change(paths[i], infos[i].version, texts[i], strlen(texts[i]));
    }
    return commit(store, pair, 2);
}

static void *run_bank(void *context) {
    bank_state *bank = context;
    while (!bank->stops) {
        int status = move_money(bank->store, &bank->seed);
        if (status == HOLDFAST_OK) bank->moved++;
        else bank->failed += status != HOLDFAST_CONDITION;
    }
    return NULL;
}

static void open_accounts(void *store) {
    change all[accounts];
    for (int i = 0; i < accounts; i++) {
        char path[32];
        snprintf(path, sizeof path, "account/%d", i);
        all[i] = put_change(path, "", "1000", 4);
    }
    CHECK(commit(store, all, accounts) == HOLDFAST_OK, "the accounts are opened together");
}

static int sum_is_right(const char *path) {
    return atoi(sql(path, "SELECT sum(CAST(data AS INTEGER)) FROM objects WHERE path LIKE 'account/%'")) == accounts * money;
}

static int is_sound(const char *path) { return !strcmp(sql(path, "PRAGMA integrity_check"), "ok"); }

static void check_backup_under_load(void) {
    const char *path = place("bank.db");
    void *store = open_store(path);
    open_accounts(store);
    source_state large = {.count = 40 * MIB};
    context c = make_context(60 * SECOND);
    put_from(store, &c, key("large"), NULL, &large, 40 * MIB, NULL);
    bank_state banks[3];
    pthread_t ids[3];
    for (int i = 0; i < 3; i++) {
        banks[i] = (bank_state){.store = i ? store : open_store(path), .seed = i + 1};
        pthread_create(&ids[i], NULL, run_bank, &banks[i]);
    }
    int wrong = 0, before = 0, after = 0;
    for (int i = 0; i < 3; i++) before += banks[i].moved;
    for (int i = 0; i < 8; i++) {
        char name[32], result[4096];
        snprintf(name, sizeof name, "bank-%d.copy", i);
        wrong += invoke(store, &c, "sqlite.backup", place(name), result) != HOLDFAST_OK || !strstr(result, "\"pages\":")
            || !sum_is_right(place(name)) || !is_sound(place(name)) || mode_of(place(name)) != 0600
            || strcmp(sql(place(name), "PRAGMA journal_mode"), "delete");
    }
    for (int i = 0; i < 3; i++) {
        banks[i].stops = 1;
        pthread_join(ids[i], NULL);
        after += banks[i].moved, wrong += banks[i].failed;
    }
    CHECK(wrong == 0 && after > before, "8 backups among %d transfers, each of one moment: %s", after - before, c.message);
    void *copy = open_store(place("bank-7.copy"));
    sink_state to = {0};
    CHECK(get_into(copy, &c, key("large"), 0, HOLDFAST_WHOLE, NULL, &to) == HOLDFAST_OK && to.count == 40 * MIB && !to.mismatches
          && put(copy, key("o"), "x", 1, NULL, NULL) == HOLDFAST_OK, "a backup is a store");
    close_store(copy), close_store(banks[0].store), close_store(store);
}

static void expect_no_backup(void *store, const char *path, holdfast_status status, const char *word, const char *what) {
    char result[4096];
    context c = make_context(10 * SECOND);
    CHECK(invoke(store, &c, "sqlite.backup", path, result) == status && strstr(c.message, word) && !*result, "%s: %s", what, c.message);
}

static void *cancel_soon(void *call) {
    usleep(20000);
    ((context *)call)->is_cancelled = 1;
    return NULL;
}

static void check_backup_refusals(void) {
    mkdir(place("backups"), 0700);
    const char *path = place("backups/state.db");
    void *store = open_store(path);
    put(store, key("o"), "x", 1, NULL, NULL);
    expect_no_backup(store, "copy.db", HOLDFAST_INVALID, "absolute", "a relative path");
    expect_no_backup(store, path, HOLDFAST_INVALID, "belongs to the database", "the database itself");
    expect_no_backup(store, place("backups/../backups/state.db-wal"), HOLDFAST_INVALID, "belongs to the database", "its log");
    expect_no_backup(store, place("backups/state.db-journal"), HOLDFAST_INVALID, "belongs to the database", "a journal that is not there");
    write_file(place("backups/taken"), "mine", 4);
    expect_no_backup(store, place("backups/taken"), HOLDFAST_INVALID, "exists", "a file that exists");
    CHECK(size_of(place("backups/taken")) == 4, "which stays as it was");
    expect_no_backup(store, place("backups/none/copy"), HOLDFAST_INVALID, "No such", "a missing directory");
    int names = count_names(place("backups"));
    is_disk_full = 1;
    expect_no_backup(store, place("backups/copy"), HOLDFAST_FULL, "full", "a full disk");
    is_disk_full = 0;
    source_state large = {.count = 200 * MIB};
    context c = make_context(60 * SECOND);
    put_from(store, &c, key("large"), NULL, &large, 200 * MIB, NULL);
    char result[4096];
    context stopped = make_context(60 * SECOND);
    pthread_t id;
    pthread_create(&id, NULL, cancel_soon, &stopped);
    CHECK(invoke(store, &stopped, "sqlite.backup", place("backups/copy"), result) == HOLDFAST_CANCELLED, "a backup is cancelled: %s", stopped.message);
    pthread_join(id, NULL);
    CHECK(count_names(place("backups")) == names, "none of them leaves a file");
    close_store(store);
}

static void check_backups(void) {
    check_backup_under_load();
    check_backup_refusals();
}

#endif  // CHECKS_BACKUPS_H
