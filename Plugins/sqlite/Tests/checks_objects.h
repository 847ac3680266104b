// SPDX-License-Identifier: Apache-2.0
//
// What an object is: bytes, versions, conditions, listings.

#ifndef CHECKS_OBJECTS_H
#define CHECKS_OBJECTS_H

#include "harness.h"

static void check_round_trips(void) {
    void *store = open_store(place("round.db"));
    const uint64_t sizes[] = {0, 1, 4096, MIB - 1, MIB, MIB + 1, 2 * MIB - 1, 2 * MIB, 2 * MIB + 1, 5 * MIB + 1};
    uint8_t *bytes = malloc(6 * MIB), *back = malloc(6 * MIB);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t n = sizes[i];
        for (int text_only = 0; text_only < 2; text_only++) {
            for (uint64_t j = 0; j < n; j++) bytes[j] = text_only ? 'a' + j % 26 : pattern(j, n);
            object_info info, again;
            char path[64];
            snprintf(path, sizeof path, "size/%llu/%d", (unsigned long long)n, text_only);
            source_state unknown = {.bytes = bytes, .count = n, .piece = 10007};
            context c = make_context(60 * SECOND);
            int written = text_only
                ? put(store, key(path), bytes, n, NULL, &info) == HOLDFAST_OK
                : put_from(store, &c, key(path), "", &unknown, HOLDFAST_LENGTH_UNKNOWN, &info) == HOLDFAST_OK;
            CHECK(written && info.bytes == n && has_bytes(store, key(path), bytes, n),
                  "round trip of %llu bytes of %s", (unsigned long long)n, text_only ? "text" : "binary");
            CHECK(head(store, key(path), &again) == HOLDFAST_OK && !strcmp(again.version, info.version)
                  && again.bytes == n && again.modified_ns == info.modified_ns, "head agrees with put");
            const uint64_t starts[] = {0, n / 2, n ? n - 1 : 0, MIB - 1, MIB, n, n + 5};
            int wrong = 0;
            for (unsigned s = 0; s < 7; s++) {
                for (uint64_t length = 0; length < 3; length++) {
                    uint64_t want = length == 2 ? MIB + 1 : length;
                    uint64_t end = starts[s] >= n ? starts[s] : n - starts[s] < want ? n : starts[s] + want;
                    sink_state to = {.bytes = back, .room = 6 * MIB};
                    context r = make_context(60 * SECOND);
                    wrong += get_into(store, &r, key(path), starts[s], want, NULL, &to) != HOLDFAST_OK
                        || to.count != end - starts[s] || memcmp(back, bytes + starts[s], to.count);
                }
            }
            CHECK(wrong == 0, "ranges of %llu bytes", (unsigned long long)n);
        }
    }
    CHECK(put(store, key("size/4096/0"), "x", 1, NULL, NULL) == HOLDFAST_OK
          && has_bytes(store, key("size/4096/0"), "x", 1), "a shorter value replaces a longer one");
    context c = make_context(SECOND);
    source_state shorter = {.bytes = bytes, .count = 10}, longer = {.bytes = bytes, .count = 3 * MIB};
    CHECK(put_from(store, &c, key("short"), NULL, &shorter, 11, NULL) == HOLDFAST_SOURCE, "a source that ends early");
    CHECK(put_from(store, &c, key("short"), NULL, &longer, 2 * MIB, NULL) == HOLDFAST_SOURCE, "a source that goes on");
    source_state broken = {.count = 9 * MIB, .fail_at = 4 * MIB};
    CHECK(put_from(store, &c, key("short"), NULL, &broken, 9 * MIB, NULL) == HOLDFAST_SOURCE, "a source that fails");
    object_info info;
    CHECK(head(store, key("short"), &info) == HOLDFAST_NOT_FOUND, "nothing of them is visible");
    CHECK(!strcmp(sql(place("round.db"), "SELECT count(*) FROM uploads WHERE state <> 'stored'"), "0"), "nothing of them is kept");
    CHECK(put_from(store, &c, key("big"), NULL, &longer, (1ull << 40) + 1, NULL) == HOLDFAST_TOO_LARGE, "over the declared limit");
    sink_state stopping = {.stops = 1};
    CHECK(get_into(store, &c, key("size/2097153/0"), 0, HOLDFAST_WHOLE, NULL, &stopping) == HOLDFAST_STOPPED, "a sink that stops");
    free(bytes), free(back);
    close_store(store);
}

