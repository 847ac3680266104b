// SPDX-License-Identifier: Apache-2.0
//
// Drives the sqlite driver over its C interface, and looks at its file with SQLite itself.
//
//     cc -I sdk/include -o test Plugins/sqlite/Tests/sqlite_driver_test.c -ldl -lpthread
//     ./test libSQLiteDriver.so [--mebibytes N | --kills N]
//
// With --kills, only the processes that are killed at random, for as many kills.
// Prints one line for each check and exits with 1 when one failed. Files go below TMPDIR. The other
// modes are the processes that it starts.

#include "harness.h"

#include "checks_backups.h"
#include "checks_commits.h"
#include "checks_crowd.h"
#include "checks_damage.h"
#include "checks_files.h"
#include "checks_objects.h"
#include "checks_opening.h"
#include "checks_together.h"
#include "checks_watches.h"

static void remove_tree(void) {
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", directory, (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}

static void check_all(uint64_t mebibytes) {
    check_memory(mebibytes);  // first: later checks raise the peak
    check_round_trips();
    check_attributes();
    check_conditions();
    check_lists();
    check_receipts();
    check_files();
    check_opening();
    check_damage();
    check_places();
    check_adoption();
    check_replaced_file();
    check_failing_disk();
    check_group_commit();
    check_processes();
    check_deadlines();
    check_slow_partners();
    check_cancelled_upload();
    check_crash();
    check_commits();
    check_watches();
    check_backups();
    check_crowd(25);
}

int main(int count, char **arguments) {
    if (count < 2) {
        fprintf(stderr, "usage: %s DRIVER.so [--mebibytes N | --kills N]\n", arguments[0]);
        return 2;
    }
    library_path = arguments[1];
    own_path = "/proc/self/exe";
    load_driver(library_path);
    if (count == 5 && !strcmp(arguments[2], "count")) return count_up(arguments[3], arguments[4]);
    if (count == 5 && !strcmp(arguments[2], "upload")) return upload_slowly(arguments[3]);
    if (count == 5 && !strcmp(arguments[2], "crowd-write")) return crowd_write(arguments[3], arguments[4]);
    if (count == 5 && !strcmp(arguments[2], "crowd-watch")) return crowd_watch(arguments[3], arguments[4]);
    if (count == 5 && !strcmp(arguments[2], "crowd-read")) return crowd_read(arguments[3], arguments[4]);
    int kills = count == 4 && !strcmp(arguments[2], "--kills") ? atoi(arguments[3]) : 0;
    uint64_t mebibytes = count == 4 && !strcmp(arguments[2], "--mebibytes") ? strtoull(arguments[3], NULL, 10) : 1024;

    load_sqlite();
    const char *base = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/holdfast-sqlite-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(directory)) return 2;
    if (kills) check_crowd(kills);
    else check_all(mebibytes);
    remove_tree();
    printf("%d failed\n", failures);
    return failures ? 1 : 0;
}
