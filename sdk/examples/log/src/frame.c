// SPDX-License-Identifier: Apache-2.0
// The frames that the file is made of.
#include "log.h"

#include <string.h>

static const char magic[] = "HOLDFASTLOG\n";  // 12 bytes
#define FRAME_MAGIC 0x4d524648u               // "HFRM"

// The header: magic, format (4 bytes), salt, reserved (4), CRC of all before it (4).
void log_make_header(log_file *file, uint8_t header[LOG_HEADER_SIZE]) {
    memset(header, 0, LOG_HEADER_SIZE);
    memcpy(header, magic, 12);
    log_store32(header + 12, 1);
    memcpy(header + 16, file->salt, LOG_SALT_SIZE);
    log_store32(header + 36, log_crc(0, header, 36));
}

uint64_t log_frame_space(uint64_t length) { return LOG_FRAME_SIZE + ((length + 7) & ~UINT64_C(7)); }

uint64_t log_data_space(uint64_t bytes) {
    uint64_t rest = bytes % LOG_CHUNK;
    return bytes / LOG_CHUNK * log_frame_space(LOG_CHUNK) + (rest > 0 ? log_frame_space(rest) : 0);
}

// The salt and the offset are part of the sum, so that a frame counts only in its own place of its
// own file: neither a copied file inside an object nor a stale block can pass for one.
static uint32_t head_crc(const uint8_t *head, const log_file *file, uint64_t offset) {
    uint8_t place[8];
    log_store64(place, offset);
    uint32_t crc = log_crc(0, file->salt, LOG_SALT_SIZE);
    crc = log_crc(crc, place, sizeof place);
    return log_crc(crc, head, LOG_FRAME_SIZE - 4);
}

// The head: magic, kind, length (8 bytes), CRC of the payload, CRC of the head.
void log_encode_frame(uint8_t *to, const log_file *file, uint64_t offset, log_frame frame) {
    log_store32(to, FRAME_MAGIC);
    log_store32(to + 4, frame.kind);
    log_store64(to + 8, frame.length);
    log_store32(to + 16, frame.crc);
    log_store32(to + 20, head_crc(to, file, offset));
}

bool log_decode_frame(const uint8_t *from, const log_file *file, uint64_t offset,
                      log_frame *frame) {
    if (log_load32(from) != FRAME_MAGIC) return false;
    if (log_load32(from + 20) != head_crc(from, file, offset)) return false;
    uint32_t kind = log_load32(from + 4);
    frame->kind = (log_kind)kind;
    frame->length = log_load64(from + 8);
    frame->crc = log_load32(from + 16);
    return kind >= LOG_DATA && kind <= LOG_MARK &&
           frame->length <= (kind == LOG_DATA ? LOG_CHUNK : LOG_MOST_COMMIT);
}

int log_append(log_file *file, log_kind kind, uint8_t *buffer, size_t length) {
    log_frame frame = {kind, length, log_crc(0, buffer + LOG_FRAME_SIZE, length)};
    log_encode_frame(buffer, file, file->tail, frame);
    size_t space = log_frame_space(length);
    memset(buffer + LOG_FRAME_SIZE + length, 0, space - LOG_FRAME_SIZE - length);
    int number = log_write_all(file->number, buffer, space, file->tail);
    if (number == 0) file->tail += space;
    return number;
}
