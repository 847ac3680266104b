// SPDX-License-Identifier: Apache-2.0
// Getting rid of garbage: the live objects go into a new file, which takes the old one's place.
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

// Appends an object to the new file. 0, or an errno; EBADMSG where the old file is damaged, and
// ECANCELED when the call is over.
static int copy_object(const log_store *store, const holdfast_call *call, const log_object *object,
                       log_file *to, uint8_t *buffer) {
    for (uint64_t at = 0; at < object->bytes;) {
        uint64_t count = object->bytes - at < LOG_CHUNK ? object->bytes - at : LOG_CHUNK;
        uint64_t from = object->data + at / LOG_CHUNK * log_frame_space(LOG_CHUNK);
        uint8_t head[LOG_FRAME_SIZE];
        log_frame frame;
        if (log_host->cancelled(call) != 0) return ECANCELED;
        int number = log_read_all(store->file.number, head, sizeof head, from);
        if (number == 0)
            number = log_read_all(store->file.number, buffer + LOG_FRAME_SIZE, count,
                                  from + LOG_FRAME_SIZE);
        if (number != 0) return number;
        // Damage must not get a new and valid sum.
        if (!log_decode_frame(head, &store->file, from, &frame) || frame.length != count ||
            frame.crc != log_crc(0, buffer + LOG_FRAME_SIZE, count))
            return EBADMSG;
        number = log_append(to, LOG_DATA, buffer, count);
        if (number != 0) return number;
        at += count;
    }
    size_t size = log_encode_commit(buffer + LOG_FRAME_SIZE, object);
    return log_append(to, LOG_PUT, buffer, size);
}

static int copy_all(const log_store *store, const holdfast_call *call, log_file *to,
                    uint64_t *places) {
    uint8_t header[LOG_HEADER_SIZE];
    uint8_t *buffer = malloc(LOG_FRAME_SIZE + LOG_CHUNK + 8);
    int number = buffer == NULL ? ENOMEM : log_random(to->salt, LOG_SALT_SIZE);
    log_make_header(to, header);
    to->tail = LOG_HEADER_SIZE;
    if (number == 0) number = log_write_all(to->number, header, sizeof header, 0);
    for (size_t index = 0; number == 0 && index < store->index.count; index++) {
        places[index] = to->tail;
        number = copy_object(store, call, store->index.objects[index], to, buffer);
    }
    // Nothing of a compacted file is unacknowledged.
    if (number == 0) number = log_append(to, LOG_MARK, buffer, 0);
    free(buffer);
    if (number == 0 && fsync(to->number) != 0) number = errno;
    return number;
}

// Makes the new file the store's. From the rename on there is no way back.
static int take_over(log_store *store, log_file *to, const char *name, const uint64_t *places) {
    struct stat facts;
    if (fstat(to->number, &facts) != 0) return errno;
    if (rename(name, store->path) != 0) return errno;
    close(store->file.number);
    store->file = *to;
    store->device = facts.st_dev;
    store->inode = facts.st_ino;
    for (size_t index = 0; index < store->index.count; index++) {
        store->index.objects[index]->data = places[index];
    }
    // After a power cut the name could lead to the old file, and later writes would be lost.
    if (log_sync_directory(store->path) != 0) store->is_broken = true;
    return 0;
}

static int compact(log_store *store, const holdfast_call *call) {
    char name[4200];
    snprintf(name, sizeof name, "%s.compact", store->path);
    uint64_t *places = calloc(store->index.count + 1, sizeof *places);
    if (places == NULL) return ENOMEM;
    unlink(name);
    log_file to = {.number = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
    int number = to.number < 0 ? errno : 0;
    // Locked before it gets the name, so that nobody else can open it in between.
    if (number == 0 && flock(to.number, LOCK_EX | LOCK_NB) != 0) number = errno;
    if (number == 0) number = copy_all(store, call, &to, places);
    if (number == 0) number = take_over(store, &to, name, places);
    if (number != 0 && to.number >= 0) {
        close(to.number);
        unlink(name);
    }
    free(places);
    return number;
}

void log_compact_if_due(log_store *store, const holdfast_call *call) {
    uint64_t garbage = store->file.tail - LOG_HEADER_SIZE - store->index.live;
    if (garbage < store->compact_at || garbage < store->index.live || store->is_broken) return;
    int number = compact(store, call);
    if (number == 0) return;
    // The write that called is done either way. The next try waits, so that a store that cannot be
    // compacted in time does not try at each write.
    store->compact_at = garbage * 2;
    const char *name = strerrorname_np(number);
    log_warn(call, "could not compact '%s' (%s); it stays as it is", store->path,
             number == EBADMSG ? "an object is damaged" : name == NULL ? "unknown" : name);
}
