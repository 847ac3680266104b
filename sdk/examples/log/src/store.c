// SPDX-License-Identifier: Apache-2.0
// A store's life, and the commits that all its writes end in.
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// The name of this boot, for the clock; without it the store has no clock.
static void read_boot_id(char *to, size_t capacity) {
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, to, capacity - 1);
    if (file >= 0) close(file);
    to[size > 0 ? size : 0] = '\0';
    to[strcspn(to, "\n")] = '\0';
}

// A file that was made and never got its header, because a crash came between.
static bool is_blank(const uint8_t *header, uint64_t size) {
    for (uint64_t index = 0; index < size; index++) {
        if (header[index] != 0) return false;
    }
    return size <= LOG_HEADER_SIZE;
}

static holdfast_status make_store(const holdfast_call *call, log_store *store) {
    uint8_t header[LOG_HEADER_SIZE];
    int number = log_random(store->file.salt, LOG_SALT_SIZE);
    log_make_header(&store->file, header);
    if (number == 0) number = log_write_all(store->file.number, header, sizeof header, 0);
    if (number == 0 && fsync(store->file.number) != 0) number = errno;
    if (number == 0) number = log_sync_directory(store->path);
    store->file.tail = LOG_HEADER_SIZE;
    return number == 0 ? HOLDFAST_OK
                       : log_fail_errno(call, HOLDFAST_APPLIED_NO, number, "could not make '%s'",
                                        store->path);
}

static holdfast_status check_header(const holdfast_call *call, log_store *store,
                                    const uint8_t *header, uint64_t size) {
    uint8_t expected[LOG_HEADER_SIZE];
    log_make_header(&store->file, expected);
    if (size < LOG_HEADER_SIZE || memcmp(header, expected, 12) != 0)
        return log_fail(call, HOLDFAST_INVALID,
                        "'%s' is not a log store; set the option path to another file",
                        store->path);
    if (log_load32(header + 36) != log_crc(0, header, 36))
        return log_fail(call, HOLDFAST_CORRUPT, "the header of '%s' is damaged; restore a copy",
                        store->path);
    if (log_load32(header + 12) != 1)
        return log_fail(call, HOLDFAST_NEWER_FORMAT,
                        "'%s' has format %u and this driver knows 1; update the driver",
                        store->path, log_load32(header + 12));
    memcpy(store->file.salt, header + 16, LOG_SALT_SIZE);
    return HOLDFAST_OK;
}

// Reads what is in the locked file, or makes a store of a blank one.
static holdfast_status load(const holdfast_call *call, log_store *store, bool must_exist) {
    uint8_t header[LOG_HEADER_SIZE] = {0};
    struct stat facts;
    int number = fstat(store->file.number, &facts) == 0 ? 0 : errno;
    uint64_t size = number == 0 ? (uint64_t)facts.st_size : 0;
    size_t known = size < sizeof header ? (size_t)size : sizeof header;
    if (number == 0) number = log_read_all(store->file.number, header, known, 0);
    if (number != 0)
        return log_fail_errno(call, HOLDFAST_APPLIED_NO, number, "could not read '%s'",
                              store->path);
    store->device = facts.st_dev;
    store->inode = facts.st_ino;
    if (is_blank(header, size)) {
        if (!must_exist) return make_store(call, store);
        return log_fail(call, HOLDFAST_NOT_FOUND, "'%s' is blank: no store was made yet",
                        store->path);
    }
    holdfast_status status = check_header(call, store, header, size);
    return status == HOLDFAST_OK ? log_recover(call, store, size) : status;
}

static void remove_leftover(const char *path) {
    char name[4200];
    snprintf(name, sizeof name, "%s.compact", path);
    unlink(name);
}

holdfast_status log_open(const holdfast_call *call, const char *path, uint64_t compact_at,
                         bool must_exist, log_store **result) {
    log_store *store = calloc(1, sizeof *store);
    if (store != NULL) store->path = strdup(path);
    if (store == NULL || store->path == NULL) {
        free(store);
        return log_fail_errno(call, HOLDFAST_APPLIED_NO, ENOMEM, "could not open '%s'", path);
    }
    store->compact_at = compact_at;
    read_boot_id(store->boot_id, sizeof store->boot_id);
    holdfast_status status = log_open_file(call, path, must_exist, &store->file.number);
    if (status == HOLDFAST_OK) {
        status = load(call, store, must_exist);
        if (status == HOLDFAST_OK) remove_leftover(path);
        else close(store->file.number);
    }
    if (status == HOLDFAST_OK) {
        *result = store;
    } else {
        log_free_index(&store->index);
        free(store->path);
        free(store);
    }
    return status;
}

void log_close(log_store *store, const holdfast_call *call) {
    // The mark vouches for all before it: damage there is told from a write that a crash cut short.
    if (store->has_written && !store->is_broken) {
        uint8_t buffer[LOG_FRAME_SIZE + 8];
        uint64_t tail = store->file.tail;
        int number = log_append(&store->file, LOG_MARK, buffer, 0);
        if (number == 0 && fdatasync(store->file.number) != 0) number = errno;
        if (number != 0) {
            log_rewind(store, tail);
            log_warn(call, "could not mark the end of '%s': %s", store->path,
                     strerrorname_np(number));
        }
    }
    close(store->file.number);
    log_free_index(&store->index);
    free(store->path);
    free(store);
}

holdfast_status log_check_usable(const holdfast_call *call, const log_store *store) {
    if (!store->is_broken) return HOLDFAST_OK;
    return log_fail_reopen(call, HOLDFAST_IO,
                           "an earlier write to '%s' could not be brought to the disk; check the "
                           "disk, then open the store anew", store->path);
}

holdfast_status log_check_place(const holdfast_call *call, const log_store *store) {
    struct stat there;
    holdfast_status status = log_check_usable(call, store);
    if (status != HOLDFAST_OK) return status;
    if (stat(store->path, &there) == 0 && there.st_dev == store->device &&
        there.st_ino == store->inode)
        return HOLDFAST_OK;
    return log_fail_reopen(call, HOLDFAST_UNAVAILABLE,
                           "'%s' was moved, deleted or replaced while it was open; put it back, or "
                           "open the store anew", store->path);
}

void log_rewind(log_store *store, uint64_t tail) {
    // What stays behind the tail could be read as frames once others are written before it.
    if (ftruncate(store->file.number, (off_t)tail) != 0) store->is_broken = true;
    store->file.tail = tail;
}

holdfast_status log_commit(log_store *store, const holdfast_call *call, log_kind kind,
                           const log_object *object, uint64_t *space) {
    uint8_t buffer[LOG_FRAME_SIZE + LOG_MOST_COMMIT + 8];
    uint64_t before = store->file.tail;
    size_t size = log_encode_commit(buffer + LOG_FRAME_SIZE, object);
    if (size == 0)
        return log_fail(call, HOLDFAST_TOO_LARGE, "the key and the attributes take over %u bytes",
                        LOG_MOST_COMMIT);
    int number = log_append(&store->file, kind, buffer, size);
    if (number != 0) {
        log_rewind(store, before);
        return log_fail_errno(call, HOLDFAST_APPLIED_NO, number, "could not write '%s'",
                              store->path);
    }
    store->has_written = true;
    if (fdatasync(store->file.number) != 0) {
        // The kernel may have dropped the pages: a second call that succeeds would prove nothing.
        store->is_broken = true;
        return log_fail_errno(call, HOLDFAST_APPLIED_UNKNOWN, errno,
                              "could not bring a commit of '%s' to the disk", store->path);
    }
    *space = store->file.tail - before;
    return HOLDFAST_OK;
}
