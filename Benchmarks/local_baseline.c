// SPDX-License-Identifier: Apache-2.0
//
// The least that a durable replacement of a file costs: write, fsync, rename, fsync of the
// directory; and the least that reading one costs.
//
//     local_baseline put|get FOLDER COUNT

#define _GNU_SOURCE
#include "baseline.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int folder;
static char value[VALUE_BYTES];

static void put(int number) {
    (void)number;
    int file = openat(folder, "object.tmp", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) stop("open");
    if (write(file, value, sizeof value) != sizeof value) stop("write");
    if (fsync(file) != 0) stop("fsync");
    if (close(file) != 0) stop("close");
    if (renameat(folder, "object.tmp", folder, "object") != 0) stop("rename");
    if (fsync(folder) != 0) stop("fsync of the directory");
}

static void get(int number) {
    (void)number;
    char found[VALUE_BYTES];
    int file = openat(folder, "object", O_RDONLY | O_CLOEXEC);
    if (file < 0) stop("open");
    if (read(file, found, sizeof found) != sizeof found) stop("read");
    close(file);
}

int main(int count, char **arguments) {
    if (count != 4) return 2;
    folder = open(arguments[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) stop(arguments[2]);
    memset(value, 'v', sizeof value);
    put(0);
    measure(atoi(arguments[3]), strcmp(arguments[1], "get") == 0 ? get : put);
    return 0;
}
