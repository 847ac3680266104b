// SPDX-License-Identifier: Apache-2.0
//
// What Swift cannot import from C: macros with casts, and functions with variable arguments.

#ifndef HOLDFAST_SQLITE_SHIM_H
#define HOLDFAST_SQLITE_SHIM_H

#include <errno.h>
#include <sqlite3.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

// Binds a copy, so that the caller's bytes need not outlive the call. SQLITE_TRANSIENT is a cast.
static inline int holdfast_sqlite_bind_text(sqlite3_stmt *statement, int index, const void *bytes,
                                            uint64_t count) {
    return sqlite3_bind_text64(statement, index, (const char *)bytes, count, SQLITE_TRANSIENT,
                               SQLITE_UTF8);
}

// Lends the bytes to SQLite until the statement is reset: a large value is not copied once more.
static inline int holdfast_sqlite_lend_text(sqlite3_stmt *statement, int index, const void *bytes,
                                            uint64_t count) {
    return sqlite3_bind_text64(statement, index, (const char *)bytes, count, SQLITE_STATIC,
                               SQLITE_UTF8);
}

static inline int holdfast_sqlite_lend_blob(sqlite3_stmt *statement, int index, const void *bytes,
                                            uint64_t count) {
    return sqlite3_bind_blob64(statement, index, bytes, count, SQLITE_STATIC);
}

// sqlite3_db_config takes variable arguments.
static inline int holdfast_sqlite_configure(sqlite3 *database, int option, int value) {
    return sqlite3_db_config(database, option, value, (int *)0);
}

// Reports the magic number of the file system at `path`; Swift's Glibc does not have statfs(2).
static inline int holdfast_sqlite_file_system(const char *path, uint32_t *magic) {
    struct statfs info;
    int result = statfs(path, &info);
    *magic = (uint32_t)info.f_type;
    return result;
}

// The two numbers of a device, as /proc/self/mountinfo has them; both are macros.
static inline uint32_t holdfast_sqlite_major(uint64_t device) { return major(device); }
static inline uint32_t holdfast_sqlite_minor(uint64_t device) { return minor(device); }

// Gives a file a name that nothing has; renameat2(2), which the C library shows to GNU sources only.
// Returns 0 or an error number.
static inline int holdfast_sqlite_rename_new(const char *from, const char *to) {
    const int in_working_directory = -100, no_replace = 1;
    if (syscall(SYS_renameat2, in_working_directory, from, in_working_directory, to, no_replace) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS) return errno;
    // A file system without that: a link fails, too, where there is such a name.
    if (link(from, to) != 0) return errno;
    unlink(from);
    return 0;
}

#endif  // HOLDFAST_SQLITE_SHIM_H
