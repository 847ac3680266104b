// SPDX-License-Identifier: Apache-2.0
//
// Calls the built driver as a host does. All checks share it.

#ifndef LOG_TESTS_HARNESS_H
#define LOG_TESTS_HARNESS_H

#include <holdfast/driver.h>
#include <stdbool.h>

// Counts and prints a check that fails.
#define CHECK(condition, name) check((condition), (name), __FILE__, __LINE__)
void check(bool holds, const char *name, const char *file, int line);
int checks_made(void);
int checks_failed(void);

extern const char *scratch;
// `scratch`/`name`, in one of a few buffers.
const char *in_scratch(const char *name);
void load_driver(const char *path);
const holdfast_driver *driver_table(void);
void *driver_state(void);

// What the last call answered.
extern holdfast_status last_status;
extern holdfast_error last_error;  // its texts are not to be read
extern char last_message[4097], last_current[257];
// For the calls that follow.
extern int64_t deadline_ns;
extern int polls_until_cancelled;  // -1: never
const holdfast_call *new_call(void);

void *open_store(const char *path);  // NULL when it fails
void *open_with(const char *path, uint32_t flags, int64_t compact_at);
void close_store(void *store);

typedef struct bytes {
    const uint8_t *data;
    uint64_t size, at;
    uint64_t fails_at;  // where the source fails; UINT64_MAX: nowhere
    uint64_t claimed;   // the length it says
    uint64_t most;      // bytes it gives at once
} bytes;
bytes from_text(const char *text);

#define ANY ((const char *)0)  // no condition
#define ABSENT ""              // no object may have the key
// The new version, or the class of the error.
holdfast_status put(void *store, const char *path, const char *condition, const char *text,
                    char version[257]);
holdfast_status put_bytes(void *store, const char *path, const char *condition, bytes source,
                          const char *note, char version[257]);
holdfast_status remove_object(void *store, const char *path, const char *condition);

typedef struct reading {
    char version[257];
    char note[1600];  // the attribute "note"
    uint64_t size;    // of the object
    int64_t modified_ns;
    uint8_t *data;  // what came, to be freed by release()
    uint64_t got, space;
    uint64_t stops_at;  // bytes after which the consumer stops; 0: never
} reading;
holdfast_status head(void *store, const char *path, reading *into);
holdfast_status get(void *store, const char *path, uint64_t offset, uint64_t length, reading *into);
void release(reading *reading);
// Whether an object has exactly these bytes.
bool has_text(void *store, const char *path, const char *text);

typedef struct names {
    char paths[600][64];
    char notes[600][64];
    int count;
    int stops_at;  // -1: never
} names;
holdfast_status list(void *store, const char *workspace, const char *prefix, const char *after,
                     uint32_t limit, uint32_t flags, names *into);
extern const char *workspace_now;  // of put, get and the others; "" at first

uint64_t random_number(void);
void seed_random(uint64_t seed);
long file_size(const char *path);
// Turns over one bit.
void flip(const char *path, long offset);

void check_objects(void);
void check_streams(void);
void check_opening(void);
void check_damage(void);
void check_compaction(void);
void check_crashes(void);

#endif
