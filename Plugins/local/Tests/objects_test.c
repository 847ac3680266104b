// SPDX-License-Identifier: Apache-2.0
// Objects, versions, conditions, ranges, sources and deadlines.
#include "harness.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static reading found;

static void check_conditions(void *store) {
    object key = PATH("svc/dev/aws.state.json");
    char first[300], second[300], third[300];
    CHECK(put(store, key, "0123", "A", NULL) == HOLDFAST_CONDITION,
          "a version condition on an absent object is refused");
    CHECK(last_current[0] == '\0', "and names no version");
    CHECK(count_names(in_scratch("objects/state")) < 1, "and makes no folder");
    CHECK(put(store, key, ABSENT, "A", first) == HOLDFAST_OK, "an absent object is made");
    CHECK(put(store, key, ABSENT, "B", NULL) == HOLDFAST_CONDITION &&
              strcmp(last_current, first) == 0,
          "a second one is refused, with the version that is there");
    CHECK(put(store, key, first, "B", second) == HOLDFAST_OK, "the right version is replaced");
    CHECK(put(store, key, first, "C", NULL) == HOLDFAST_CONDITION &&
              strcmp(last_current, second) == 0,
          "an old version is refused");
    CHECK(put(store, key, second, "A", third) == HOLDFAST_OK && strcmp(first, third) != 0,
          "the same bytes get another version");
    CHECK(remove_object(store, key, second) == HOLDFAST_CONDITION, "an old version is not removed");
    CHECK(remove_object(store, key, third) == HOLDFAST_OK, "the right one is");
    CHECK(get(store, key, 0, HOLDFAST_WHOLE, &found) == HOLDFAST_NOT_FOUND, "and gone");
    CHECK(count_names(in_scratch("objects/state")) == 0, "with its empty folders");
    CHECK(remove_object(store, key, ANY) == HOLDFAST_OK, "removing nothing is a success");
    CHECK(remove_object(store, key, third) == HOLDFAST_CONDITION,
          "removing a version of nothing is not");
    CHECK(remove_object(store, key, ABSENT) == HOLDFAST_UNSUPPORTED,
          "removing takes no condition of absence");
    CHECK(put(store, key, ANY, "A", second) == HOLDFAST_OK && strcmp(second, first) != 0 &&
              strcmp(second, third) != 0,
          "an object that comes back has a new version");
}

static void check_layout(void *store) {
    struct stat facts;
    put(store, PATH("svc/dev/aws.state.json"), ANY, "{}", NULL);
    CHECK(stat(in_scratch("objects/state/svc/dev/aws.state.json"), &facts) == 0,
          "a receipt lies where people look for it");
    CHECK((facts.st_mode & 07777) == 0600, "its mode is 0600 under umask 000");
    static const char *const folders[] = {"objects",           "objects/state", "objects/state/svc",
                                          "objects/state/svc/dev", "objects/.tmp",  "objects/.locks"};
    for (size_t index = 0; index < sizeof folders / sizeof *folders; index++) {
        bool holds = stat(in_scratch(folders[index]), &facts) == 0 && (facts.st_mode & 07777) == 0700;
        CHECK(holds, folders[index]);
    }
    CHECK(put(store, (object){"terraform", "", "prod/net"}, ANY, "x", NULL) == HOLDFAST_OK &&
              access(in_scratch("objects/terraform/prod/net.object"), F_OK) == 0,
          "other names get a suffix");
}

static void check_ranges(void *store) {
    object key = PATH("range.bin");
    put(store, key, ANY, "0123456789", NULL);
    CHECK(get(store, key, 3, 4, &found) == HOLDFAST_OK && strcmp(found.bytes, "3456") == 0 &&
              found.size == 10,
          "a range is read");
    CHECK(get(store, key, 8, HOLDFAST_WHOLE, &found) == HOLDFAST_OK && strcmp(found.bytes, "89") == 0,
          "a range is clamped");
    CHECK(get(store, key, UINT64_MAX, HOLDFAST_WHOLE, &found) == HOLDFAST_OK && found.bytes[0] == '\0',
          "past the end there is nothing");
    CHECK(put(store, key, ANY, "", NULL) == HOLDFAST_OK &&
              get(store, key, 0, HOLDFAST_WHOLE, &found) == HOLDFAST_OK && found.size == 0,
          "an empty object is one");
}

// ---- Sources --------------------------------------------------------------------------------

typedef struct scripted {
    uint64_t left;
    bool fails;
    const char *reopen;  // opened and closed in the middle
} scripted;

static holdfast_status read_scripted(void *context, uint8_t *buffer, uint64_t capacity,
                                     uint64_t *count) {
    scripted *script = context;
    if (script->left == 0 && script->fails) return HOLDFAST_IO;
    if (script->reopen != NULL) {
        void *other = open_store(script->reopen);
        CHECK(other != NULL, "a store opens while another one is writing");
        close_store(other);
        script->reopen = NULL;
    }
    *count = script->left < capacity ? script->left : capacity;
    memset(buffer, 'x', *count);
    script->left -= *count;
    return HOLDFAST_OK;
}

