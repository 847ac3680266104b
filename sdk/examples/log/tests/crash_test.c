// SPDX-License-Identifier: Apache-2.0
// Writers that are killed in the middle.
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEYS = 5, ROUNDS = 40, LINES = 9000 };

typedef struct acknowledged {
    int number;
    char version[257];
} acknowledged;

static void fill(char *text, int number) {
    for (int line = 0; line < LINES; line++) sprintf(text + line * 9, "%08d\n", number);
}

// Writes rising numbers under a few keys, in turn, and says each version that was acknowledged. The
// compaction of the small garbage is killed as well.
static void write_on(const char *path, int first, int output) {
    static char text[LINES * 9 + 1];
    void *store = open_with(path, 0, 256 << 10);
    if (store == NULL) _exit(1);
    for (int number = first;; number++) {
        acknowledged done = {.number = number};
        char name[16];
        snprintf(name, sizeof name, "key-%d", number % KEYS);
        fill(text, number);
        if (put(store, name, ANY, text, done.version) != HOLDFAST_OK) _exit(1);
        if (write(output, &done, sizeof done) != sizeof done) _exit(1);
    }
}

void check_crashes(void) {
    acknowledged said, last[KEYS];
    const char *path = in_scratch("kills");
    static char text[LINES * 9 + 1];
    bool whole = true, kept = true;
    int next = 0, writes = 0;
    memset(last, 0, sizeof last);
    for (int round = 0; round < ROUNDS; round++) {
        int ends[2];
        CHECK(pipe(ends) == 0, "(a pipe)");
        pid_t child = fork();
        if (child == 0) write_on(path, next, ends[1]);
        close(ends[1]);
        uint64_t wanted = 1 + random_number() % 8;
        for (bool killed = false; read(ends[0], &said, sizeof said) == sizeof said; writes++) {
            last[said.number % KEYS] = said;
            next = said.number + 1;
            if (!killed && --wanted == 0) {
                usleep((useconds_t)(random_number() % 3000));
                kill(child, SIGKILL);
                killed = true;
            }
        }
        waitpid(child, NULL, 0);
        close(ends[0]);
        void *store = open_store(path);
        CHECK(store != NULL, "a store of a killed writer opens");
        if (store == NULL) return;
        for (int index = 0; index < KEYS; index++) {
            char name[16];
            snprintf(name, sizeof name, "key-%d", index);
            reading found = {0};
            holdfast_status status = get(store, name, 0, HOLDFAST_WHOLE, &found);
            // The first write of a key may have been lost in flight.
            if (status == HOLDFAST_NOT_FOUND && last[index].version[0] == '\0') continue;
            kept = kept && status == HOLDFAST_OK;
            // The write in flight may have been made, too.
            int number = found.got > 0 ? atoi((const char *)found.data) : -1;
            fill(text, number);
            whole = whole && found.got == LINES * 9 && memcmp(found.data, text, found.got) == 0;
            kept = kept && (number == next ||
                            (number == last[index].number &&
                             strcmp(found.version, last[index].version) == 0));
            last[index].number = number;
            strcpy(last[index].version, found.version);
            release(&found);
        }
        next++;
        close_store(store);
    }
    CHECK(writes >= ROUNDS, "(killed writers wrote)");
    CHECK(whole, "no object is torn by kill -9");
    CHECK(kept, "every acknowledged object is there, with its version");
}
