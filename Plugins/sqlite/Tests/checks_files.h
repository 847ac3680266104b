// SPDX-License-Identifier: Apache-2.0
//
// What is in the file system: modes, files that are not ours, disks that fail.

#ifndef CHECKS_FILES_H
#define CHECKS_FILES_H

#include "harness.h"

// ---- System calls that fail on demand: these definitions take the place of the C library's ----

static _Atomic int sync_count, failing_syncs, is_disk_full;
static _Atomic long file_system_magic;

int fdatasync(int file) {
    sync_count++;
    if (failing_syncs) { failing_syncs--; errno = EIO; return -1; }
    return fsync(file);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off_t offset) {
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
    if (is_disk_full) { errno = ENOSPC; return -1; }
    return real(file, bytes, count, offset);
}

int statfs(const char *path, struct statfs *info) {
    static int (*real)(const char *, struct statfs *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "statfs");
    int result = real(path, info);
    if (file_system_magic) info->f_type = file_system_magic;
    return result;
}

// ---- Opening --------------------------------------------------------------------------------

static mode_t mode_of(const char *path) {
    struct stat info;
    return stat(path, &info) ? 0 : info.st_mode & 0777;
}

static void write_file(const char *path, const char *bytes, size_t count) {
    FILE *file = fopen(path, "w");
    if (file) fwrite(bytes, 1, count, file), fclose(file);
}

static void expect_refusal(const char *path, holdfast_status status, const char *word, const char *what) {
    context c = make_context(10 * SECOND);
    void *store = open_with(path, &c);
    CHECK(!store && c.status == status && strstr(c.message, word) && strstr(c.message, path), "%s: %s", what, c.message);
    if (store) close_store(store);
}

static void check_files(void) {
    mode_t old = umask(0);
    void *store = open_store(place("new/deep/state.db"));
    put(store, key("o"), "x", 1, NULL, NULL);
    umask(old);
    CHECK(mode_of(place("new")) == 0700 && mode_of(place("new/deep")) == 0700, "directories are the owner's only");
    CHECK(mode_of(place("new/deep/state.db")) == 0600 && mode_of(place("new/deep/state.db-wal")) == 0600
          && mode_of(place("new/deep/state.db-shm")) == 0600 && mode_of(place("new/deep/state.db-owners")) == 0600,
          "files are the owner's only");
    CHECK(!strcmp(sql(place("new/deep/state.db"), "PRAGMA journal_mode"), "wal"), "the log is in use");
    close_store(store);
    CHECK(access(place("new/deep/state.db-wal"), F_OK) != 0, "the log is gone after closing");

    write_file(place("garbage.db"), "this is no database, but long enough to look at: ......................................................", 100);
    expect_refusal(place("garbage.db"), HOLDFAST_CORRUPT, ".recover", "not a database");
    write_file(place("byte.db"), "x", 1);
    expect_refusal(place("byte.db"), HOLDFAST_CORRUPT, "one byte", "a file of one byte");
    sql(place("foreign.db"), "CREATE TABLE people (name)");
    expect_refusal(place("foreign.db"), HOLDFAST_INVALID, "table people", "another application's tables");
    sql(place("marked.db"), "PRAGMA application_id = 77");
    expect_refusal(place("marked.db"), HOLDFAST_INVALID, "77", "another application's mark");
    CHECK(!strcmp(sql(place("foreign.db"), "PRAGMA journal_mode"), "delete"), "and it stays as it was");
    close_store(open_store(place("newer.db")));
    sql(place("newer.db"), "PRAGMA user_version = 7");
    expect_refusal(place("newer.db"), HOLDFAST_NEWER_FORMAT, "7", "a newer format");
    expect_refusal(directory, HOLDFAST_INVALID, "not a file", "a directory");
    file_system_magic = 0x6969;
    expect_refusal(place("remote.db"), HOLDFAST_UNSUPPORTED, "NFS", "a network file system");
    file_system_magic = 0;
    CHECK(access(place("remote.db"), F_OK) != 0, "nothing was made there");
}

static void check_damage(void) {
    const char *path = place("damaged.db");
    void *store = open_store(path);
    static uint8_t bytes[60000];
    for (int i = 0; i < 20; i++) {
        char name[32];
        snprintf(name, 32, "o/%d", i);
        put(store, key(name), bytes, sizeof bytes, NULL, NULL);
    }
    close_store(store);
    int file = open(path, O_RDWR);
    for (int page = 8; page < 40; page++) pwrite(file, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, page * 4096);
    close(file);
    store = open_store(path);
    int corrupt = 0, other = 0;
    for (int i = 0; i < 20; i++) {
        char name[32];
        snprintf(name, 32, "o/%d", i);
        context c = make_context(10 * SECOND);
        sink_state to = {.bytes = malloc(MIB), .room = MIB};
        holdfast_status status = get_into(store, &c, key(name), 0, HOLDFAST_WHOLE, NULL, &to);
        if (status == HOLDFAST_CORRUPT) corrupt += strstr(c.message, ".recover") || strstr(c.message, "backup");
        else other += status != HOLDFAST_OK || to.count != sizeof bytes || memcmp(to.bytes, bytes, sizeof bytes);
        free(to.bytes);
    }
    CHECK(corrupt > 0 && other == 0, "damaged pages are reported (%d), the rest is whole", corrupt);
    close_store(store);
}

