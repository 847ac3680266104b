// SPDX-License-Identifier: Apache-2.0
// Opening a store that must be there makes nothing.
#include "harness.h"

#include <sys/stat.h>
#include <unistd.h>

static bool is_absent(const char *path) {
    return open_with(path, HOLDFAST_OPEN_EXISTING) == NULL && last_status == HOLDFAST_NOT_FOUND &&
           strstr(last_message, path) != NULL;
}

static void check_absent(void) {
    mkdir(in_scratch("opening"), 0700);
    CHECK(is_absent(in_scratch("opening/none")), "a missing directory is not found");
    CHECK(is_absent(in_scratch("opening/none/deeper")), "nor one below it");
    CHECK(count_names(in_scratch("opening")) == 0, "and neither is made");
    write_file(in_scratch("opening/file"), "x");
    CHECK(open_with(in_scratch("opening/file"), HOLDFAST_OPEN_EXISTING) == NULL &&
              last_status == HOLDFAST_FORBIDDEN,
          "a file in its place is said");
    CHECK(open_with(in_scratch("opening/file/below"), HOLDFAST_OPEN_EXISTING) == NULL &&
              last_status == HOLDFAST_FORBIDDEN,
          "and one above it");
    CHECK(open_with(in_scratch("opening/none"), HOLDFAST_OPEN_EXISTING | 1u << 31) == NULL &&
              last_status == HOLDFAST_UNSUPPORTED,
          "an unknown flag is refused");
    CHECK(open_with(in_scratch("opening/none"), 1u << 31) == NULL &&
              last_status == HOLDFAST_UNSUPPORTED && count_names(in_scratch("opening")) == 1,
          "also where the store would be made");
}

static void check_there(void) {
    mkdir(in_scratch("opening/empty"), 0700);
    void *store = open_with(in_scratch("opening/empty"), HOLDFAST_OPEN_EXISTING);
    CHECK(store != NULL, "an empty directory is a store");
    CHECK(put(store, PATH("a.json"), ABSENT, "bytes", NULL) == HOLDFAST_OK, "that can be written to");
    void *second = open_with(in_scratch("opening/empty"), HOLDFAST_OPEN_EXISTING);
    static reading found;
    CHECK(second != NULL && head(second, PATH("a.json"), &found) == HOLDFAST_OK,
          "a store in use is there");
    close_store(second);
    close_store(store);
}

// Root may write anywhere, so that only another user can be kept out.
static void check_read_only(void) {
    if (geteuid() == 0) return;
    const char *place = in_scratch("opening/read-only");
    mkdir(place, 0700);
    mkdir(in_scratch("opening/read-only/state"), 0700);
    write_file(in_scratch("opening/read-only/state/a.json"), "bytes");
    chmod(place, 0500);
    void *store = open_with(place, HOLDFAST_OPEN_EXISTING);
    static reading found;
    CHECK(store != NULL && get(store, PATH("a.json"), 0, HOLDFAST_WHOLE, &found) == HOLDFAST_OK,
          "one that cannot be written to is read");
    CHECK(put(store, PATH("b.json"), ANY, "x", NULL) == HOLDFAST_FORBIDDEN, "and not written to");
    CHECK(count_names(place) == 1, "and nothing is made in it");
    close_store(store);
    chmod(place, 0700);
}

void check_opening(void) {
    check_absent();
    check_there();
    check_read_only();
}
