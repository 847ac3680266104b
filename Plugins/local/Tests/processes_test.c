// SPDX-License-Identifier: Apache-2.0
// Writers in several processes and threads, killed ones, and large objects.
#include "harness.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 8, THREADS = 8, STEPS = 25 };

// Adds one to a counter, as often as `steps`, by conditional writes alone.
static bool count_up(void *store, const char *path, int steps) {
    static _Thread_local reading now;
    for (int step = 0; step < steps;) {
        holdfast_status status = get(store, PATH(path), 0, HOLDFAST_WHOLE, &now);
        if (status != HOLDFAST_OK && status != HOLDFAST_NOT_FOUND) return false;
        bool exists = status == HOLDFAST_OK;
        char next[32];
        snprintf(next, sizeof next, "%d", exists ? atoi(now.bytes) + 1 : 1);
        status = put(store, PATH(path), exists ? now.version : ABSENT, next, NULL);
        if (status == HOLDFAST_OK) step++;
        else if (status != HOLDFAST_CONDITION) return false;
    }
    return true;
}

static int counted(void *store, const char *path) {
    static reading now;
    return get(store, PATH(path), 0, HOLDFAST_WHOLE, &now) == HOLDFAST_OK ? atoi(now.bytes) : -1;
}

static void *count_in_thread(void *store) {
    return count_up(store, "deep/er/counter", STEPS) ? store : NULL;
}

// Makes and removes an object next to those of other threads, so that their folder comes and goes.
static void *come_and_go(void *store) {
    static int next;
    char path[64];
    snprintf(path, sizeof path, "come/and/go/%d.json", __atomic_add_fetch(&next, 1, __ATOMIC_RELAXED));
    for (int step = 0; step < STEPS; step++) {
        if (put(store, PATH(path), ABSENT, "x", NULL) != HOLDFAST_OK ||
            remove_object(store, PATH(path), ANY) != HOLDFAST_OK) {
            fprintf(stderr, "%s: %d, %s\n", path, last_status, last_message);
            return NULL;
        }
    }
    return store;
}

// Removes the folder of `come_and_go` whenever it is empty, until it is told to stop.
static int is_over;

static void *remove_folders(void *unused) {
    static const char *const folders[] = {"come/and/go", "come/and", "come"};
    while (!__atomic_load_n(&is_over, __ATOMIC_ACQUIRE)) {
        for (size_t index = 0; index < sizeof folders / sizeof *folders; index++) {
            char path[4096];
            snprintf(path, sizeof path, "%s/counters/state/%s", scratch, folders[index]);
            rmdir(path);
        }
    }
    return unused;
}

static bool run_threads(void *store, void *(*body)(void *)) {
    pthread_t threads[THREADS];
    bool holds = true;
    for (int index = 0; index < THREADS; index++) {
        pthread_create(&threads[index], NULL, body, store);
    }
    for (int index = 0; index < THREADS; index++) {
        void *result = NULL;
        pthread_join(threads[index], &result);
        holds = holds && result != NULL;
    }
    return holds;
}

static void check_counters(void) {
    void *store = open_store(in_scratch("counters"));
    pid_t workers[PROCESSES];
    for (int index = 0; index < PROCESSES; index++) {
        workers[index] = start_worker("count", in_scratch("counters"), "", NULL);
    }
    bool ended = true;
    for (int index = 0; index < PROCESSES; index++) {
        int status;
        ended = waitpid(workers[index], &status, 0) > 0 && status == 0 && ended;
    }
    CHECK(ended, "8 processes count");
    CHECK(counted(store, "counter") == PROCESSES * STEPS, "no update of 8 processes is lost");
    CHECK(run_threads(store, count_in_thread), "8 threads count");
    CHECK(counted(store, "deep/er/counter") == THREADS * STEPS, "no update of 8 threads is lost");
    pthread_t remover;
    pthread_create(&remover, NULL, remove_folders, NULL);
    CHECK(run_threads(store, come_and_go), "a folder may vanish under a writer");
    __atomic_store_n(&is_over, 1, __ATOMIC_RELEASE);
    pthread_join(remover, NULL);
    CHECK(count_names(in_scratch("counters/state/come")) < 0, "and is gone at the end");
    close_store(store);
}

