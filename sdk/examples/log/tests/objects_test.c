// SPDX-License-Identifier: Apache-2.0
// Objects, conditions and listings.
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_conditions(void *store) {
    char first[257], second[257], third[257];
    CHECK(put(store, "a/b", ABSENT, "one", first) == HOLDFAST_OK, "an absent object is made");
    CHECK(put(store, "a/b", ABSENT, "two", NULL) == HOLDFAST_CONDITION, "and not twice");
    CHECK(strcmp(last_current, first) == 0, "the current version is told");
    CHECK(last_error.applied == HOLDFAST_APPLIED_NO, "nothing was applied");
    CHECK(put(store, "a/b", first, "two", second) == HOLDFAST_OK, "the version allows a write");
    CHECK(put(store, "a/b", first, "three", NULL) == HOLDFAST_CONDITION, "the old one does not");
    CHECK(put(store, "none", first, "x", NULL) == HOLDFAST_CONDITION && last_current[0] == '\0',
          "an absent object has no version");
    CHECK(remove_object(store, "a/b", first) == HOLDFAST_CONDITION, "nor removes the old one");
    CHECK(has_text(store, "a/b", "two"), "what was refused changed nothing");
    CHECK(remove_object(store, "a/b", second) == HOLDFAST_OK, "the version allows a removal");
    CHECK(remove_object(store, "a/b", second) == HOLDFAST_CONDITION, "once");
    CHECK(remove_object(store, "a/b", ANY) == HOLDFAST_OK, "removing nothing is done");
    reading found;
    CHECK(head(store, "a/b", &found) == HOLDFAST_NOT_FOUND, "it is gone");
    CHECK(put(store, "a/b", ABSENT, "two", third) == HOLDFAST_OK && strcmp(second, third) != 0,
          "the same bytes after a removal have a new version");
    holdfast_key key = {sizeof key, 0, {"state", 5}, {NULL, 0}, {"a/b", 3}};
    holdfast_condition odd = {sizeof odd, 99, {NULL, 0}};
    holdfast_remove request = {sizeof request, 0, &key, &odd};
    CHECK(driver_table()->remove(store, new_call(), &request) == HOLDFAST_UNSUPPORTED &&
              has_text(store, "a/b", "two"),
          "an unknown condition is refused");
}

static void check_attributes(void *store) {
    reading found;
    put_bytes(store, "noted", ANY, from_text("x"), "grün", NULL);
    CHECK(head(store, "noted", &found) == HOLDFAST_OK && strcmp(found.note, "grün") == 0,
          "an attribute comes back");
    CHECK(found.modified_ns > INT64_C(1600000000000000000), "with the time of the write");
    put(store, "noted", ANY, "x", NULL);
    CHECK(head(store, "noted", &found) == HOLDFAST_OK && found.note[0] == '\0',
          "a put replaces attributes");
    put_bytes(store, "noted", ANY, from_text("x"), "", NULL);
    put(store, "a", ANY, "under a path that is also a folder", NULL);
    put(store, "a/b", ANY, "below", NULL);
    workspace_now = "other/one";
    put(store, "a", ANY, "elsewhere", NULL);
    CHECK(has_text(store, "a", "elsewhere"), "a workspace has objects of its own");
    workspace_now = "";
    CHECK(has_text(store, "a", "under a path that is also a folder") &&
              has_text(store, "a/b", "below"),
          "a and a/b exist side by side");
}

static int by_bytes(const void *left, const void *right) { return strcmp(left, right); }