static void check_attributes(void) {
    void *store = open_store(place("attributes.db"));
    const char *names[] = {"a", "b-2", "c", "d"};
    const char *values[] = {"", "quote \" slash \\ tab \t bell \a", "snö \xf0\x9f\x9a\x80", "{\"x\":1}"};
    holdfast_attribute items[4];
    for (int i = 0; i < 4; i++) items[i] = (holdfast_attribute){sizeof *items, 0, text(names[i]), text(values[i])};
    holdfast_key k = key("with/attributes");
    holdfast_condition none = make_condition(NULL);
    holdfast_put request = {sizeof request, 0, &k, &none, items, 4, sizeof *items};
    source_state from = {.bytes = (const uint8_t *)"x", .count = 1};
    holdfast_source source = {sizeof source, 0, &from, 1, read_source};
    object_info info, ignored;
    holdfast_info_sink sink = {sizeof sink, 0, &ignored, take_info};
    context c = make_context(10 * SECOND);
    int same = driver->put(store, &c.call, &request, &source, &sink) == HOLDFAST_OK
        && head(store, k, &info) == HOLDFAST_OK && info.attribute_count == 4;
    for (int i = 0; i < 4 && same; i++) same = !strcmp(info.names[i], names[i]) && !strcmp(info.values[i], values[i]);
    CHECK(same, "attributes come back exactly");
    CHECK(!strcmp(sql(place("attributes.db"), "SELECT json_extract(attributes, '$.c') FROM objects"), values[2]),
          "attributes are JSON to sqlite3");
    CHECK(put(store, k, "y", 1, NULL, NULL) == HOLDFAST_OK && head(store, k, &info) == HOLDFAST_OK
          && info.attribute_count == 0, "a put replaces all attributes");
    sql(place("attributes.db"), "UPDATE objects SET attributes = '{\"a\":1}'");
    CHECK(head(store, k, &info) == HOLDFAST_CORRUPT, "attributes that are not ours are corrupt");
    close_store(store);
}