static void check_adoption(void) {
    const char *path = place("original.db");
    const char *table = "CREATE TABLE runfabric_receipts (workspace_id TEXT NOT NULL, stage TEXT NOT NULL, data TEXT NOT NULL,"
                        " updated_at TEXT NOT NULL, PRIMARY KEY (workspace_id, stage))";
    const char *json = "{\"service\":\"api\",\"provider\":\"aws\", \"stage\":\"dev\"}";
    char insert[400];
    sql(path, table);
    snprintf(insert, sizeof insert, "INSERT INTO runfabric_receipts VALUES ('/w', 'dev', '%s', '2024-05-06T07:08:09Z'),"
             " ('/w', 'prod', CAST('%s' AS BLOB), 'yesterday')", json, json);
    sql(path, insert);
    void *store = open_store(path);
    object_info info;
    CHECK(has_bytes(store, make_key("state", "/w", "api/dev/aws.state.json"), json, strlen(json)), "an original receipt is adopted");
    CHECK(has_bytes(store, make_key("state", "/w", "api/prod/aws.state.json"), json, strlen(json)), "also one that is a blob");
    CHECK(head(store, make_key("state", "/w", "api/dev/aws.state.json"), &info) == HOLDFAST_OK
          && info.modified_ns == 1714979289 * SECOND && strlen(info.version) == 32, "with its time and a version");
    CHECK(!strcmp(sql(path, "SELECT stage, updated_at FROM runfabric_receipts ORDER BY stage"), "dev|2024-05-06T07:08:09Z\nprod|yesterday"), "its row keeps its words");
    CHECK(put(store, make_key("state", "/w", "web/dev/aws.state.json"), "{}", 2, "", NULL) == HOLDFAST_OK
          && put(store, make_key("state", "/w", "api/dev/aws.state.json"), "{}", 2, info.version, NULL) == HOLDFAST_OK,
          "a second service has room beside it");
    close_store(store);
    sql(place("unnamed.db"), table);
    sql(place("unnamed.db"), "INSERT INTO runfabric_receipts VALUES ('/w', 'dev', '{\"service\":\"a/b\",\"provider\":\"x\"}', '')");
    expect_refusal(place("unnamed.db"), HOLDFAST_INVALID, "stage 'dev'", "a receipt without a usable name");
    CHECK(!strcmp(sql(place("unnamed.db"), "SELECT count(*) FROM runfabric_receipts"), "1"), "which stays as it was");
}

// ---- While open -----------------------------------------------------------------------------

static void check_replaced_file(void) {
    const char *path = place("moved.db");
    void *store = open_store(path);
    put(store, key("o"), "x", 1, NULL, NULL);
    rename(path, place("moved-away.db"));
    char domain[128] = "";
    context c = make_context(10 * SECOND);
    CHECK(ping(store, &c, domain) == HOLDFAST_UNAVAILABLE && c.retry == HOLDFAST_RETRY_REOPEN, "ping misses a moved file: %s", c.message);
    c = make_context(10 * SECOND);
    CHECK(put_within(store, &c, key("o"), "y", 1, NULL, NULL) == HOLDFAST_UNAVAILABLE && c.applied == HOLDFAST_APPLIED_NO,
          "a write to a moved file is not acknowledged");
    rename(place("moved-away.db"), path);
    CHECK(ping(store, &c, domain) == HOLDFAST_OK && !strncmp(domain, "boot:", 5), "ping finds it again, with the clock %s", domain);
    CHECK(has_bytes(store, key("o"), "x", 1) && put(store, key("o"), "y", 1, NULL, NULL) == HOLDFAST_OK, "and writes go on");
    close_store(store);
}

static void check_failing_disk(void) {
    void *store = open_store(place("disk.db"));
    put(store, key("o"), "old", 3, NULL, NULL);
    int before = sync_count;
    put(store, key("o"), "old", 3, NULL, NULL);
    CHECK(sync_count > before, "a write syncs the disk before it is acknowledged");
    is_disk_full = 1;
    context c = make_context(10 * SECOND);
    CHECK(put_within(store, &c, key("o"), "new", 3, NULL, NULL) == HOLDFAST_FULL && c.applied == HOLDFAST_APPLIED_NO, "a full disk: %s", c.message);
    source_state large = {.count = 4 * MIB};
    c = make_context(10 * SECOND);
    CHECK(put_from(store, &c, key("o"), NULL, &large, 4 * MIB, NULL) == HOLDFAST_FULL && c.applied == HOLDFAST_APPLIED_NO, "a full disk for a large write");
    is_disk_full = 0;
    CHECK(has_bytes(store, key("o"), "old", 3), "the old value is whole");
    CHECK(put(store, key("o"), "new", 3, NULL, NULL) == HOLDFAST_OK && has_bytes(store, key("o"), "new", 3), "and writing goes on");

    failing_syncs = 1;
    c = make_context(10 * SECOND);
    CHECK(put_within(store, &c, key("o"), "bad", 3, NULL, NULL) == HOLDFAST_IO && c.applied == HOLDFAST_APPLIED_NO
          && !strcmp(c.vendor, "SQLITE_IOERR_FSYNC"), "one failed sync, overwritten: %s", c.message);
    CHECK(has_bytes(store, key("o"), "new", 3), "the old value is whole");
    failing_syncs = 2;
    c = make_context(10 * SECOND);
    CHECK(put_within(store, &c, key("o"), "bad", 3, NULL, NULL) == HOLDFAST_IO && c.applied == HOLDFAST_APPLIED_UNKNOWN, "two failed syncs are not known");
    object_info info;
    CHECK(head(store, key("o"), &info) == HOLDFAST_UNAVAILABLE, "and nobody reads what may change in a crash");
    CHECK(put(store, key("p"), "x", 1, NULL, NULL) == HOLDFAST_OK && has_bytes(store, key("o"), "new", 3), "a later write settles it");
    close_store(store);
}

#endif  // CHECKS_FILES_H
