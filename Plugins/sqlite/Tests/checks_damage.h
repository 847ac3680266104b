// SPDX-License-Identifier: Apache-2.0
//
// Files that are damaged, incomplete or in a place where they cannot be kept.

#ifndef CHECKS_DAMAGE_H
#define CHECKS_DAMAGE_H

#include <sys/mman.h>

#include "checks_backups.h"

static const char *mounts;  // a file that takes the place of /proc/self/mountinfo

int open(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "open");
    return real(mounts && !strcmp(path, "/proc/self/mountinfo") ? mounts : path, flags, mode);
}

static _Atomic int has_no_shared_memory;

void *mmap64(void *address, size_t length, int protection, int flags, int file, off_t offset) {
    static void *(*real)(void *, size_t, int, int, int, off_t);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "mmap64");
    if (has_no_shared_memory && flags & MAP_SHARED && file >= 0) { errno = ENODEV; return MAP_FAILED; }
    return real(address, length, protection, flags, file, offset);
}

static void check_no_shared_memory(void) {
    close_store(open_store(place("unshared.db")));
    has_no_shared_memory = 1;
    expect_refusal(place("unshared.db"), HOLDFAST_IO, "share the log's index", "a file system whose files cannot be mapped");
    has_no_shared_memory = 0;
    close_store(open_store(place("unshared.db")));
}

static void check_network_file_systems(void) {
    const struct { long magic; const char *name; } all[] = {
        {0x6969, "NFS"}, {0x517b, "SMB"}, {0xff534d42, "CIFS"}, {0xfe534d42, "SMB2"}, {0x5346414f, "AFS"},
        {0x6b414653, "AFS"}, {0x73757245, "Coda"}, {0x564c, "NCP"}, {0x00c36400, "Ceph"}, {0x01161970, "GFS2"},
        {0x7461636f, "OCFS2"}, {0x01021997, "9p"}, {0x786f4256, "vboxsf"}, {0x0bd00bd0, "Lustre"}, {0x47504653, "GPFS"},
        {0x19830326, "BeeGFS"}, {0xaad7aaea, "PanFS"}, {0x20030528, "OrangeFS"}, {0xbacbacbc, "vmhgfs"}};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        file_system_magic = all[i].magic;
        expect_refusal(place("remote.db"), HOLDFAST_UNSUPPORTED, all[i].name, "a network file system");
    }
    // One number stands for all of FUSE; the kind is in the table of mounts.
    struct stat info;
    stat(directory, &info);
    file_system_magic = 0x65735546;
    const struct { const char *kind; int is_network; } kinds[] = {
        {"fuse.sshfs", 1}, {"fuse.gcsfuse", 1}, {"virtiofs", 1}, {"fuseblk", 0}, {"fuse.mergerfs", 0}};
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char line[300], name[40];
        snprintf(line, sizeof line, "20 1 0:5 / /proc rw - proc proc rw\n36 35 %u:%u / /mnt rw shared:1 - %s there rw\n",
                 gnu_dev_major(info.st_dev), gnu_dev_minor(info.st_dev), kinds[i].kind);
        write_file(place("mounts"), line, strlen(line));
        snprintf(name, sizeof name, "fuse-%u.db", i);
        mounts = place("mounts");
        if (kinds[i].is_network) expect_refusal(place(name), HOLDFAST_UNSUPPORTED, kinds[i].kind, "a file system in user space");
        else close_store(open_store(place(name)));
        CHECK((access(place(name), F_OK) == 0) == !kinds[i].is_network, "%s is %s", kinds[i].kind, kinds[i].is_network ? "refused" : "used");
        mounts = NULL;
    }
    file_system_magic = 0;
    CHECK(access(place("remote.db"), F_OK) != 0, "nothing was made there");
}

static void copy_file(const char *from, const char *to) {
    char command[1200];
    snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
    if (system(command)) printf("FAIL %s\n", command), failures++;
}

// A database with some hundred pages, closed.
static const char *filled(const char *name) {
    const char *path = place(name);
    void *store = open_store(path);
    static uint8_t bytes[20000];
    for (int i = 0; i < 40; i++) {
        char object[32];
        snprintf(object, sizeof object, "o/%d", i);
        put(store, key(object), bytes, sizeof bytes, NULL, NULL);
    }
    close_store(store);
    return path;
}

