// SPDX-License-Identifier: Apache-2.0
//
// What lies in the tables, as SQL sees it, and tables that were there before.

#ifndef CHECKS_ROWS_H
#define CHECKS_ROWS_H

#include "harness.h"

static holdfast_key receipt(const char *path) { return make_key("state", "/srv/app", path); }

static void check_legible(void) {
    void *store = open_store((place){.url = url});
    const char *receipts[] = {
        "{\"service\": \"api\",\n  \"n\": 1e400, \"service\": \"last\"}\n", "{\"a\": \"\\u0000\"}",
        "{broken", "\xff\xfe{}", ""};
    for (int i = 0; i < 5; i++) {
        char path[64];
        snprintf(path, sizeof path, "svc%d/dev/aws.state.json", i);
        CHECK(put(store, receipt(path), receipts[i], strlen(receipts[i]), NULL, NULL) == HOLDFAST_OK &&
                  has_bytes(store, receipt(path), receipts[i], strlen(receipts[i])),
              "receipt %d keeps its bytes", i);
    }
    CHECK(!strcmp(sql("select workspace_id, stage, provider, data->>'service', updated_at > now() - "
                      "interval '1 minute' from runfabric_receipts where service = 'svc0'"),
                  "/srv/app|dev|aws|last|t"), "a receipt is legible");
    CHECK(!strcmp(sql("select count(*) from runfabric_receipts where data is null and bytes is not null"),
                  "4"), "a receipt that is no JSON for PostgreSQL has none beside its bytes");
    put(store, key("net"), "{\"serial\": 7}", 13, NULL, NULL);
    put(store, key("binary"), "a\0b", 3, NULL, NULL);
    CHECK(!strcmp(sql("select path, data, bytes is null from runfabric_receipts_objects where collection = "
                      "'terraform' and workspace_id = '/srv/project' and path in ('net', 'binary') order by 1"),
                  "binary||f\nnet|{\"serial\": 7}|t"), "text is kept as text, all else as bytes");
    close_store(store);
}

static void check_adoption(void) {
    sql("create table old (workspace_id text not null, stage text not null, data jsonb not null, "
        "updated_at timestamptz not null default now(), primary key (workspace_id, stage));"
        "insert into old values ('/srv/a', 'dev', '{\"service\":\"api\",\"provider\":\"aws\",\"x\":1}', "
        "'2026-01-02 03:04:05+00'), ('/srv/b', 'prod', '{\"provider\":\"gcp\"}', now())");
    context c = make_context(30 * SECOND);
    CHECK(!open_with((place){.url = url, .table = "old"}, &c) && c.status == HOLDFAST_INVALID &&
              strstr(c.message, "/srv/b"), "a receipt without a service stops the adoption: %s", c.message);
    CHECK(!strcmp(sql("select count(*), to_regclass('old_format') is null from old"), "2|t"),
          "and the table stays as it was");
    sql("delete from old where workspace_id = '/srv/b'; alter table old add owner text");
    CHECK(!open_with((place){.url = url, .table = "old"}, &c) && c.status == HOLDFAST_INVALID,
          "so does a column that nobody knows");
    sql("alter table old drop owner");
    void *store = open_store((place){.url = url, .table = "old"});
    const char *bytes = "{\"x\": 1, \"service\": \"api\", \"provider\": \"aws\"}";
    holdfast_key k = make_key("state", "/srv/a", "api/dev/aws.state.json");
    CHECK(has_bytes(store, k, bytes, strlen(bytes)), "an adopted receipt has the bytes of its JSON");
    object_info info;
    CHECK(head(store, k, &info) == HOLDFAST_OK && info.modified_ns == 1767323045 * SECOND,
          "and its time");
    CHECK(put(store, k, "{}", 2, info.version, NULL) == HOLDFAST_OK, "and can be replaced");
    close_store(store);
    CHECK(!strcmp(sql("select to_regclass('old_original') is null, count(*) from old"), "t|1"),
          "nothing else is left");
}

static void check_format(void) {
    close_store(open_store((place){.url = url, .table = "newer"}));
    sql("update newer_format set version = 7");
    context c = make_context(30 * SECOND);
    CHECK(!open_with((place){.url = url, .table = "newer"}, &c) && c.status == HOLDFAST_NEWER_FORMAT &&
              strstr(c.message, "version 7") && strstr(c.message, "version 1"),
          "newer tables are refused: %s", c.message);
    CHECK(!strcmp(sql("select version from newer_format"), "7"), "and left alone");
}

static void check_uploads(void) {
    void *store = open_store((place){.url = url, .table = "large"});
    source_state from = {.count = 5 * MIB + 3, .seed = 1, .fail_at = 3 * MIB};
    context c = make_context(60 * SECOND);
    CHECK(put_from(store, &c, key("big"), NULL, &from, from.count, NULL) == HOLDFAST_SOURCE,
          "a source that fails ends the write");
    CHECK(!strcmp(sql("select count(*) from large_chunks"), "0"), "its chunks are gone at once");
    for (uint64_t seed = 1; seed < 3; seed++) {
        from = (source_state){.count = 5 * MIB + 3, .seed = seed};
        CHECK(put_from(store, &c, key("big"), NULL, &from, from.count, NULL) == HOLDFAST_OK, "%s", "large");
    }
    sink_state to = {.seed = 2 + 6};
    CHECK(get_into(store, &c, key("big"), 0, HOLDFAST_WHOLE, NULL, &to) == HOLDFAST_OK && to.mismatches,
          "the check of the pattern finds other bytes");
    to = (sink_state){.seed = 2};
    CHECK(get_into(store, &c, key("big"), 0, HOLDFAST_WHOLE, NULL, &to) == HOLDFAST_OK &&
              to.count == 5 * MIB + 3 && !to.mismatches, "a large value is read in one version");
    CHECK(!strcmp(sql("select state, count(*) from large_uploads group by 1 order by 1"),
                  "retired|1\nstored|1"), "the replaced one is kept for its readers");
    // What a dead writer and an old reader leave behind: their age is all that tells.
    sql("insert into large_uploads values (5, 'writing', 'c', 'w', 'p', now() - interval '2 hours'),"
        " (6, 'writing', 'c', 'w', 'p', now() - interval '2 minutes');"
        "insert into large_chunks values (5, 0, 'x'), (6, 0, 'x');"
        "update large_uploads set changed_at = now() - interval '11 minutes' where state = 'retired'");
    close_store(store);
    store = open_store((place){.url = url, .table = "large"});
    CHECK(!strcmp(sql("select state, count(*) from large_uploads group by 1 order by 1"),
                  "retired|1\nstored|1\nwriting|1"), "old leftovers are retired, older ones removed");
    CHECK(!strcmp(sql("select count(*) from large_chunks where upload = 6"), "1"), "a live writer's stay");
    close_store(store);
}

#endif  // CHECKS_ROWS_H