static void check_conditions(void) {
    void *store = open_store(place("conditions.db"));
    object_info one, two, three;
    context c = make_context(60 * SECOND);
    CHECK(put(store, key("o"), "A", 1, "deadbeef", NULL) == HOLDFAST_CONDITION, "a version of an absent object");
    CHECK(put(store, key("o"), "A", 1, "", &one) == HOLDFAST_OK, "absent holds");
    CHECK(put_within(store, &c, key("o"), "B", 1, "", NULL) == HOLDFAST_CONDITION && c.applied == HOLDFAST_APPLIED_NO
          && !strcmp(c.current, one.version), "absent does not hold, and the error has the version");
    CHECK(put(store, key("o"), "B", 1, one.version, &two) == HOLDFAST_OK, "the version holds");
    CHECK(put(store, key("o"), "A", 1, two.version, &three) == HOLDFAST_OK && strcmp(three.version, one.version),
          "the same bytes again have another version");
    CHECK(put(store, key("o"), "C", 1, one.version, NULL) == HOLDFAST_CONDITION, "A, B, A is noticed");
    CHECK(remove_with(store, &c, key("o"), one.version) == HOLDFAST_CONDITION, "remove under an old version");
    CHECK(remove_with(store, &c, key("o"), "") == HOLDFAST_INVALID, "remove under absent is invalid");
    CHECK(remove_with(store, &c, key("o"), three.version) == HOLDFAST_OK, "remove under the version");
    CHECK(remove_with(store, &c, key("o"), three.version) == HOLDFAST_CONDITION, "remove it again under the version");
    CHECK(remove_with(store, &c, key("o"), NULL) == HOLDFAST_OK, "remove what is absent");
    CHECK(put(store, key("o"), "C", 1, three.version, NULL) == HOLDFAST_CONDITION, "the removed version is gone");
    CHECK(put(store, key("o"), "D", 1, "", &two) == HOLDFAST_OK, "absent holds again");
    uint64_t asked = 0;
    source_state never = {.count = 64 * MIB};
    CHECK(put_from(store, &c, key("o"), "", &never, 64 * MIB, NULL) == HOLDFAST_CONDITION
          && (asked = never.position) <= MIB + 1, "a large put is refused before its transfer");
    CHECK(put(store, make_key("terraform", "/other", "o"), "E", 1, "", NULL) == HOLDFAST_OK
          && put(store, make_key("state", "/srv/project", "o"), "F", 1, "", NULL) == HOLDFAST_OK
          && put(store, make_key("lock", "/srv/project", "o"), "G", 1, "", NULL) == HOLDFAST_OK
          && has_bytes(store, key("o"), "D", 1) && has_bytes(store, make_key("terraform", "/other", "o"), "E", 1)
          && has_bytes(store, make_key("state", "/srv/project", "o"), "F", 1), "keys do not meet across workspaces and collections");
    close_store(store);
    store = open_store(place("conditions.db"));
    CHECK(head(store, key("o"), &three) == HOLDFAST_OK && !strcmp(two.version, three.version), "the version survives reopening");
    CHECK(put(store, key("o"), "E", 1, two.version, NULL) == HOLDFAST_OK, "and still holds");
    close_store(store);
}

typedef struct { char paths[400][64]; int count, limit; } listing;

static holdfast_status take_entries(void *context, const void *items, uint32_t count, uint32_t stride) {
    listing *out = context;
    for (uint32_t i = 0; i < count; i++) {
        const holdfast_entry *entry = (const void *)((const char *)items + (size_t)i * stride);
        if (out->limit && out->count == out->limit) return HOLDFAST_STOPPED;
        copy_text(out->paths[out->count++], 64, entry->path);
    }
    return HOLDFAST_OK;
}

static holdfast_status list(void *store, const char *collection, const char *prefix, const char *after,
                            uint32_t limit, listing *out) {
    context c = make_context(60 * SECOND);
    holdfast_list request = {.size = sizeof request, .collection = text(collection), .workspace = text("/w"),
                             .prefix = text(prefix), .start_after = text(after), .limit = limit};
    holdfast_entry_sink sink = {sizeof sink, 0, out, take_entries};
    return driver->list(store, &c.call, &request, &sink);
}

static int by_bytes(const void *a, const void *b) { return strcmp(a, b); }