static void check_incomplete_files(void) {
    char whole[512];
    snprintf(whole, sizeof whole, "%s", filled("whole.db"));
    write_file(place("zero.db"), "", 0);
    void *fresh = open_store(place("zero.db"));
    CHECK(put(fresh, key("o"), "x", 1, "", NULL) == HOLDFAST_OK, "a file without a byte becomes a store");
    close_store(fresh);
    const off_t sizes[] = {50, 4096, 40960, 400000};
    for (int i = 0; i < 4; i++) {
        char name[32], result[4096];
        snprintf(name, sizeof name, "cut-%d.db", i);
        copy_file(whole, place(name));
        if (truncate(place(name), sizes[i])) return;
        int corrupt = 0, other = 0;
        context c = make_context(10 * SECOND);
        void *store = open_with(place(name), &c);
        if (!store) {
            corrupt += c.status == HOLDFAST_CORRUPT && strstr(c.message, ".recover");
        } else {
            for (int o = 0; o < 40; o++) {
                char object[32];
                object_info info;
                sink_state to = {.seed = 1};
                snprintf(object, sizeof object, "o/%d", o);
                c = make_context(10 * SECOND);
                int status = get_into(store, &c, key(object), 0, HOLDFAST_WHOLE, &info, &to);
                corrupt += status == HOLDFAST_CORRUPT && strstr(c.message, "sqlite.integrity_check") && strstr(c.message, ".recover");
                other += status != HOLDFAST_CORRUPT && status != HOLDFAST_OK;
            }
            context b = make_context(10 * SECOND);
            int status = invoke(store, &b, "sqlite.backup", place("cut.copy"), result);
            other += status != HOLDFAST_CORRUPT || access(place("cut.copy"), F_OK) == 0;
            close_store(store);
        }
        CHECK(corrupt > 0 && other == 0, "cut to %ld bytes: %s", (long)sizes[i], c.message);
        CHECK(size_of(place(name)) == sizes[i], "it stays as it was");
    }
}

static void check_format_versions(void) {
    close_store(open_store(place("older.db")));
    sql(place("older.db"), "PRAGMA user_version = 0");
    expect_refusal(place("older.db"), HOLDFAST_INVALID, "format version is 0", "a version that never was");
    sql(place("older.db"), "PRAGMA user_version = 2");
    expect_refusal(place("older.db"), HOLDFAST_NEWER_FORMAT, "version 2, and this driver knows up to version 1", "a newer file");
    sql(place("wide.db"), "PRAGMA encoding = 'UTF-16'; CREATE TABLE runfabric_receipts (workspace_id, stage, data, updated_at)");
    expect_refusal(place("wide.db"), HOLDFAST_UNSUPPORTED, "UTF-16", "another encoding");
}

// What lies beside a database that nobody has open: what another SQLite left, or somebody deleted.
static void check_left_logs(void) {
    const char *path = place("left.db");
    char log[600], index[600];
    static char noise[70000];
    snprintf(log, sizeof log, "%s-wal", path), snprintf(index, sizeof index, "%s-shm", path);
    void *store = open_store(path);
    put(store, key("o"), "x", 1, NULL, NULL);
    close_store(store);
    memset(noise, 0x5a, sizeof noise);
    write_file(log, noise, sizeof noise), write_file(index, noise, sizeof noise);
    store = open_store(path);
    CHECK(has_bytes(store, key("o"), "x", 1) && put(store, key("p"), "y", 1, NULL, NULL) == HOLDFAST_OK, "a log and an index that mean nothing are ignored");
    close_store(store);
    write_file(index, noise, 100);
    store = open_store(path);
    CHECK(has_bytes(store, key("p"), "y", 1), "and an index that was cut");
    unlink(log);
    context c = make_context(10 * SECOND);
    CHECK(put_within(store, &c, key("q"), "z", 1, NULL, NULL) == HOLDFAST_UNAVAILABLE && c.applied == HOLDFAST_APPLIED_NO
          && c.retry == HOLDFAST_RETRY_REOPEN && strstr(c.message, "-wal"), "a log that is deleted while open: %s", c.message);
    close_store(store);
    store = open_store(path);
    CHECK(has_bytes(store, key("p"), "y", 1) && put(store, key("q"), "z", 1, "", NULL) == HOLDFAST_OK, "opened again, it goes on");
    close_store(store);
}

static void check_places(void) {
    check_network_file_systems();
    check_incomplete_files();
    check_format_versions();
    check_left_logs();
    check_no_shared_memory();
}

#endif  // CHECKS_DAMAGE_H
