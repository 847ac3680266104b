// SPDX-License-Identifier: Apache-2.0
// The file as the file system sees it: making it, and holding its lock.
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

// Makes the missing directories above `path`, each durable before the next.
static int make_directories(const char *path) {
    char part[4096];
    size_t size = strlen(path);
    if (size >= sizeof part) return ENAMETOOLONG;
    memcpy(part, path, size + 1);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0700) == 0) {
            int number = log_sync_directory(part);
            if (number != 0) return number;
        } else if (errno != EEXIST) {
            return errno;
        }
        *slash = '/';
    }
    return 0;
}

// Takes the lock of an open file. On success `*same` tells whether `path` still leads to the file:
// whoever compacts a store puts a new file in its place.
static holdfast_status lock(const holdfast_call *call, const char *path, int number, bool *same) {
    struct stat mine, there;
    if (fstat(number, &mine) != 0)
        return log_fail_errno(call, HOLDFAST_APPLIED_NO, errno, "could not look at '%s'", path);
    if (!S_ISREG(mine.st_mode))
        return log_fail(call, HOLDFAST_INVALID,
                        "'%s' is not a regular file; set the option path to the store's file",
                        path);
    while (flock(number, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        if (errno == EWOULDBLOCK)
            return log_fail(call, HOLDFAST_UNAVAILABLE,
                            "'%s' is open already, here or in another process; a log store has one "
                            "user at a time: close the other one first", path);
        return log_fail_errno(call, HOLDFAST_APPLIED_NO, errno, "could not lock '%s'", path);
    }
    *same = stat(path, &there) == 0 && there.st_dev == mine.st_dev && there.st_ino == mine.st_ino;
    return HOLDFAST_OK;
}

holdfast_status log_open_file(const holdfast_call *call, const char *path, bool must_exist,
                              int *number) {
    int error = must_exist ? 0 : make_directories(path);
    if (error != 0)
        return log_fail_errno(call, HOLDFAST_APPLIED_NO, error,
                              "could not make the directory of '%s'", path);
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (must_exist ? 0 : O_CREAT);
    bool same = false;
    while (!same) {
        holdfast_status status = log_poll(call);
        if (status != HOLDFAST_OK) return status;
        *number = open(path, flags, 0600);
        if (*number < 0 && errno == ENOENT && must_exist)
            return log_fail(call, HOLDFAST_NOT_FOUND, "there is no file '%s'", path);
        if (*number < 0)
            return log_fail_errno(call, HOLDFAST_APPLIED_NO, errno, "could not open '%s'", path);
        status = lock(call, path, *number, &same);
        if (status != HOLDFAST_OK || !same) close(*number);
        if (status != HOLDFAST_OK) return status;
    }
    return HOLDFAST_OK;
}
