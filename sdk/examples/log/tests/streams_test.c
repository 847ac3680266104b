// SPDX-License-Identifier: Apache-2.0
// Bytes of all sizes, ranges, sources that fail, and calls that end early.
#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

enum { MOST = 300000, CHUNK = 65536 };
static uint8_t data[MOST];

static bool range_is(void *store, uint64_t size, uint64_t offset, uint64_t length) {
    reading found = {0};
    uint64_t start = offset < size ? offset : size;
    uint64_t count = length < size - start ? length : size - start;
    bool same = get(store, "bytes", offset, length, &found) == HOLDFAST_OK && found.got == count &&
                found.size == size && (count == 0 || memcmp(found.data, data + start, count) == 0);
    release(&found);
    return same;
}

static void check_sizes(void *store) {
    static const uint64_t sizes[] = {0, 1, 7, 8, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, MOST};
    for (size_t index = 0; index < sizeof sizes / sizeof *sizes; index++) {
        uint64_t size = sizes[index];
        bytes source = {data, size, 0, UINT64_MAX, size, 1 + random_number() % (2 * CHUNK)};
        if (index % 2 == 1) source.claimed = HOLDFAST_LENGTH_UNKNOWN;
        CHECK(put_bytes(store, "bytes", ANY, source, NULL, NULL) == HOLDFAST_OK, "it is written");
        CHECK(range_is(store, size, 0, HOLDFAST_WHOLE), "what is written comes back");
        CHECK(range_is(store, size, size, 1) && range_is(store, size, UINT64_MAX, UINT64_MAX),
              "nothing comes past the end");
        for (int round = 0; round < 20; round++) {
            CHECK(range_is(store, size, random_number() % (size + 2), random_number() % (size + 2)),
                  "a range comes back");
        }
    }
    reading found = {.stops_at = 1};
    CHECK(get(store, "bytes", 0, HOLDFAST_WHOLE, &found) == HOLDFAST_STOPPED &&
              found.got == CHUNK,
          "a consumer may stop");
    release(&found);
}

static void check_sources(void *store, const char *path) {
    long before = file_size(path);
    bytes broken = {data, MOST, 0, 200000, MOST, UINT64_MAX};
    CHECK(put_bytes(store, "bytes", ANY, broken, NULL, NULL) == HOLDFAST_SOURCE &&
              last_error.applied == HOLDFAST_APPLIED_NO,
          "a source that fails is said");
    bytes early = {data, 100000, 0, UINT64_MAX, 100001, UINT64_MAX};
    CHECK(put_bytes(store, "bytes", ANY, early, NULL, NULL) == HOLDFAST_SOURCE,
          "one that ends early");
    bytes late = {data, 100000, 0, UINT64_MAX, 99999, UINT64_MAX};
    CHECK(put_bytes(store, "bytes", ANY, late, NULL, NULL) == HOLDFAST_SOURCE, "one that goes on");
    CHECK(range_is(store, MOST, 0, HOLDFAST_WHOLE), "and nothing of it is visible");
    CHECK(file_size(path) == before, "or left in the file");
}

static void check_ends(void *store, const char *path) {
    long before = file_size(path);
    bytes source = {data, MOST, 0, UINT64_MAX, MOST, UINT64_MAX};
    // At each poll of a write that makes them all.
    int polls = 1;
    for (;; polls++) {
        polls_until_cancelled = polls;
        if (put_bytes(store, "other", ABSENT, source, NULL, NULL) != HOLDFAST_CANCELLED) break;
        CHECK(last_error.applied == HOLDFAST_APPLIED_NO && file_size(path) == before,
              "a cancelled write leaves nothing");
    }
    polls_until_cancelled = -1;
    CHECK(last_status == HOLDFAST_OK && polls > 6, "a write polls for each chunk");
    polls_until_cancelled = 3;
    reading found = {0};
    CHECK(get(store, "other", 0, HOLDFAST_WHOLE, &found) == HOLDFAST_CANCELLED,
          "a read can be cancelled");
    release(&found);
    polls_until_cancelled = -1;
    deadline_ns = 1;
    CHECK(put(store, "late", ANY, "x", NULL) == HOLDFAST_DEADLINE, "a late write is refused");
    CHECK(remove_object(store, "other", ANY) == HOLDFAST_DEADLINE, "a late removal too");
    CHECK(head(store, "other", &found) == HOLDFAST_DEADLINE, "and a late look");
    deadline_ns = HOLDFAST_NO_DEADLINE;
    CHECK(head(store, "late", &found) == HOLDFAST_NOT_FOUND, "it was not applied");
}

// The kernel refuses the write in its middle, as a full disk does.
static void check_refused_write(void *store, const char *path) {
    long before = file_size(path);
    struct rlimit usual, small;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &usual);
    small = (struct rlimit){(rlim_t)before + 100000, usual.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    bytes source = {data, MOST, 0, UINT64_MAX, MOST, UINT64_MAX};
    CHECK(put_bytes(store, "bytes", ANY, source, NULL, NULL) == HOLDFAST_TOO_LARGE &&
              last_error.applied == HOLDFAST_APPLIED_NO && last_error.vendor_code == EFBIG &&
              strstr(last_message, "(EFBIG)") != NULL,
          "a write that the kernel refuses is said");
    CHECK(file_size(path) == before, "and cut off again");
    small.rlim_cur = (rlim_t)before + 50;
    setrlimit(RLIMIT_FSIZE, &small);
    CHECK(remove_object(store, "bytes", ANY) == HOLDFAST_TOO_LARGE && file_size(path) == before,
          "also a commit");
    setrlimit(RLIMIT_FSIZE, &usual);
    CHECK(range_is(store, MOST, 0, HOLDFAST_WHOLE), "what was there is there");
    CHECK(put(store, "after", ANY, "x", NULL) == HOLDFAST_OK, "and the store goes on");
}

void check_streams(void) {
    for (int index = 0; index < MOST; index++) data[index] = (uint8_t)random_number();
    const char *path = in_scratch("streams");
    void *store = open_store(path);
    check_sizes(store);
    check_sources(store, path);
    check_ends(store, path);
    check_refused_write(store, path);
    close_store(store);
    store = open_store(path);
    CHECK(range_is(store, MOST, 0, HOLDFAST_WHOLE), "all is there after reopening");
    close_store(store);
}
