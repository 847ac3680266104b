// SPDX-License-Identifier: Apache-2.0
//
// probe DRIVER CHECK: whether a driver does right in one respect. Exits 0 when it does, 1 when it
// does not, 2 when the arguments are wrong; a signal is the driver's. It is small, and apart from
// what tests drivers, so that the shelf can be trusted before anything else is.

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <holdfast/driver.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

#define NONE HOLDFAST_CONDITION_NONE
#define ABSENT HOLDFAST_CONDITION_ABSENT
#define VERSION HOLDFAST_CONDITION_VERSION

// Leaves the check with `0` (wrong), and says where.
#define NEED(what)                                                \
    do {                                                          \
        if (!(what)) return fprintf(stderr, "not: %s\n", #what), 0; \
    } while (0)

static result r, s;
static holdfast_driver_main_v1_fn entry;

// ---- Negotiation and life

static int negotiation_loads(void) {
    NEED(driver->size >= offsetof(holdfast_driver, ping) + sizeof(void *));
    NEED(driver->head && driver->get && driver->put && driver->remove && driver->list);
    return 1;
}

static int negotiation_draft(void) {
    const holdfast_driver *other = NULL;
    holdfast_offer offer = {sizeof offer, 0, 0, HOLDFAST_DRAFT + 1, 1, 0, TEXT("probe"), TEXT("1")};
    NEED(entry(&offer, &other) == HOLDFAST_UNSUPPORTED);
    return 1;
}

static int negotiation_borrowed(void) {
    char path[] = "a/path";
    NEED(put(&r, path, "1") == HOLDFAST_OK);
    memset(path, 'X', sizeof path - 1);
    NEED(has("a/path", "1"));
    return 1;
}

static int two_stores(void) {
    void *other;
    NEED(do_open(&r, 0, "/other", &other) == HOLDFAST_OK);
    NEED(put(&r, "x", "1") == HOLDFAST_OK);
    NEED(driver->close(other, begin(&r)) == HOLDFAST_OK);
    NEED(has("x", "1"));
    return 1;
}

static int entries_of(const char *folder) {
    DIR *open = opendir(folder);
    int count = 0;
    while (open && readdir(open)) count++;
    if (open) closedir(open);
    return count;
}

static int opening_leaves(const char *folder) {
    void *other;
    NEED(do_open(&r, 0, "/other", &other) == HOLDFAST_OK);
    driver->close(other, begin(&r));
    int before = entries_of(folder);
    for (int i = 0; i < 5; i++) {
        NEED(do_open(&r, 0, "/other", &other) == HOLDFAST_OK);
        driver->close(other, begin(&r));
    }
    NEED(entries_of(folder) == before);
    return 1;
}

static int descriptors(void) { return opening_leaves("/proc/self/fd"); }
static int threads(void) { return opening_leaves("/proc/self/task"); }

static int quiet(void) {
    int ends[2];
    char byte;
    NEED(pipe(ends) == 0 && dup2(ends[1], STDOUT_FILENO) >= 0);
    NEED(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    NEED(put(&r, "x", "1") == HOLDFAST_OK && has("x", "1"));
    NEED(read(ends[0], &byte, 1) < 0);
    return 1;
}

static char folder_before[4096];
static struct sigaction actions_before[32];

static int process_state(void) {
    char folder[4096];
    struct sigaction action = {0};
    NEED(getcwd(folder, sizeof folder) && !strcmp(folder, folder_before));
    NEED(getenv("SHELF_STORE") == NULL);
    for (int signal = 1; signal < 32; signal++) {
        if (sigaction(signal, NULL, &action) != 0) continue;
        NEED(action.sa_handler == actions_before[signal].sa_handler);
    }
    return 1;
}

// ---- Data

static int round_trip(void) {
    NEED(put(&r, "x", "") == HOLDFAST_OK && r.reports == 0 && has("x", ""));
    NEED(put(&r, "x", "12345") == HOLDFAST_OK && r.infos == 1 && r.bytes == 5 && has("x", "12345"));
    return 1;
}

static int head_agrees(void) {
    NEED(put(&r, "x", "1") == HOLDFAST_OK);
    for (int i = 0; i < 2; i++)
        NEED(head(&s, "x") == HOLDFAST_OK && s.bytes == 1 && !strcmp(r.version, s.version));
    return 1;
}

static int large(void) {
    static char text[200001];
    for (size_t i = 0; i < sizeof text - 1; i++) text[i] = (char)('a' + i % 23);
    NEED(put(&r, "x", text) == HOLDFAST_OK && has("x", text));
    return 1;
}

static int range(void) {
    NEED(put(&r, "x", "0123456789") == HOLDFAST_OK);
    NEED(get(&r, "x", 2, 3) == HOLDFAST_OK && r.size == 3 && !memcmp(r.data, "234", 3));
    NEED(get(&r, "x", 8, 9) == HOLDFAST_OK && r.size == 2 && !memcmp(r.data, "89", 2));
    NEED(get(&r, "x", 11, HOLDFAST_WHOLE) == HOLDFAST_OK && r.size == 0);
    return 1;
}

static int apart(const char *one, const char *other) {
    NEED(put(&r, one, "1") == HOLDFAST_OK && has(one, "1"));
    NEED(has(other, NULL));
    NEED(put(&r, other, "2") == HOLDFAST_OK && has(one, "1") && has(other, "2"));
    return 1;
}

static int path_unicode(void) { return apart("caf\xc3\xa9", "cafe\xcc\x81"); }
static int path_case(void) { return apart("a/B", "A/b"); }
static int path_nested(void) { return apart("a/b", "a") && has("a/b", "1"); }

static int attributes(void) {
    NEED(put(&r, "x", "1") == HOLDFAST_OK && !strcmp(r.names, "colour=blue "));
    NEED(head(&r, "x") == HOLDFAST_OK && !strcmp(r.names, "colour=blue "));
    return 1;
}

static int absent(void) {
    NEED(head(&r, "x") == HOLDFAST_NOT_FOUND && r.reports == 1 && r.infos == 0);
    NEED(has("x", NULL));
    return 1;
}

static int remove_absent(void) {
    NEED(remove_object(&r, "x") == HOLDFAST_OK);
    return 1;
}

static int source_fails(void) {
    origin from = {"12345", 5, 1, NULL, NULL};
    begin(&r);
    NEED(put_from(&r, "x", condition_of(NONE, NULL), &from, 10) == HOLDFAST_SOURCE);
    NEED(r.error.applied == HOLDFAST_APPLIED_NO && has("x", NULL));
    return 1;
}

static int source_short(void) {
    origin from = {"12345", 5, 0, NULL, NULL};
    begin(&r);
    NEED(put_from(&r, "x", condition_of(NONE, NULL), &from, 10) == HOLDFAST_SOURCE);
    NEED(has("x", NULL));
    return 1;
}

static void look(void *seen) { *(int *)seen = has("x", "old") ? 1 : 2; }

static int source_fails_over(void) {
    int seen = 0;
    origin from = {"new", 3, 1, look, &seen};
    NEED(put(&r, "x", "old") == HOLDFAST_OK);
    begin(&r);
    NEED(put_from(&r, "x", condition_of(NONE, NULL), &from, 3) == HOLDFAST_SOURCE);
    // The old object is there all the time.
    NEED(seen == 1 && has("x", "old"));
    return 1;
}

// ---- Conditions

static int absent_refused(void) {
    NEED(put_if(&r, "x", ABSENT, NULL, "1") == HOLDFAST_OK);
    NEED(put_if(&s, "x", ABSENT, NULL, "2") == HOLDFAST_CONDITION);
    NEED(s.error.applied == HOLDFAST_APPLIED_NO && has("x", "1"));
    return 1;
}

static int version_stale(void) {
    NEED(put(&r, "x", "1") == HOLDFAST_OK && put(&s, "x", "2") == HOLDFAST_OK);
    char old[257];
    strcpy(old, r.version);
    NEED(put_if(&r, "x", VERSION, old, "3") == HOLDFAST_CONDITION && has("x", "2"));
    return 1;
}

static void overwrite(void *nothing) {
    (void)nothing;
    put(&s, "x", "between");
}

static int checked_at_end(void) {
    char old[257];
    origin from = {"new", 3, 0, overwrite, NULL};
    NEED(put(&r, "x", "old") == HOLDFAST_OK);
    strcpy(old, r.version);
    begin(&r);
    NEED(put_from(&r, "x", condition_of(VERSION, old), &from, 3) == HOLDFAST_CONDITION);
    NEED(has("x", "between"));
    return 1;
}

static int unknown_kind(void) {
    NEED(put_if(&r, "x", 77, NULL, "1") == HOLDFAST_UNSUPPORTED && has("x", NULL));
    return 1;
}

static int versions_return(void) {
    NEED(put(&r, "x", "A") == HOLDFAST_OK && put(&s, "x", "B") == HOLDFAST_OK);
    NEED(put(&s, "x", "A") == HOLDFAST_OK && strcmp(r.version, s.version) != 0);
    return 1;
}

static int versions_after_remove(void) {
    NEED(put(&r, "x", "A") == HOLDFAST_OK && remove_object(&s, "x") == HOLDFAST_OK);
    NEED(put(&s, "x", "B") == HOLDFAST_OK && strcmp(r.version, s.version) != 0);
    return 1;
}

typedef struct {
    pthread_barrier_t *barrier;
    const char *version;
    int has_won;
} rival;

static void *compete(void *context) {
    rival *me = context;
    result own;
    pthread_barrier_wait(me->barrier);
    me->has_won = put_if(&own, "x", VERSION, me->version, "won") == HOLDFAST_OK;
    return NULL;
}

static int contended(void) {
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, 4);
    for (int round = 0; round < 50; round++) {
        pthread_t threads[4];
        rival rivals[4];
        int winners = 0;
        NEED(put(&r, "x", "start") == HOLDFAST_OK);
        for (int i = 0; i < 4; i++) {
            rivals[i] = (rival){&barrier, r.version, 0};
            NEED(pthread_create(&threads[i], NULL, compete, &rivals[i]) == 0);
        }
        for (int i = 0; i < 4; i++) {
            pthread_join(threads[i], NULL);
            winners += rivals[i].has_won;
        }
        NEED(winners == 1 && has("x", "won"));
    }
    return 1;
}

// ---- Listings

static int fill(void) {
    static const char *const paths[] = {"c", "a/2", "a", "b", "ab", "a/1", "z/9", "a-", "d", "e"};
    for (int i = 0; i < 10; i++) NEED(put(&r, paths[i], "1") == HOLDFAST_OK);
    return 1;
}

static int list_all(void) {
    NEED(fill() && list(&r, "", "", 99, 0) == HOLDFAST_OK);
    NEED(!strcmp(r.names, "a a- a/1 a/2 ab b c d e z/9 "));
    return 1;
}

static int list_pages(void) {
    NEED(list_all() && list(&r, "", "", 7, 0) == HOLDFAST_OK);
    NEED(!strcmp(r.names, "a a- a/1 a/2 ab b c "));
    return 1;
}

static int start_after(void) {
    NEED(fill() && list(&r, "", "ab", 99, 0) == HOLDFAST_OK && !strcmp(r.names, "b c d e z/9 "));
    NEED(list(&r, "", "a0", 2, 0) == HOLDFAST_OK && !strcmp(r.names, "ab b "));
    return 1;
}

static int prefix(void) {
    NEED(fill() && list(&r, "a", "", 99, 0) == HOLDFAST_OK);
    NEED(!strcmp(r.names, "a a- a/1 a/2 ab "));
    NEED(list(&r, "a/", "", 99, 0) == HOLDFAST_OK && !strcmp(r.names, "a/1 a/2 "));
    return 1;
}

static int list_attributes(void) {
    NEED(put(&r, "x", "1") == HOLDFAST_OK);
    NEED(list(&r, "", "", 9, HOLDFAST_LIST_ATTRIBUTES) == HOLDFAST_OK);
    NEED(!strcmp(r.names, "x colour=blue "));
    NEED(list(&r, "", "", 9, 0) == HOLDFAST_OK && !strcmp(r.names, "x "));
    return 1;
}

static int report(void) {
    NEED(put(&r, "x", "1") == HOLDFAST_OK && r.reports == 0);
    NEED(head(&r, "y") == HOLDFAST_NOT_FOUND && r.reports == 1);
    NEED(r.error.status == HOLDFAST_NOT_FOUND);
    return 1;
}

// ---- Deadlines, options and the clock

static int deadline_put(void) {
    origin from = {"1", 1, 0, NULL, NULL};
    begin(&r);
    r.call.deadline_ns = 1;
    NEED(put_from(&r, "x", condition_of(NONE, NULL), &from, 1) == HOLDFAST_DEADLINE);
    NEED(r.error.applied == HOLDFAST_APPLIED_NO && has("x", NULL));
    return 1;
}

static struct timespec cancelled_at;

static void cancel(void *call) {
    atomic_store(&((result *)call)->is_cancelled, 1);
    clock_gettime(CLOCK_MONOTONIC, &cancelled_at);
}

static int deadline_while_writing(void) {
    struct timespec now;
    origin from = {"1", 1, 0, cancel, &r};
    begin(&r);
    NEED(put_from(&r, "x", condition_of(NONE, NULL), &from, 1) == HOLDFAST_CANCELLED);
    clock_gettime(CLOCK_MONOTONIC, &now);
    // Five times the descriptor's grace, so that a busy machine is not taken for a bad driver.
    NEED((now.tv_sec - cancelled_at.tv_sec) * 1000 +
             (now.tv_nsec - cancelled_at.tv_nsec) / 1000000 < 2500);
    NEED(has("x", NULL));
    return 1;
}

static int secrets(void) {
    holdfast_sink sink = {sizeof sink, 0, &s, on_bytes};
    NEED(has("x", NULL) && put_if(&r, "x", VERSION, "v", "1") == HOLDFAST_CONDITION);
    NEED(driver->describe(driver_state, begin(&s), &sink) == HOLDFAST_OK);
    NEED(!strstr((char *)s.data, "hunter2") && !strstr(everything, "hunter2"));
    return 1;
}

static int existing(void) {
    void *other;
    NEED(do_open(&r, HOLDFAST_OPEN_EXISTING, "/other", &other) == HOLDFAST_NOT_FOUND && !other);
    NEED(do_open(&r, HOLDFAST_OPEN_EXISTING, "/main", &other) == HOLDFAST_OK && other);
    return 1;
}

static int unknown_flags(void) {
    void *other;
    NEED(do_open(&r, 1u << 20, "/main", &other) == HOLDFAST_UNSUPPORTED && !other);
    return 1;
}

static holdfast_status on_clock(void *context, const holdfast_clock *clock) {
    *(int64_t *)context = clock->now_ns;
    return HOLDFAST_OK;
}

static int steady(void) {
    int64_t now = 0, last = 0;
    holdfast_clock_sink sink = {sizeof sink, 0, &now, on_clock};
    for (int i = 0; i < 20; i++, last = now)
        NEED(driver->ping(opened, begin(&r), &sink) == HOLDFAST_OK && now >= last);
    return 1;
}

#include "probe_operations.h"

static const struct { const char *name; int (*is_right)(void); } checks[] = {
    {"negotiation.loads", negotiation_loads}, {"negotiation.draft-refused", negotiation_draft},
    {"negotiation.borrowed", negotiation_borrowed}, {"lifecycle.two-stores", two_stores},
    {"lifecycle.descriptors", descriptors}, {"lifecycle.threads", threads},
    {"lifecycle.quiet", quiet}, {"lifecycle.process-state", process_state},
    {"data.round-trip", round_trip}, {"data.head", head_agrees}, {"data.large", large},
    {"data.range", range}, {"data.path-unicode", path_unicode}, {"data.path-case", path_case},
    {"data.path-nested", path_nested}, {"data.attributes", attributes}, {"data.absent", absent},
    {"data.remove-absent", remove_absent}, {"data.source-fails", source_fails},
    {"data.source-short", source_short}, {"data.source-fails-over", source_fails_over},
    {"condition.absent-refused", absent_refused}, {"condition.version-stale", version_stale},
    {"condition.checked-at-end", checked_at_end}, {"condition.unknown-kind", unknown_kind},
    {"condition.versions-return", versions_return},
    {"condition.versions-after-remove", versions_after_remove}, {"history.contended", contended},
    {"list.all", list_all}, {"list.pages", list_pages}, {"list.start-after", start_after},
    {"list.prefix", prefix}, {"list.attributes", list_attributes},
    {"deadline.put", deadline_put}, {"error.report", report},
    {"deadline.while-writing", deadline_while_writing},
    {"options.secrets", secrets}, {"options.existing", existing},
    {"options.unknown-flags", unknown_flags}, {"clock.steady", steady},
    {"operations.declared", operations_declared}, {"operations.canary", operations_canary},
};

int main(int count, char **arguments) {
    holdfast_offer offer = {sizeof offer, 0, 0, HOLDFAST_DRAFT, 1, 0, TEXT("probe"), TEXT("1")};
    if (count != 3) return 2;
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (!library || !getcwd(folder_before, sizeof folder_before)) return 2;
    for (int signal = 1; signal < 32; signal++) sigaction(signal, NULL, &actions_before[signal]);
    *(void **)&entry = dlsym(library, "holdfast_driver_main_v1");
    if (!entry || entry(&offer, &driver) != HOLDFAST_OK) return 2;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        if (strcmp(checks[i].name, arguments[2])) continue;
        alarm(5);
        if (driver->start(&the_host, begin(&r), &driver_state) != HOLDFAST_OK) return 2;
        if (do_open(&r, 0, "/main", &opened) != HOLDFAST_OK) return 2;
        return checks[i].is_right() ? 0 : 1;
    }
    fprintf(stderr, "there is no check %s\n", arguments[2]);
    return 2;
}
