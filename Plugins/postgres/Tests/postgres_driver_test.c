// SPDX-License-Identifier: Apache-2.0
//
// Drives the postgres driver over its C interface, and looks at the tables with libpq itself.
//
//     cc -D_GNU_SOURCE -I sdk/include -o test Plugins/postgres/Tests/postgres_driver_test.c -ldl -lpthread
//     scripts/with-server postgres -- sh -c './test libPostgresDriver.so FOLDER $HOLDFAST_SERVERS/postgres.json'
//
// The third argument is a file of options as JSON, whose `url` leads to a database of its own. Prints one line for
// each check and exits with 1 when one failed.

#include "harness.h"

#include "checks_opening.h"
#include "checks_rows.h"
#include "checks_together.h"

// The value of "url" in a file of JSON; a URL holds nothing that JSON escapes but slashes.
static const char *read_url(const char *path) {
    static char out[2000];
    char content[4000] = "";
    FILE *file = fopen(path, "r");
    size_t count = file ? fread(content, 1, sizeof content - 1, file) : 0;
    if (file) fclose(file);
    content[count] = 0;
    char *at = strstr(content, "\"url\"");
    at = at ? strchr(at + 5, '"') : NULL;
    if (!at) { fprintf(stderr, "%s has no url\n", path); exit(2); }
    size_t used = 0;
    for (at++; *at && *at != '"' && used < sizeof out - 1; at++)
        if (*at != '\\') out[used++] = *at;
    out[used] = 0;
    return out;
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: %s DRIVER.so FOLDER OPTIONS.json\n", arguments[0]);
        return 2;
    }
    load_driver(arguments[1]);
    load_libpq();
    url = read_url(arguments[3]);
    int is_pooled = strstr(arguments[3], "pgbouncer") != NULL;
    check_memory();  // first: later checks raise the peak
    check_refusals(is_pooled);
    check_rights();
    check_opening_together();
    check_legible();
    check_adoption();
    check_format();
    check_uploads();
    check_rivals();
    check_commits();
    check_deadlocks();
    check_watches();
    check_ends();
    check_restart();
    check_lost_answer();
    printf("%d failed\n", failures);
    return failures ? 1 : 0;
}
