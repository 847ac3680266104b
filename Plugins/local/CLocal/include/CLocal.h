// SPDX-License-Identifier: Apache-2.0
//
// The system calls that Swift cannot make by itself: variadic ones, and those whose C types do not
// import well, or lie behind _GNU_SOURCE. Each returns -1 and sets errno when it fails, unless its
// comment says otherwise.

#ifndef HOLDFAST_CLOCAL_H
#define HOLDFAST_CLOCAL_H

#include <dirent.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// What the driver needs to know of a file.
typedef struct local_facts {
    uint32_t mode;
    uint32_t links;
    uint64_t device;
    uint64_t inode;
    uint64_t bytes;
    int64_t modified_ns;
    int64_t changed_ns;
    int64_t born_ns;  // 0 where the file system keeps no time of birth
} local_facts;

// openat, always with O_CLOEXEC.
int local_open(int directory, const char *path, int flags, uint32_t mode);

// openat2 that never leaves `root` and never follows a symbolic link, always with O_CLOEXEC.
int local_open_beneath(int root, const char *path, int flags, uint32_t mode);

// statx of `path` in `directory` without following a last symbolic link; an empty path means the
// descriptor itself.
int local_facts_at(int directory, const char *path, local_facts *facts);

// statx of a path of the machine; a last symbolic link is followed.
int local_facts_of(const char *path, local_facts *facts);

// The name of a directory entry: `d_name` is an array that Swift imports as a tuple.
const char *local_entry_name(const struct dirent *entry);

// fsetxattr and fgetxattr.
int local_set_attribute(int file, const char *name, const void *value, size_t size);
ssize_t local_attribute(int file, const char *name, void *value, size_t capacity);

// Starts to write a part of a file out to the disk, without waiting.
int local_start_writing(int file, int64_t offset, int64_t bytes);

// Waits until a part of a file is written out. It reports a failed write, but does not replace fsync.
int local_finish_writing(int file, int64_t offset, int64_t bytes);

// pthread_cond_clockwait with CLOCK_MONOTONIC. Returns 0 or an errno.
int local_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t until_ns);

// The name ("ENOSPC") and the words of an errno, or NULL for an unknown one.
const char *local_error_name(int number);
const char *local_error_text(int number);

#endif
