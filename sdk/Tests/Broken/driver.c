// SPDX-License-Identifier: Apache-2.0
//
// A driver that keeps objects in memory and in a journal, for the tests of what tests drivers. It
// is correct, and -DFAULT=<name> breaks it in the way that shelf.txt says of that name.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <holdfast/driver.h>
#include <holdfast/transaction.h>
#include <holdfast/watch.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"

#define TEXT(s) ((holdfast_text){(s), sizeof(s) - 1})
#define MOST_BYTES 16777216u

// A driver that takes one call at a time has no watches.
#ifdef ONE_CALL_AT_A_TIME
#define HAS_WATCHES 0
#else
#define HAS_WATCHES 1
#endif

#include "store.h"

static const holdfast_host *the_host;
static int the_driver;
static pthread_mutex_t stores_lock = PTHREAD_MUTEX_INITIALIZER;
static store *stores;
static char last_secret[256];  // only what is broken uses it
static holdfast_driver changed_table;  // only what is broken uses it
static int *volatile nowhere;  // NULL
static char *volatile lost;    // only what is broken uses it

// ---- Outcomes

static holdfast_retry retry_of(holdfast_status status) {
    return status == HOLDFAST_UNAVAILABLE ? HOLDFAST_RETRY_SAME : HOLDFAST_RETRY_NEVER;
}

static holdfast_status fail(const holdfast_call *call, holdfast_status status, const char *message,
                            const char *current) {
    char text[512];
    int says_more = IS(SECRET_IN_ERROR) && last_secret[0];
    snprintf(text, sizeof text, "%s%s%s", message, says_more ? " with " : "",
             says_more ? last_secret : "");
    if (IS(MULTILINE_MESSAGE)) strcat(text, "\nmore of it");
    if (IS(EVENT_WITH_SECRET) && last_secret[0])
        the_host->event(call, HOLDFAST_NOTICE, (holdfast_text){last_secret, strlen(last_secret)});
    int is_applied = IS(FALSE_APPLIED) && status == HOLDFAST_CONDITION;
    holdfast_error error = {.size = sizeof error,
                            .status = status,
                            .applied = is_applied ? HOLDFAST_APPLIED_YES : HOLDFAST_APPLIED_NO,
                            .retry = IS(RETRIES_FOR_EVER) ? HOLDFAST_RETRY_SAME : retry_of(status),
                            .message = {text, strlen(text)},
                            .current_version = {current, current ? strlen(current) : 0}};
    the_host->fail(call, &error);
    return status;
}

static holdfast_status no_object(const holdfast_call *call) {
    if (IS(SUCCESS_WITHOUT_OBJECT)) return HOLDFAST_OK;
    if (IS(FAILS_SILENTLY)) return HOLDFAST_NOT_FOUND;
    holdfast_status status = IS(UNKNOWN_STATUS) ? -99 : HOLDFAST_NOT_FOUND;
    return fail(call, status, "there is no such object", NULL);
}