static void check_listing(void) {
    static names found, page;
    static char model[300][64];
    void *store = open_store(in_scratch("list"));
    for (int index = 0; index < 300; index++) {
        static const char *const parts[] = {"a", "b", "ab", "a-b", "é", "~", "Z", "0"};
        snprintf(model[index], sizeof model[0], "%s/%s%d", parts[random_number() % 8],
                 parts[random_number() % 8], index);
        put_bytes(store, model[index], ANY, from_text("x"), model[index], NULL);
    }
    qsort(model, 300, sizeof model[0], by_bytes);
    found.stops_at = page.stops_at = -1;
    CHECK(list(store, "", "", "", 600, HOLDFAST_LIST_ATTRIBUTES, &found) == HOLDFAST_OK &&
              found.count == 300 && memcmp(found.paths, model, sizeof model[0]) == 0,
          "a listing is whole");
    bool same = true;
    for (int index = 0; index < 300; index++) {
        same = same && strcmp(found.paths[index], model[index]) == 0 &&
               strcmp(found.notes[index], model[index]) == 0;
    }
    CHECK(same, "in byte order, with attributes");
    int seen = 0;
    char after[64] = "";
    while (list(store, "", "", after, 7, 0, &page) == HOLDFAST_OK && page.count > 0) {
        for (int index = 0; index < page.count; index++, seen++) {
            same = same && strcmp(page.paths[index], model[seen]) == 0 && !page.notes[index][0];
        }
        strcpy(after, page.paths[page.count - 1]);
    }
    CHECK(seen == 300 && same, "pages make up the whole");
    int expected = 0;
    for (int index = 0; index < 300; index++) expected += strncmp(model[index], "a/a", 3) == 0;
    list(store, "", "a/a", "", 600, 0, &found);
    CHECK(found.count == expected, "a prefix may end inside a part");
    list(store, "", "a/a", "0", 600, 0, &found);
    CHECK(found.count == expected, "a start before the prefix changes nothing");
    list(store, "", "a/a", "~", 600, 0, &found);
    CHECK(found.count == 0 && last_status == HOLDFAST_OK, "nothing comes after its end");
    list(store, "w", "", "", 600, 0, &found);
    CHECK(found.count == 0, "another workspace is empty");
    found.stops_at = 1;
    CHECK(list(store, "", "", "", 600, 0, &found) == HOLDFAST_STOPPED, "a consumer may stop");
    close_store(store);
}

// ---- The driver itself ----------------------------------------------------------------------

static char document[4096];

static holdfast_status on_document(void *context, const uint8_t *data, uint64_t count) {
    (void)context;
    // Without the blanks, which are the driver's own affair.
    size_t size = strlen(document);
    for (uint64_t index = 0; index < count && size + 1 < sizeof document; index++) {
        if (data[index] != ' ') document[size++] = (char)data[index];
    }
    document[size] = '\0';
    return HOLDFAST_OK;
}

static holdfast_status on_clock(void *context, const holdfast_clock *clock) {
    holdfast_clock *into = context;
    *into = *clock;
    return HOLDFAST_OK;
}

static int capabilities_seen;

static holdfast_status on_capability(void *context, const holdfast_capability *capability) {
    (void)context;
    capabilities_seen += capability->level == HOLDFAST_LEVEL_NATIVE;
    // Each is in the descriptor.
    char id[80];
    snprintf(id, sizeof id, "\"id\":\"%.*s\"", (int)capability->id.size, capability->id.data);
    CHECK(strstr(document, id) != NULL, "a capability was declared");
    return HOLDFAST_OK;
}

static void check_driver(void *store) {
    holdfast_sink sink = {sizeof sink, 0, NULL, on_document};
    CHECK(driver_table()->describe(driver_state(), new_call(), &sink) == HOLDFAST_OK &&
              strstr(document, "\"grace_ms\":1000") != NULL,
          "the driver describes itself");
    holdfast_clock first = {0}, second = {0};
    holdfast_clock_sink clock = {sizeof clock, 0, &first, on_clock};
    CHECK(driver_table()->ping(store, new_call(), &clock) == HOLDFAST_OK, "the store answers");
    clock.context = &second;
    driver_table()->ping(store, new_call(), &clock);
    CHECK(first.domain.size > 5 && first.now_ns > 0 && second.now_ns >= first.now_ns,
          "its clock does not run backwards");
    holdfast_capability_sink all = {sizeof all, 0, NULL, on_capability};
    CHECK(driver_table()->capabilities(store, new_call(), &all) == HOLDFAST_OK &&
              capabilities_seen == 8,
          "it says what it can");
}

void check_objects(void) {
    void *store = open_store(in_scratch("made/for/it/objects"));
    CHECK(store != NULL, "a store and its directories are made");
    check_conditions(store);
    check_attributes(store);
    check_driver(store);
    reading before[3], after[3];
    const char *paths[] = {"a", "a/b", "noted"};
    for (int index = 0; index < 3; index++) head(store, paths[index], &before[index]);
    close_store(store);
    store = open_store(in_scratch("made/for/it/objects"));
    for (int index = 0; index < 3; index++) head(store, paths[index], &after[index]);
    CHECK(memcmp(before, after, sizeof before) == 0, "reopening gives the same versions");
    close_store(store);
    check_listing();
}
