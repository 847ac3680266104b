// SPDX-License-Identifier: Apache-2.0
// Numbers in the file's byte order (little endian), checksums, and whole transfers.
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

// Four bits at a time: a table that fits on the page and needs no set-up.
uint32_t log_crc(uint32_t crc, const void *bytes, size_t count) {
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    const uint8_t *at = bytes;
    crc = ~crc;
    for (size_t index = 0; index < count; index++) {
        crc ^= at[index];
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    return ~crc;
}

static void store(uint8_t *to, uint64_t value, size_t count) {
    for (size_t index = 0; index < count; index++) to[index] = (uint8_t)(value >> (8 * index));
}

static uint64_t load(const uint8_t *from, size_t count) {
    uint64_t value = 0;
    for (size_t index = 0; index < count; index++) value |= (uint64_t)from[index] << (8 * index);
    return value;
}

void log_store16(uint8_t *to, uint16_t value) { store(to, value, 2); }
void log_store32(uint8_t *to, uint32_t value) { store(to, value, 4); }
void log_store64(uint8_t *to, uint64_t value) { store(to, value, 8); }
uint16_t log_load16(const uint8_t *from) { return (uint16_t)load(from, 2); }
uint32_t log_load32(const uint8_t *from) { return (uint32_t)load(from, 4); }
uint64_t log_load64(const uint8_t *from) { return load(from, 8); }

int log_write_all(int file, const void *bytes, size_t count, uint64_t offset) {
    const char *at = bytes;
    while (count > 0) {
        ssize_t written = pwrite(file, at, count, (off_t)offset);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        at += written;
        count -= (size_t)written;
        offset += (uint64_t)written;
    }
    return 0;
}

int log_read_all(int file, void *bytes, size_t count, uint64_t offset) {
    char *at = bytes;
    while (count > 0) {
        ssize_t got = pread(file, at, count, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got < 0 ? errno : EIO;
        at += got;
        count -= (size_t)got;
        offset += (uint64_t)got;
    }
    return 0;
}

int log_random(void *bytes, size_t count) {
    // Up to 256 bytes come at once.
    while (getrandom(bytes, count, 0) != (ssize_t)count) {
        if (errno != EINTR) return errno;
    }
    return 0;
}

int log_sync_directory(const char *path) {
    char directory[4096];
    const char *slash = strrchr(path, '/');
    size_t size = slash == path ? 1 : (size_t)(slash - path);
    if (size >= sizeof directory) return ENAMETOOLONG;
    memcpy(directory, path, size);
    directory[size] = '\0';
    int file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return errno;
    int number = fsync(file) == 0 ? 0 : errno;
    close(file);
    // A file system that cannot sync a directory says EINVAL; its names need none.
    return number == EINVAL ? 0 : number;
}
