// SPDX-License-Identifier: Apache-2.0
//
// What the files of the driver share. README.md describes the bytes of a store.

#ifndef LOG_H
#define LOG_H

#include <holdfast/driver.h>
#include <stdbool.h>
#include <sys/types.h>

#define TEXT(literal) ((holdfast_text){(literal), sizeof(literal) - 1})

// ---- fail.c: errors -------------------------------------------------------------------------

extern const holdfast_host *log_host;

// Reports an error and returns its class. The message is formatted as by printf.
holdfast_status log_fail(const holdfast_call *call, holdfast_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// The same, for what only goes away when the store is opened anew.
holdfast_status log_fail_reopen(const holdfast_call *call, holdfast_status status,
                                const char *format, ...) __attribute__((format(printf, 3, 4)));
// The same for a failed system call: its errno chooses the class, and ends the message.
holdfast_status log_fail_errno(const holdfast_call *call, holdfast_applied applied, int number,
                               const char *format, ...) __attribute__((format(printf, 4, 5)));
holdfast_status log_fail_condition(const holdfast_call *call, const char *message,
                                   holdfast_text current);
// HOLDFAST_OK, or the error of a call that was cancelled or is too late.
holdfast_status log_poll(const holdfast_call *call);
void log_warn(const holdfast_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// ---- bytes.c: numbers, checksums and whole transfers ----------------------------------------

// CRC-32 (IEEE 802.3), continued from `crc`; 0 to start.
uint32_t log_crc(uint32_t crc, const void *bytes, size_t count);
void log_store16(uint8_t *to, uint16_t value);
void log_store32(uint8_t *to, uint32_t value);
void log_store64(uint8_t *to, uint64_t value);
uint16_t log_load16(const uint8_t *from);
uint32_t log_load32(const uint8_t *from);
uint64_t log_load64(const uint8_t *from);
// 0, or an errno. Reading past the end of the file is EIO.
int log_write_all(int file, const void *bytes, size_t count, uint64_t offset);
int log_read_all(int file, void *bytes, size_t count, uint64_t offset);
int log_random(void *bytes, size_t count);
// Makes the names of the directory that holds `path` durable. 0, or an errno.
int log_sync_directory(const char *path);

// ---- frame.c: the parts of the file ---------------------------------------------------------

#define LOG_HEADER_SIZE 40u  // of the file
#define LOG_FRAME_SIZE 24u   // of the head of each frame
#define LOG_CHUNK (64u * 1024)
#define LOG_SALT_SIZE 16u
// A commit holds a key, a version and attributes, which the interface bounds to some 4 KiB.
#define LOG_MOST_COMMIT (16u * 1024)

typedef enum log_kind {
    LOG_DATA = 1,    // up to LOG_CHUNK bytes of an object
    LOG_PUT = 2,     // the commit of a put: makes the data before it an object
    LOG_REMOVE = 3,  // the commit of a removal
    LOG_MARK = 4,    // the end of a session; what lies before it was acknowledged
} log_kind;

typedef struct log_frame {
    log_kind kind;
    uint64_t length;  // of the payload
    uint32_t crc;     // of the payload
} log_frame;

typedef struct log_file {
    int number;  // the descriptor, which holds the lock
    uint8_t salt[LOG_SALT_SIZE];
    uint64_t tail;  // where the next frame goes
} log_file;

// The bytes that a frame takes, with its padding.
uint64_t log_frame_space(uint64_t length);
// The bytes that the data frames of an object take: all but the last are full.
uint64_t log_data_space(uint64_t bytes);
void log_encode_frame(uint8_t *to, const log_file *file, uint64_t offset, log_frame frame);
// Whether a frame's head is whole; its payload is not looked at.
bool log_decode_frame(const uint8_t *from, const log_file *file, uint64_t offset, log_frame *frame);
// Appends one frame at the tail. `buffer` holds LOG_FRAME_SIZE free bytes, the payload, and 8 more.
// 0, or an errno; then the tail is as it was.
int log_append(log_file *file, log_kind kind, uint8_t *buffer, size_t length);
void log_make_header(log_file *file, uint8_t header[LOG_HEADER_SIZE]);

// ---- index.c: the objects in memory ---------------------------------------------------------

typedef struct log_object {
    char *key;  // collection, workspace and path with a zero byte after the first two
    size_t key_size;
    size_t path_at;
    char version[33];
    uint64_t bytes;
    int64_t modified_ns;
    uint64_t data;  // offset of the first data frame
    uint64_t space;  // bytes of the file that it takes
    uint32_t attribute_count;
    holdfast_attribute *attributes;
    char *attribute_text;
} log_object;

typedef struct log_index {
    log_object **objects;  // ascending by key
    size_t count, capacity;
    uint64_t live;  // bytes of the file that the objects take
} log_index;

#define LOG_MOST_KEY 1400u
typedef struct log_key {
    char bytes[LOG_MOST_KEY];
    size_t size, path_at;
} log_key;

void log_make_key(log_key *key, holdfast_text collection, holdfast_text workspace,
                  holdfast_text path);
// The place of the first object whose key is not below `key`, and whether it has the key.
size_t log_place(const log_index *index, const char *key, size_t size, bool *found);
log_object *log_find(const log_index *index, const log_key *key);
// Makes room for one more object, so that log_insert cannot fail.
bool log_reserve(log_index *index);
// Puts an object in, in place of the one with the same key, which is freed.
void log_insert(log_index *index, log_object *object);
void log_delete(log_index *index, const log_object *like);
void log_free_object(log_object *object);
void log_free_index(log_index *index);
// An object for a put, without its place in the file; NULL without memory.
log_object *log_new_object(const log_key *key, const void *attributes, uint32_t count,
                           uint32_t stride);

// ---- commit.c: commits as bytes -------------------------------------------------------------

// Writes the payload of a commit and returns its size; 0 when it would be over LOG_MOST_COMMIT.
size_t log_encode_commit(uint8_t *to, const log_object *object);
// NULL when the payload breaks the format, or without memory (then errno is ENOMEM).
log_object *log_decode_commit(const uint8_t *from, size_t size);

// ---- store.c, recover.c, compact.c ----------------------------------------------------------

typedef struct log_store {
    char *path;
    log_file file;
    log_index index;
    uint64_t compact_at;  // garbage that starts a compaction
    bool is_broken;       // the disk lost a write: nothing in memory can be trusted
    bool has_written;     // since it was opened
    dev_t device;         // which file it is
    ino_t inode;
    char boot_id[64];
} log_store;

holdfast_status log_open(const holdfast_call *call, const char *path, uint64_t compact_at,
                         bool must_exist, log_store **store);
void log_close(log_store *store, const holdfast_call *call);
// Opens and locks the file of `path`, or a file that takes its place meanwhile.
holdfast_status log_open_file(const holdfast_call *call, const char *path, bool must_exist,
                              int *number);
// Reads all frames into the index, and cuts off what a crash left behind the last commit.
holdfast_status log_recover(const holdfast_call *call, log_store *store, uint64_t size);
// HOLDFAST_OK unless an earlier write was lost.
holdfast_status log_check_usable(const holdfast_call *call, const log_store *store);
// The same, and the path must still lead to the file: a write to another would never be seen again.
holdfast_status log_check_place(const holdfast_call *call, const log_store *store);
// Drops what was appended after `tail`; gives the store up when that fails.
void log_rewind(log_store *store, uint64_t tail);
// Writes a commit for `object` at the tail and makes it durable; `*space` is what its frame takes.
// On failure the error is reported and says truthfully what became of the write.
holdfast_status log_commit(log_store *store, const holdfast_call *call, log_kind kind,
                           const log_object *object, uint64_t *space);
// Writes the live objects into a new file when most of this one is garbage.
void log_compact_if_due(log_store *store, const holdfast_call *call);

// ---- objects.c, list.c: calls ---------------------------------------------------------------

holdfast_status log_head(void *store, const holdfast_call *, const holdfast_key *,
                         const holdfast_info_sink *);
holdfast_status log_get(void *store, const holdfast_call *, const holdfast_get *,
                        const holdfast_info_sink *, const holdfast_sink *);
holdfast_status log_put(void *store, const holdfast_call *, const holdfast_put *,
                        const holdfast_source *, const holdfast_info_sink *);
holdfast_status log_remove(void *store, const holdfast_call *, const holdfast_remove *);
holdfast_status log_list(void *store, const holdfast_call *, const holdfast_list *,
                         const holdfast_entry_sink *);
holdfast_info log_info_of(const log_object *object, bool attributes);
// Reads data frame `number` of an object into `buffer` of LOG_CHUNK bytes, and checks its sums.
holdfast_status log_read_chunk(const log_store *store, const holdfast_call *call,
                               const log_object *object, uint64_t number, uint8_t *buffer,
                               uint64_t *count);

#endif
