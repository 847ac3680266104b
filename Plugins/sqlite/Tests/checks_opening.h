// SPDX-License-Identifier: Apache-2.0
//
// Opening a store that must be there makes nothing.

#ifndef CHECKS_OPENING_H
#define CHECKS_OPENING_H

#include <dirent.h>

#include "checks_files.h"

static int count_names(const char *path) {
    DIR *stream = opendir(path);
    if (!stream) return -1;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(stream));)
        count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    closedir(stream);
    return count;
}

static void expect_outcome(const char *path, uint32_t flags, holdfast_status status, const char *what) {
    context c = make_context(10 * SECOND);
    void *store = open_flagged(path, flags, &c);
    CHECK(!store && c.status == status && (status != HOLDFAST_NOT_FOUND || strstr(c.message, path)), "%s: %s", what, c.message);
    if (store) close_store(store);
}

static off_t size_of(const char *path) {
    struct stat info;
    return stat(path, &info) ? -1 : info.st_size;
}

static void check_absence(void) {
    mkdir(place("opening"), 0700);
    expect_outcome(place("opening/none.db"), HOLDFAST_OPEN_EXISTING, HOLDFAST_NOT_FOUND, "a missing file");
    expect_outcome(place("opening/deep/none.db"), HOLDFAST_OPEN_EXISTING, HOLDFAST_NOT_FOUND, "a missing directory");
    CHECK(count_names(place("opening")) == 0, "neither is made");
    write_file(place("opening/blank.db"), "", 0);
    expect_outcome(place("opening/blank.db"), HOLDFAST_OPEN_EXISTING, HOLDFAST_NOT_FOUND, "a file without a byte");
    CHECK(count_names(place("opening")) == 1 && size_of(place("opening/blank.db")) == 0, "it stays so");
    sql(place("opening/bare.db"), "VACUUM");
    off_t size = size_of(place("opening/bare.db"));
    expect_outcome(place("opening/bare.db"), HOLDFAST_OPEN_EXISTING, HOLDFAST_NOT_FOUND, "a database without tables");
    CHECK(size > 0 && size_of(place("opening/bare.db")) == size && count_names(place("opening")) == 2, "it stays so");
    expect_outcome(place("opening/none.db"), HOLDFAST_OPEN_EXISTING | 1u << 31, HOLDFAST_UNSUPPORTED, "an unknown flag");
    expect_outcome(place("opening/none.db"), 1u << 31, HOLDFAST_UNSUPPORTED, "an unknown flag alone");
    CHECK(count_names(place("opening")) == 2, "nothing was made");
}

// What is there and is no store is reported in the same words as without the flag.
static void check_no_absence(void) {
    sql(place("opening/foreign.db"), "CREATE TABLE people (name)");
    static const char letter[1000] = "this is no database";
    write_file(place("opening/file"), letter, sizeof letter);
    const char *paths[] = {place("opening/foreign.db"), directory, place("opening/file")};
    for (int i = 0; i < 3; i++) {
        context with = make_context(10 * SECOND), without = make_context(10 * SECOND);
        void *a = open_flagged(paths[i], HOLDFAST_OPEN_EXISTING, &with);
        void *b = open_flagged(paths[i], 0, &without);
        CHECK(!a && !b && with.status != HOLDFAST_NOT_FOUND && with.status == without.status
              && !strcmp(with.message, without.message), "the same with and without the flag: %s", with.message);
    }
    expect_outcome(place("opening/file/below.db"), HOLDFAST_OPEN_EXISTING, HOLDFAST_INVALID, "a file in the place of a directory");
}

static void check_presence(void) {
    void *maker = open_store(place("opening/state.db"));
    put(maker, key("o"), "x", 1, NULL, NULL);
    context c = make_context(10 * SECOND);
    void *store = open_flagged(place("opening/state.db"), HOLDFAST_OPEN_EXISTING, &c);
    CHECK(store && has_bytes(store, key("o"), "x", 1), "a store in use is there");
    close_store(maker);
    CHECK(put(store, key("o"), "y", 1, NULL, NULL) == HOLDFAST_OK, "and can be written to");
    close_store(store);
}

static void check_opening(void) {
    check_absence();
    check_no_absence();
    check_presence();
}

#endif  // CHECKS_OPENING_H
