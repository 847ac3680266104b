// SPDX-License-Identifier: Apache-2.0
//
// Calls the built driver over its C interface, as a host does. All checks share it.

#ifndef LOCAL_TESTS_HARNESS_H
#define LOCAL_TESTS_HARNESS_H

#include <holdfast/driver.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

// Prints one line for a check; the program fails at its end when one of them did.
#define CHECK(condition, name) check((condition), (name), __FILE__, __LINE__)
void check(bool holds, const char *name, const char *file, int line);
int failures(void);

// The driver's file, this program's own file, and the scratch directory.
extern const char *driver_path;
extern const char *program_path;
extern const char *scratch;
// `scratch`/`name`, in one of a few static buffers.
const char *in_scratch(const char *name);

// Loads the driver and starts it; ends the program when that fails.
void load_driver(void);

// An open store, or NULL; `last_status` and `last_message` say why.
void *open_store(const char *path);
// The same with the flags of holdfast_options.
void *open_with(const char *path, uint32_t flags);
void close_store(void *store);

// What the last call on this thread answered.
extern _Thread_local holdfast_status last_status;
extern _Thread_local char last_message[4096];
extern _Thread_local holdfast_applied last_applied;
extern _Thread_local char last_current[300];

// The deadline of the calls of this thread; HOLDFAST_NO_DEADLINE at first.
extern _Thread_local int64_t deadline_ns;
// Whether the calls of this thread are cancelled.
extern _Thread_local int cancelled;

typedef struct object {
    const char *collection;  // NULL: "state"
    const char *workspace;   // NULL: the store's own
    const char *path;
} object;
#define PATH(text) ((object){.path = (text)})

// Any version, for `put` and `remove_object`.
#define ANY ((const char *)0)
// No object may have the key.
#define ABSENT ""

// Writes text. `version` receives the new version where it is not NULL (at least 300 bytes).
holdfast_status put(void *store, object key, const char *condition, const char *bytes,
                    char *version);
// The same with a source of one's own and an attribute "note" where it is not NULL.
holdfast_status put_from(void *store, object key, const char *condition,
                         const holdfast_source *source, const char *note, char *version);
holdfast_status remove_object(void *store, object key, const char *condition);

typedef struct reading {
    char version[300];
    char note[1600];  // the attribute "note"
    uint64_t size;
    char bytes[70000];  // the first of them, with a terminator
} reading;

holdfast_status head(void *store, object key, reading *into);
holdfast_status get(void *store, object key, uint64_t offset, uint64_t length, reading *into);
// The version of an object, or "" when there is none.
const char *version_of(void *store, object key);

// Lists into an array of paths that the caller frees; returns their number or a negative status.
int list(void *store, object of, const char *start_after, uint32_t limit, char **paths);

const holdfast_driver *driver_table(void);
const holdfast_call *current_call(void);

// The number of names in a directory, without the two of dots; -1 when it cannot be read.
int count_names(const char *directory);
// Writes a file by hand.
void write_file(const char *path, const char *bytes);

uint64_t random_number(void);
void seed_random(uint64_t seed);

// Runs this program again with the arguments; returns its process id. `output` receives a pipe's end.
int start_worker(const char *kind, const char *directory, const char *argument, int *output);

void check_objects(void);
void check_names(void);
void check_foreign_hands(void);
void check_opening(void);
void check_safety(void);
void check_processes(void);
void check_large(void);
int run_worker(const char *kind, const char *directory, const char *argument);

#endif