static int64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void pause_ms(long ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

// The failure of a call that was cancelled or is over its deadline, else HOLDFAST_OK.
static holdfast_status interruption(const holdfast_call *call) {
    int is_late = monotonic_ns() >= call->deadline_ns;
    if (IS(IGNORES_DEADLINE) || (!is_late && !the_host->cancelled(call))) return HOLDFAST_OK;
    if (IS(LATE_RETURN) || (IS(READS_LATE) && is_late)) pause_ms(3000);
    return is_late ? fail(call, HOLDFAST_DEADLINE, "the deadline has passed", NULL)
                   : fail(call, HOLDFAST_CANCELLED, "the call was cancelled", NULL);
}

#include "journal.h"

// ---- Life

static holdfast_status start(const holdfast_host *host, const holdfast_call *call, void **driver) {
    (void)call;
    the_host = host;
    changed_table.flags = IS(CHANGES_TABLE);
    *driver = &the_driver;
    return HOLDFAST_OK;
}

static holdfast_status stop(void *driver, const holdfast_call *call) {
    (void)driver;
    while (stores) {
        store *s = stores;
        stores = s->next;
        free_store(s);
    }
    return IS(STOP_FAILS) ? fail(call, HOLDFAST_IO, "it does not stop", NULL) : HOLDFAST_OK;
}

static holdfast_status describe(void *driver, const holdfast_call *call,
                                const holdfast_sink *sink) {
    (void)driver, (void)call;
    char text[2048];
    int size = snprintf(
        text, sizeof text,
        "{\"format\":1,\"id\":\"shelf\",\"version\":\"%s\",\"vendor\":\"The tests\","
        "\"summary\":\"keeps objects in a journal%s\",\"addressing\":\"rows\",\"grace_ms\":500,"
        "\"options\":[{\"name\":\"place\",\"type\":\"path\",\"summary\":\"names the store\","
        "\"required\":false,\"default\":\"shelf\"},{\"name\":\"token\",\"type\":\"secret\","
        "\"summary\":\"not used\",\"required\":false%s%s%s}],\"capabilities\":["
        "{\"id\":\"condition.absent\",\"level\":20},{\"id\":\"condition.version\",\"level\":20},"
        "{\"id\":\"range\",\"level\":20},{\"id\":\"list.attributes\",\"level\":20},"
        "{\"id\":\"clock\",\"level\":20},{\"id\":\"value\",\"level\":20,\"limit\":%u},"
        "{\"id\":\"transaction\",\"level\":20,\"limit\":100}%s%s]}",
        IS(OTHER_VERSION) ? "2.0.0" : "1.0.0",
        IS(CHANGING_DESCRIPTION) && stores ? ", now open" : "",
        IS(SECRET_IN_DESCRIPTION) ? ",\"default\":\"" : "",
        IS(SECRET_IN_DESCRIPTION) ? last_secret : "", IS(SECRET_IN_DESCRIPTION) ? "\"" : "",
        MOST_BYTES, HAS_WATCHES ? ",{\"id\":\"watch\",\"level\":20}" : "",
        IS(CLAIMS_EXCLUSIVE) ? ",{\"id\":\"exclusive\",\"level\":20}" : "");
    return sink->write(sink->context, (const uint8_t *)text, (uint64_t)size);
}

#include "operations.h"

static const holdfast_transaction transactions;
static const holdfast_watch watches;

static const void *extension(void *driver, holdfast_text id) {
    (void)driver, (void)swapped_canary;
    if (equal(id, TEXT(HOLDFAST_TRANSACTION_ID)) && !IS(CLAIMS_TRANSACTIONS)) return &transactions;
    if (equal(id, TEXT(HOLDFAST_WATCH_ID)) && HAS_WATCHES && !IS(CLAIMS_WATCHES)) return &watches;
    return equal(id, TEXT(HOLDFAST_OPERATIONS_ID)) ? &operations : NULL;
}

static void *sleep_for_ever(void *nothing) {
    for (;;) pause();
    return nothing;
}

static void handle(int signal) { (void)signal; }

static void misbehave_in_open(void) {
    pthread_t thread;
    if (IS(CRASHES_IN_OPEN)) *nowhere = 1;
    if (IS(LEAKS_DESCRIPTOR) && open("/dev/null", O_RDONLY | O_CLOEXEC) < 0) abort();
    if (IS(LEAKS_MEMORY)) memset((void *)(lost = malloc(65536)), 1, 65536);
    if (IS(FORKS) && fork() == 0) _exit(0);
    if (IS(LEAKS_THREAD) || (IS(KEEPS_THREAD) && !stores))
        pthread_create(&thread, NULL, sleep_for_ever, NULL);
    if (IS(CHANGES_DIRECTORY) && chdir("/") != 0) abort();
    if (IS(CHANGES_ENVIRONMENT)) setenv("SHELF_STORE", "open", 1);
    if (IS(INSTALLS_HANDLER)) signal(SIGUSR1, handle);
}

// Whether a store may have this name: a place in a folder that is there, as with a file.
static int is_usable(holdfast_text place) {
    char folder[4096];
    struct stat status;
    if (IS(CRASHES_ON_LONG) && place.size >= sizeof folder) *nowhere = 1;
    if (place.size == 0 || place.size >= sizeof folder) return 0;
    if (!IS(CUTS_PATH) && memchr(place.data, 0, place.size)) return 0;
    memcpy(folder, place.data, place.size);
    folder[place.size] = 0;
    char *slash = strrchr(folder, '/');
    if (!slash) return 1;
    slash[slash == folder] = 0;
    return stat(folder, &status) == 0 && S_ISDIR(status.st_mode);
}

// Opens or makes a store's journal, and the store of it; NULL with errno on a failure.
static store *make_store(holdfast_text name, int flags) {
    store *s = calloc(1, sizeof *s);
    s->name = calloc(1, name.size + 1);
    memcpy(s->name, name.data, name.size);
    s->file = open(s->name, O_RDWR | O_CLOEXEC | flags, 0600);
    if (s->file < 0 && IS(PRETENDS_TO_WRITE)) s->file = open(s->name, O_RDONLY | O_CLOEXEC);
    if (s->file < 0) {
        int number = errno;
        free(s->name);
        free(s);
        errno = number;
        return NULL;
    }
    pthread_mutex_init(&s->lock, NULL);
    s->next = stores;
    return stores = s;
}

static holdfast_status open_store(void *driver, const holdfast_call *call,
                                  const holdfast_options *options, void **result) {
    (void)driver;
    holdfast_text name = TEXT("shelf");
    if (!IS(IGNORES_FLAGS) && (options->flags & ~HOLDFAST_OPEN_EXISTING))
        return fail(call, HOLDFAST_UNSUPPORTED, "a flag of the opening is not known", NULL);
    for (uint32_t i = 0; i < options->count; i++) {
        const holdfast_option *o =
            (const void *)((const char *)options->items + (size_t)i * options->stride);
        if (equal(o->name, TEXT("place"))) name = o->text;
        if (equal(o->name, TEXT("token")) && o->text.size < sizeof last_secret &&
            (IS(SECRET_IN_ERROR) || IS(SECRET_IN_DESCRIPTION) || IS(EVENT_WITH_SECRET) ||
             IS(SECRET_IN_CAPABILITY))) {
            memset(last_secret, 0, sizeof last_secret);
            memcpy(last_secret, o->text.data, o->text.size);
        }
    }
    holdfast_status status = interruption(call);
    if (status != HOLDFAST_OK && IS(OPENS_LATE)) pause_ms(3000);
    if (status != HOLDFAST_OK) return status;
    if (IS(IGNORES_UNUSABLE) && !is_usable(name)) name = TEXT("shelf");
    if (!is_usable(name))
        return fail(call, HOLDFAST_INVALID, "the place is in no folder that is there", NULL);
    misbehave_in_open();
    pthread_mutex_lock(&stores_lock);
    store *s = stores;
    int must_exist = (options->flags & HOLDFAST_OPEN_EXISTING) && !IS(MAKES_EXISTING), number = 0;
    while (s && !equal((holdfast_text){s->name, strlen(s->name)}, name)) s = s->next;
    if (!s && !(s = make_store(name, must_exist ? 0 : O_CREAT))) number = errno;
    int is_refused = s && IS(REFUSES_SECOND) && s->is_open;
    if (s && !is_refused) s->is_open = 1;
    pthread_mutex_unlock(&stores_lock);
    if (is_refused) return fail(call, HOLDFAST_UNAVAILABLE, "the store is open already", NULL);
    if (!s && number == ENOENT && must_exist)
        return fail(call, HOLDFAST_NOT_FOUND, "there is no such store", NULL);
    if (!s) return fail(call, HOLDFAST_FORBIDDEN, "the journal cannot be opened", NULL);
    *result = s;
    return HOLDFAST_OK;
}

// The objects stay in memory, so that the next opening need not read them again.
static holdfast_status close_store(void *opened, const holdfast_call *call) {
    (void)call;
    ((store *)opened)->is_open = 0;
    ((store *)opened)->openings++;
    return HOLDFAST_OK;
}

static holdfast_status capabilities(void *opened, const holdfast_call *call,
                                    const holdfast_capability_sink *sink) {
    (void)opened, (void)call;
    static const char *const ids[] = {"condition.absent", "condition.version", "range",
                                      "list.attributes",  "clock",             "value",
                                      "transaction",      "watch"};
    if (IS(CLAIMS_EXCLUSIVE)) {
        holdfast_capability c = {
            .size = sizeof c, .id = TEXT("exclusive"), .level = HOLDFAST_LEVEL_NATIVE};
        holdfast_status status = sink->capability(sink->context, &c);
        if (status != HOLDFAST_OK) return status;
    }
    for (int i = 0; i < 7 + HAS_WATCHES; i++) {
        if (IS(REMOVES_UNDECLARED) && i == 1) continue;
        if (IS(HIDES_TRANSACTIONS) && i == 6) continue;
        if (IS(HIDES_WATCHES) && i == 7) continue;
        holdfast_capability c = {.size = sizeof c,
                                 .id = {ids[i], strlen(ids[i])},
                                 .level = HOLDFAST_LEVEL_NATIVE,
                                 .limit = i == 5 ? MOST_BYTES : i == 6 ? 100 : 0};
        if (IS(SECRET_IN_CAPABILITY)) c.note = (holdfast_text){last_secret, strlen(last_secret)};
        if (IS(REPORTS_TWICE) && i == 1) c.id = (holdfast_text){ids[0], strlen(ids[0])};
        holdfast_status status = sink->capability(sink->context, &c);
        if (status != HOLDFAST_OK) return status;
    }
    return HOLDFAST_OK;
}

static holdfast_status ping(void *opened, const holdfast_call *call,
                            const holdfast_clock_sink *sink) {
    (void)opened;
    static atomic_llong calls;
    char domain[64] = "boot:";
    struct timespec now;
    holdfast_status status = interruption(call);
    if (status != HOLDFAST_OK) return status;
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, domain + 5, 36);
    if (file >= 0) close(file);
    if (size != 36) return fail(call, HOLDFAST_IO, "cannot read the boot id", NULL);
    clock_gettime(CLOCK_BOOTTIME, &now);
    holdfast_clock clock = {sizeof clock, 0, {domain, strlen(domain)},
                            now.tv_sec * 1000000000ll + now.tv_nsec, 1};
    if (IS(CLOCK_OF_PROCESS)) snprintf(domain, sizeof domain, "process:%d", (int)getpid());
    clock.domain.size = strlen(domain);
    if (IS(STANDING_CLOCK)) clock.now_ns = 1000000000;
    if (IS(WRONG_BOOT_CLOCK)) clock.now_ns += 1000000000000ll;
    if (IS(BACKWARD_CLOCK)) clock.now_ns -= 10000000000ll * atomic_fetch_add(&calls, 1);
    return sink->clock(sink->context, &clock);
}

