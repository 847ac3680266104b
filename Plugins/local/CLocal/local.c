// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CLocal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

int local_open(int directory, const char *path, int flags, uint32_t mode) {
    int result;
    do {
        result = openat(directory, path, flags | O_CLOEXEC, (mode_t)mode);
    } while (result < 0 && errno == EINTR);
    return result;
}

int local_open_beneath(int root, const char *path, int flags, uint32_t mode) {
    struct open_how how = {
        .flags = (uint64_t)(uint32_t)(flags | O_CLOEXEC),
        .mode = (flags & O_CREAT) != 0 ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long result;
    do {
        // The kernel answers EAGAIN when a rename elsewhere made a lookup uncertain.
        result = syscall(SYS_openat2, root, path, &how, sizeof how);
    } while (result < 0 && (errno == EINTR || errno == EAGAIN));
    return (int)result;
}

static int64_t nanoseconds(const struct statx_timestamp *time) {
    return time->tv_sec * INT64_C(1000000000) + time->tv_nsec;
}

static int facts_of(int directory, const char *path, int flags, local_facts *facts) {
    struct statx answer;
    if (statx(directory, path, flags, STATX_BASIC_STATS | STATX_BTIME, &answer) != 0) return -1;
    facts->mode = answer.stx_mode;
    facts->links = answer.stx_nlink;
    facts->device = (uint64_t)answer.stx_dev_major << 32 | answer.stx_dev_minor;
    facts->inode = answer.stx_ino;
    facts->bytes = answer.stx_size;
    facts->modified_ns = nanoseconds(&answer.stx_mtime);
    facts->changed_ns = nanoseconds(&answer.stx_ctime);
    facts->born_ns = (answer.stx_mask & STATX_BTIME) != 0 ? nanoseconds(&answer.stx_btime) : 0;
    return 0;
}

int local_facts_at(int directory, const char *path, local_facts *facts) {
    int flags = path[0] == '\0' ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW;
    return facts_of(directory, path, flags, facts);
}

int local_facts_of(const char *path, local_facts *facts) {
    return facts_of(AT_FDCWD, path, 0, facts);
}

const char *local_entry_name(const struct dirent *entry) { return entry->d_name; }

int local_set_attribute(int file, const char *name, const void *value, size_t size) {
    return fsetxattr(file, name, value, size, 0);
}

ssize_t local_attribute(int file, const char *name, void *value, size_t capacity) {
    return fgetxattr(file, name, value, capacity);
}

int local_start_writing(int file, int64_t offset, int64_t bytes) {
    return sync_file_range(file, offset, bytes, SYNC_FILE_RANGE_WRITE);
}

int local_finish_writing(int file, int64_t offset, int64_t bytes) {
    unsigned all = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    return sync_file_range(file, offset, bytes, all);
}

int local_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t until_ns) {
    struct timespec until = {
        .tv_sec = (time_t)(until_ns / 1000000000),
        .tv_nsec = (long)(until_ns % 1000000000),
    };
    return pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, &until);
}

const char *local_error_name(int number) { return strerrorname_np(number); }

const char *local_error_text(int number) { return strerrordesc_np(number); }