// ---- Kills ----------------------------------------------------------------------------------

// Writes numbers, each as 5,000 lines, and says each one that was acknowledged.
static int write_on(void *store) {
    static char bytes[5000 * 9 + 1];
    for (int number = counted(store, "number") + 1;; number++) {
        for (int line = 0; line < 5000; line++) sprintf(bytes + line * 9, "%08d\n", number);
        if (put(store, PATH("number"), ANY, bytes, NULL) != HOLDFAST_OK) return 1;
        if (write(STDOUT_FILENO, &number, sizeof number) != sizeof number) return 1;
    }
}

static bool is_whole(const reading *object) {
    for (int line = 0; line < 5000; line++) {
        if (memcmp(object->bytes, object->bytes + line * 9, 9) != 0) return false;
    }
    return object->size == 5000 * 9;
}

static void check_kills(void) {
    bool whole = true, acknowledged = true, tidy = true;
    int writes = 0;
    static reading now;
    for (int round = 0; round < 40; round++) {
        int output;
        pid_t worker = start_worker("write", in_scratch("kills"), "", &output);
        int last = -1, number;
        // The kill comes at any moment of a later write.
        uint64_t wanted = 1 + random_number() % 4;
        for (uint64_t step = 0; step < wanted; step++) {
            if (read(output, &number, sizeof number) == sizeof number) last = number, writes++;
        }
        usleep((useconds_t)(random_number() % 3000));
        kill(worker, SIGKILL);
        while (read(output, &number, sizeof number) == sizeof number) last = number, writes++;
        waitpid(worker, NULL, 0);
        close(output);
        void *store = open_store(in_scratch("kills"));
        tidy = tidy && count_names(in_scratch("kills/.tmp")) == 0;
        get(store, PATH("number"), 0, HOLDFAST_WHOLE, &now);
        whole = whole && is_whole(&now);
        acknowledged = acknowledged && atoi(now.bytes) >= last && last >= 0;
        close_store(store);
    }
    CHECK(writes >= 40, "(killed writers wrote)");
    CHECK(whole, "no object is torn by kill -9");
    CHECK(acknowledged, "none that was acknowledged is lost");
    CHECK(tidy, "no stray file is left after reopening");
}

void check_processes(void) {
    check_counters();
    check_kills();
}

int run_worker(const char *kind, const char *directory, const char *argument) {
    (void)argument;
    void *store = open_store(directory);
    if (store == NULL) return 1;
    if (strcmp(kind, "count") == 0) return !count_up(store, "counter", STEPS);
    if (strcmp(kind, "write") == 0) return write_on(store);
    return 2;
}

// ---- Large objects --------------------------------------------------------------------------

static holdfast_status read_pattern(void *context, uint8_t *buffer, uint64_t capacity,
                                    uint64_t *count) {
    uint64_t *left = context;
    *count = *left < capacity ? *left : capacity;
    memset(buffer, 'p', *count);
    *left -= *count;
    return HOLDFAST_OK;
}

static long peak_kilobytes(void) {
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long peak = -1;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "VmHWM: %ld", &peak);
    }
    if (file != NULL) fclose(file);
    return peak;
}

void check_large(void) {
    void *store = open_store(in_scratch("large"));
    static reading now;
    long before = peak_kilobytes();
    uint64_t left = UINT64_C(1) << 30;
    holdfast_source source = {sizeof source, 0, &left, left, read_pattern};
    CHECK(put_from(store, PATH("large"), ABSENT, &source, NULL, NULL) == HOLDFAST_OK,
          "1 GiB is written");
    CHECK(get(store, PATH("large"), 0, HOLDFAST_WHOLE, &now) == HOLDFAST_OK &&
              now.size == UINT64_C(1) << 30,
          "and read");
    CHECK(peak_kilobytes() - before < 8 * 1024, "in less than 8 MiB of memory");
    remove_object(store, PATH("large"), ANY);
    close_store(store);
}