#include "objects.h"
#include "transactions.h"

static const void *any_extension(void *driver, holdfast_text id) {
    const void *known = extension(driver, id);
    return known ? known : &changed_table;
}

#ifdef ONE_CALL_AT_A_TIME
#include "watched.h"
#define THREADS HOLDFAST_THREADS_PER_DRIVER
#define SLOT(name, function) .name = watched_##name
#else
#define THREADS HOLDFAST_THREADS_PARALLEL
#define SLOT(name, function) .name = function
#endif

// ---- The library

static const holdfast_driver table = {
    .size = IS(SHORT_TABLE) ? offsetof(holdfast_driver, ping) : sizeof table,
    .abi_minor = HOLDFAST_ABI_MINOR,
    .draft = HOLDFAST_DRAFT,
    .behaviour = HOLDFAST_BEHAVIOUR,
    .thread_model = THREADS,
    .id = {"shelf", 5},
    .version = {"1.0.0", 5},
    .vendor = {"The tests", 9},
    .start = start,
    .stop = stop,
    .describe = describe,
    .extension = IS(ANY_EXTENSION) ? any_extension : extension,
    .open = open_store,
    .close = close_store,
    .capabilities = capabilities,
    SLOT(head, head),
    SLOT(get, get),
    SLOT(put, put),
    SLOT(remove, remove_object),
    SLOT(list, IS(NULL_SLOT) ? NULL : list),
    SLOT(ping, ping),
};

#if FAULT == WRONG_DRAFT
__attribute__((section(HOLDFAST_NOTE_SECTION), used, aligned(4)))
static const holdfast_note note = {9, 16, 1, HOLDFAST_NOTE_OWNER, 1, 0, HOLDFAST_DRAFT + 1, 1};
#else
HOLDFAST_DRIVER_NOTE;
#endif

#define EXPORTED __attribute__((visibility("default")))

#if FAULT == EXTRA_SYMBOL
EXPORTED int shelf_helper(void);
int shelf_helper(void) { return 1; }
#endif

EXPORTED holdfast_status holdfast_driver_main_v1(const holdfast_offer *offer,
                                                 const holdfast_driver **driver) {
    if (!IS(ANY_DRAFT) && offer->draft != HOLDFAST_DRAFT) return HOLDFAST_UNSUPPORTED;
    if (IS(STRICT_OFFER) && offer->size != sizeof *offer) return HOLDFAST_UNSUPPORTED;
    *driver = &table;
    if (IS(CHANGES_TABLE) || (IS(OTHER_TABLE) && changed_table.size > 0)) *driver = &changed_table;
    if (changed_table.size == 0) changed_table = table;
    return HOLDFAST_OK;
}
