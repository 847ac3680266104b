// SPDX-License-Identifier: Apache-2.0
//
// What the two baselines share: a clock, a sort and the way a result is printed.

#ifndef HOLDFAST_BASELINE_H
#define HOLDFAST_BASELINE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define VALUE_BYTES 4096

static inline void stop(const char *what) {
    perror(what);
    exit(1);
}

static inline int64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static inline int ascending(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

// Runs `step` count times to warm up, because a log that still grows costs more for each write, then
// count times more, and prints the median in microseconds and the rate per second.
static inline void measure(int count, void (*step)(int)) {
    int64_t *samples = calloc((size_t)count, sizeof *samples);
    if (samples == NULL) stop("calloc");
    for (int i = 0; i < count; i++) step(i);
    int64_t started = now_ns();
    for (int i = 0; i < count; i++) {
        int64_t before = now_ns();
        step(i);
        samples[i] = now_ns() - before;
    }
    double seconds = (double)(now_ns() - started) / 1e9;
    qsort(samples, (size_t)count, sizeof *samples, ascending);
    printf("{\"median_us\": %.3f, \"p99_us\": %.3f, \"rate\": %.1f}\n",
           (double)samples[count / 2] / 1e3, (double)samples[count * 99 / 100] / 1e3,
           count / seconds);
    free(samples);
}

#endif