static void check_lists(void) {
    static const char *parts[] = {"a", "a-", "a.", "a0", "A", "b", "\xc3\xa4", "z", "\xf0\x9f\x9a\x80", "\xef\xbf\xbd", "~"};
    static listing model, found, page;
    void *store = open_store(place("list.db"));
    unsigned seed = (unsigned)time(NULL);
    printf("     list seed %u\n", seed);
    for (int i = 0; i < 300; i++) {
        char path[64];
        snprintf(path, 64, "%s/%s%s%s", parts[rand_r(&seed) % 11], parts[rand_r(&seed) % 11],
                 rand_r(&seed) % 2 ? "/" : "", parts[rand_r(&seed) % 11]);
        put(store, make_key("list", "/w", path), "x", 1, NULL, NULL);
        int known = 0;
        for (int j = 0; j < model.count; j++) known |= !strcmp(model.paths[j], path);
        if (!known) strcpy(model.paths[model.count++], path);
        put(store, make_key("list", "/w2", path), "x", 1, NULL, NULL);
    }
    qsort(model.paths, model.count, 64, by_bytes);
    int wrong = 0;
    for (uint32_t limit = 1; limit < 400; limit = limit < 8 ? limit + 1 : limit * 3) {
        found.count = 0;
        char after[64] = "";
        do {
            page.count = 0;
            wrong += list(store, "list", "", after, limit, &page) != HOLDFAST_OK || page.count > (int)limit;
            for (int i = 0; i < page.count; i++) strcpy(found.paths[found.count++], page.paths[i]);
            if (page.count > 0) strcpy(after, page.paths[page.count - 1]);
        } while (page.count == (int)limit);
        wrong += found.count != model.count;
        for (int i = 0; i < model.count && i < found.count; i++) wrong += strcmp(model.paths[i], found.paths[i]) != 0;
    }
    CHECK(wrong == 0, "pages of every size give the model's %d paths in byte order", model.count);
    const char *prefixes[] = {"a", "a/", "a-/", "b/\xc3\xa4", "\xf0\x9f\x9a\x80/", "nothing", "~"};
    for (int p = 0; p < 7; p++) {
        for (int a = 0; a < model.count; a += 17) {
            found.count = 0;
            wrong += list(store, "list", prefixes[p], model.paths[a], 400, &found) != HOLDFAST_OK;
            int next = 0;
            for (int i = a + 1; i < model.count; i++) {
                if (strncmp(model.paths[i], prefixes[p], strlen(prefixes[p]))) continue;
                wrong += next >= found.count || strcmp(found.paths[next], model.paths[i]) != 0;
                next++;
            }
            wrong += next != found.count;
        }
    }
    CHECK(wrong == 0, "prefixes and starting points agree with the model");
    found = (listing){.limit = 3};
    CHECK(list(store, "list", "", "", 400, &found) == HOLDFAST_STOPPED && found.count == 3, "a listing can be stopped");
    close_store(store);
}

static void check_receipts(void) {
    const char *path = place("receipts.db");
    void *store = open_store(path);
    const char *json = "{\"service\":\"api\",\"stage\":\"dev\"}";
    holdfast_key k = make_key("state", "/srv/project", "api/dev/aws.state.json");
    put(store, k, json, strlen(json), NULL, NULL);
    put(store, make_key("state", "/srv/project", "api/dev/gcp.state.json"), "{}", 2, NULL, NULL);
    put(store, make_key("state", "/srv/project", "odd"), "\xff\0\x01", 3, NULL, NULL);
    CHECK(!strcmp(sql(path, "SELECT workspace_id, stage, data, service, provider FROM runfabric_receipts WHERE provider = 'aws'"),
                  "/srv/project|dev|{\"service\":\"api\",\"stage\":\"dev\"}|api|aws"), "a receipt is legible to sqlite3");
    CHECK(!strcmp(sql(path, "SELECT count(*), sum(updated_at > '2020-01-01T00:00:00Z' AND updated_at LIKE '____-__-__T__:__:__.___Z') FROM runfabric_receipts"), "3|3"),
          "every receipt has its time");
    CHECK(!strcmp(sql(path, "SELECT json_extract(data, '$.stage') FROM runfabric_receipts WHERE provider = 'aws'"), "dev"),
          "its data is JSON to sqlite3");
    CHECK(has_bytes(store, make_key("state", "/srv/project", "odd"), "\xff\0\x01", 3), "a path of another form is kept as well");
    CHECK(has_bytes(store, k, json, strlen(json)), "a receipt is exact");
    CHECK(!strcmp(sql(path, "SELECT typeof(data) FROM runfabric_receipts ORDER BY path"), "text\ntext\nblob"), "text is kept as text, and only text");
    put(store, make_key("state", "/srv/project", "odd"), "a\0b", 3, NULL, NULL);
    CHECK(!strcmp(sql(path, "SELECT typeof(data) FROM runfabric_receipts WHERE path = 'odd'"), "blob")
          && has_bytes(store, make_key("state", "/srv/project", "odd"), "a\0b", 3), "a zero byte makes it a blob");
    close_store(store);
}

#endif  // CHECKS_OBJECTS_H
