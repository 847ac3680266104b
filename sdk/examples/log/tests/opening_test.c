// SPDX-License-Identifier: Apache-2.0
// What is opened, made, refused and locked.
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void write_file(const char *path, const char *bytes, size_t count) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(file >= 0 && write(file, bytes, count) == (ssize_t)count, "(a file is written by hand)");
    close(file);
}

static void check_existing(void) {
    const char *path = in_scratch("none/at/all");
    CHECK(open_with(path, HOLDFAST_OPEN_EXISTING, 1 << 20) == NULL &&
              last_status == HOLDFAST_NOT_FOUND && strstr(last_message, path) != NULL,
          "a missing store is not found");
    CHECK(access(in_scratch("none"), F_OK) != 0, "and nothing is made");
    write_file(in_scratch("blank"), "", 0);
    CHECK(open_with(in_scratch("blank"), HOLDFAST_OPEN_EXISTING, 1 << 20) == NULL &&
              last_status == HOLDFAST_NOT_FOUND && file_size(in_scratch("blank")) == 0,
          "nor is a blank file a store");
    CHECK(open_with(in_scratch("blank"), 4, 1 << 20) == NULL && last_status == HOLDFAST_UNSUPPORTED,
          "an unknown flag is refused");
    void *store = open_store(in_scratch("blank"));
    CHECK(store != NULL, "a blank file becomes one");
    close_store(store);
    store = open_with(in_scratch("blank"), HOLDFAST_OPEN_EXISTING, 1 << 20);
    CHECK(store != NULL && put(store, "a", ABSENT, "x", NULL) == HOLDFAST_OK, "and is one then");
    close_store(store);
    struct stat facts;
    CHECK(stat(in_scratch("streams"), &facts) == 0 && (facts.st_mode & 0777) == 0600,
          "what is made is for its owner only");
}

static void check_refused(void) {
    CHECK(open_store("relative/path") == NULL && last_status == HOLDFAST_INVALID,
          "a relative path is refused");
    CHECK(open_with(in_scratch("small"), 0, 100) == NULL && last_status == HOLDFAST_INVALID &&
              access(in_scratch("small"), F_OK) != 0,
          "a wrong option is refused before anything is made");
    CHECK(open_store(scratch) == NULL && last_status == HOLDFAST_FORBIDDEN, "so is a directory");
    const char words[] = "these are someone's notes, longer than a header is";
    write_file(in_scratch("notes"), words, sizeof words);
    CHECK(open_store(in_scratch("notes")) == NULL && last_status == HOLDFAST_INVALID &&
              file_size(in_scratch("notes")) == sizeof words,
          "a foreign file is left alone");
    write_file(in_scratch("short"), "abc", 3);
    CHECK(open_store(in_scratch("short")) == NULL && last_status == HOLDFAST_INVALID,
          "also a short one");
    mkfifo(in_scratch("fifo"), 0600);
    CHECK(open_store(in_scratch("fifo")) == NULL && last_status == HOLDFAST_INVALID,
          "a FIFO does not hang");
    CHECK(symlink(in_scratch("blank"), in_scratch("link")) == 0 &&
              open_store(in_scratch("link")) == NULL && last_status == HOLDFAST_FORBIDDEN,
          "a symbolic link is refused");
    CHECK(open_store(in_scratch("notes/below")) == NULL && last_status == HOLDFAST_FORBIDDEN,
          "and a path below a file");
}

static void check_lock(void) {
    void *store = open_store(in_scratch("locked"));
    CHECK(open_store(in_scratch("locked")) == NULL && last_status == HOLDFAST_UNAVAILABLE &&
              strstr(last_message, "is open already") != NULL &&
              last_error.retry == HOLDFAST_RETRY_SAME,
          "a second user of this process is told");
    pid_t child = fork();
    if (child == 0) {
        void *other = open_store(in_scratch("locked"));
        _exit(other == NULL && last_status == HOLDFAST_UNAVAILABLE ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(status == 0, "and one of another process");
    CHECK(put(store, "a", ANY, "x", NULL) == HOLDFAST_OK, "the first goes on");
    CHECK(rename(in_scratch("locked"), in_scratch("moved")) == 0 &&
              put(store, "a", ANY, "y", NULL) == HOLDFAST_UNAVAILABLE &&
              last_error.retry == HOLDFAST_RETRY_REOPEN,
          "a file that was moved away is not written to");
    CHECK(rename(in_scratch("moved"), in_scratch("locked")) == 0 && has_text(store, "a", "x") &&
              put(store, "a", ANY, "y", NULL) == HOLDFAST_OK,
          "until it is back");
    close_store(store);
    store = open_store(in_scratch("locked"));
    CHECK(store != NULL && has_text(store, "a", "y"), "closing gives the lock back");
    close_store(store);
}

void check_opening(void) {
    check_existing();
    check_refused();
    check_lock();
}
