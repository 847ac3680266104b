// SPDX-License-Identifier: Apache-2.0
//
// Opening that must fail: one clear error each, nothing made, no secret said.

#ifndef CHECKS_OPENING_H
#define CHECKS_OPENING_H

#include "harness.h"

static void refused(place p, holdfast_status wanted, const char *word, const char *secret) {
    context c = make_context(10 * SECOND);
    void *store = open_with(p, &c);
    CHECK(!store && c.status == wanted && strstr(c.message, word) && !strchr(c.message, '\n') &&
              (!secret || !strstr(c.message, secret)),
          "refused with %d: %s", c.status, c.message);
    if (store) close_store(store);
}

// The URL with another part in the place of `part`, which is what lies between `from` and `to`.
static const char *changed(const char *from, const char *to, const char *value) {
    static char out[4][2000];
    static unsigned next;
    char *result = out[next++ % 4];
    const char *start = strstr(url, from) + strlen(from);
    const char *end = to ? strstr(start, to) : start + strlen(start);
    snprintf(result, 2000, "%.*s%s%s", (int)(start - url), url, value, end);
    return result;
}

static void check_refusals(int is_pooled) {
    const char *word = strchr(strstr(url, "//") + 2, ':') + 1;
    char password[200], prefix[300];
    snprintf(password, sizeof password, "%.*s", (int)(strchr(word, '@') - word), word);
    snprintf(prefix, sizeof prefix, "%.*s", (int)(word - url), url);
    refused((place){.url = changed(prefix, "@", "wr0ng-w0rd")}, HOLDFAST_UNAUTHENTICATED, "authentication failed",
            "wr0ng-w0rd");
    refused((place){.url = "not a connection string with s3cret"}, HOLDFAST_INVALID, "url", "s3cret");
    refused((place){.url = "postgresql://u:s3cret@host:nonsense:1/db?what=1"}, HOLDFAST_INVALID, "url", "s3cret");
    refused((place){.url = "postgresql://u:s3cret@127.0.0.1/db?service=x"}, HOLDFAST_INVALID, "service", "s3cret");
    refused((place){.url = "postgresql://u:s3cret@127.0.0.1:1/db"}, HOLDFAST_UNAVAILABLE, "127.0.0.1", "s3cret");
    refused((place){.url = "postgresql://u:s3cret@no-such-host.invalid/db"}, HOLDFAST_UNAVAILABLE,
            "no-such-host", "s3cret");
    refused((place){.url = url, .table = "Bad\"name"}, HOLDFAST_INVALID, "table", NULL);
    refused((place){.url = url, .table = "none", .may_not_bootstrap = 1}, HOLDFAST_INVALID, "bootstrap", password);
    refused((place){.url = url, .table = "none", .flags = HOLDFAST_OPEN_EXISTING}, HOLDFAST_NOT_FOUND, "none", password);
    refused((place){.url = url, .table = "none", .flags = HOLDFAST_OPEN_EXISTING, .may_not_bootstrap = 1},
            HOLDFAST_INVALID, "bootstrap", password);
    CHECK(!strcmp(sql("select count(*) from pg_class where relname like 'none%'"), "0"), "nothing was made");
    if (is_pooled) return;
    const char *host = strrchr(url, '@');
    char nowhere[2000];
    snprintf(nowhere, sizeof nowhere, "%.*s/nowhere", (int)(strchr(host, '/') - url), url);
    refused((place){.url = nowhere}, HOLDFAST_INVALID, "nowhere", password);
    refused((place){.url = nowhere, .flags = HOLDFAST_OPEN_EXISTING}, HOLDFAST_INVALID, "nowhere", password);
    char limited[2000];
    snprintf(limited, sizeof limited, "%s?options=-c%%20default_transaction_read_only%%3Don", url);
    void *store = open_store((place){.url = limited});
    context c = make_context(10 * SECOND);
    CHECK(put_within(store, &c, key("a"), "x", 1, NULL, NULL) == HOLDFAST_UNAVAILABLE &&
              c.applied == HOLDFAST_APPLIED_NO && strstr(c.message, "read-write"),
          "a server that only reads refuses: %s", c.message);
    close_store(store);
}

static void check_rights(void) {
    void *store = open_store((place){.url = url, .table = "rights"});
    object_info info;
    put(store, key("a"), "one", 3, NULL, &info);
    sql("revoke update on rights_objects from current_user");
    context c = make_context(10 * SECOND);
    CHECK(put_within(store, &c, key("a"), "two", 3, info.version, NULL) == HOLDFAST_FORBIDDEN &&
              c.applied == HOLDFAST_APPLIED_NO && strstr(c.message, "rights_objects"),
          "a revoked right: %s", c.message);
    CHECK(has_bytes(store, key("a"), "one", 3), "and nothing was written");
    sql("grant update on rights_objects to current_user");
    close_store(store);
    store = open_store((place){.url = url, .table = "rights", .may_not_bootstrap = 1});
    sql("drop table rights_objects");
    CHECK(put_within(store, &c, key("a"), "x", 1, NULL, NULL) == HOLDFAST_INVALID, "a lost table: %s", c.message);
    close_store(store);
}

static void *open_one(void *arg) {
    context c = make_context(60 * SECOND);
    void *store = open_with((place){.url = url, .table = "race", .pool_size = 2}, &c);
    if (store) close_store(store);
    else printf("%s\n", c.message);
    *(int *)arg = store != NULL;
    return NULL;
}

static void check_opening_together(void) {
    pthread_t threads[8];
    int opened[8] = {0}, count = 0;
    for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, open_one, &opened[i]);
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL), count += opened[i];
    CHECK(count == 8, "8 at once make the tables once (%d opened)", count);
}

#endif  // CHECKS_OPENING_H