static void check_sources(void *store) {
    object key = PATH("source.json");
    put(store, key, ANY, "before", NULL);
    scripted script = {1000, true, NULL};
    holdfast_source source = {sizeof source, 0, &script, HOLDFAST_LENGTH_UNKNOWN, read_scripted};
    CHECK(put_from(store, key, ANY, &source, NULL, NULL) == HOLDFAST_SOURCE, "a source may fail");
    script = (scripted){1000, false, NULL};
    source.length = 1001;
    CHECK(put_from(store, key, ANY, &source, NULL, NULL) == HOLDFAST_SOURCE, "or end early");
    script = (scripted){1000, false, NULL};
    source.length = 999;
    CHECK(put_from(store, key, ANY, &source, NULL, NULL) == HOLDFAST_SOURCE, "or go on");
    CHECK(get(store, key, 0, HOLDFAST_WHOLE, &found) == HOLDFAST_OK &&
              strcmp(found.bytes, "before") == 0,
          "nothing of it is seen");
    CHECK(count_names(in_scratch("objects/.tmp")) == 0, "nor left over");
    script = (scripted){600000, false, in_scratch("objects")};
    source.length = HOLDFAST_LENGTH_UNKNOWN;
    CHECK(put_from(store, key, ANY, &source, "a note", NULL) == HOLDFAST_OK &&
              head(store, key, &found) == HOLDFAST_OK && found.size == 600000,
          "a source of unknown length, while a cleaner looks for dead writers");
    CHECK(strcmp(found.note, "a note") == 0, "attributes are kept");
}

static void check_attributes(void *store) {
    static char longest[1533];
    memset(longest, 'f', sizeof longest - 1);
    const char *const values[] = {"", "0", "00", "0f", "0F", "abc", "deadbeef", "g0", "e\xCC\x81", longest};
    bool kept = true;
    for (size_t index = 0; index < sizeof values / sizeof *values; index++) {
        scripted script = {1, false, NULL};
        holdfast_source source = {sizeof source, 0, &script, 1, read_scripted};
        kept = kept && put_from(store, PATH("noted"), ANY, &source, values[index], NULL) == HOLDFAST_OK &&
               head(store, PATH("noted"), &found) == HOLDFAST_OK &&
               strcmp(found.note, values[index]) == 0;
    }
    CHECK(kept, "attributes of every form come back as they were");
}

static void check_waiting(void *store) {
    static int locks[256];
    for (int stripe = 0; stripe < 256; stripe++) {
        char name[64];
        snprintf(name, sizeof name, "objects/.locks/%02x", (unsigned)stripe);
        locks[stripe] = open(in_scratch(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        flock(locks[stripe], LOCK_EX);
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    deadline_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec + 100000000;
    CHECK(put(store, PATH("late"), ANY, "x", NULL) == HOLDFAST_DEADLINE &&
              last_applied == HOLDFAST_APPLIED_NO,
          "a lock is waited for until the deadline");
    deadline_ns = HOLDFAST_NO_DEADLINE;
    CHECK(strcmp(version_of(store, PATH("range.bin")), "") != 0, "reading waits for no lock");
    for (int stripe = 0; stripe < 256; stripe++) close(locks[stripe]);
    cancelled = 1;
    CHECK(put(store, PATH("late"), ANY, "x", NULL) == HOLDFAST_CANCELLED, "a put is cancelled");
    cancelled = 0;
    CHECK(put(store, PATH("late"), ABSENT, "x", NULL) == HOLDFAST_OK, "neither had any effect");
    CHECK(count_names(in_scratch("objects/.tmp")) == 0, "nothing is left over");
}

static void check_restart(void *store) {
    char version[300];
    scripted script = {4, false, NULL};
    holdfast_source source = {sizeof source, 0, &script, 4, read_scripted};
    put_from(store, PATH("kept.json"), ANY, &source, "a note", version);
    void *again = open_store(in_scratch("objects"));
    CHECK(head(again, PATH("kept.json"), &found) == HOLDFAST_OK &&
              strcmp(found.version, version) == 0 && strcmp(found.note, "a note") == 0,
          "version and attributes survive a restart");
    CHECK(put(again, PATH("kept.json"), version, "new", NULL) == HOLDFAST_OK,
          "and the version still counts");
    close_store(again);
}

static holdfast_status on_clock(void *context, const holdfast_clock *clock) {
    *(holdfast_clock *)context = *clock;
    bool holds = clock->domain.size > 5 && memcmp(clock->domain.data, "boot:", 5) == 0;
    CHECK(holds && clock->now_ns > 0 && clock->uncertainty_ns == 0, "ping reports the clock");
    return HOLDFAST_OK;
}

void check_objects(void) {
    void *store = open_store(in_scratch("objects"));
    CHECK(store != NULL, "a store opens and its directory is made");
    check_conditions(store);
    check_layout(store);
    check_ranges(store);
    check_sources(store);
    check_attributes(store);
    check_waiting(store);
    check_restart(store);
    holdfast_clock clock;
    holdfast_clock_sink sink = {sizeof sink, 0, &clock, on_clock};
    CHECK(driver_table()->ping(store, current_call(), &sink) == HOLDFAST_OK, "ping");
    close_store(store);
}
