// SPDX-License-Identifier: Apache-2.0

#include "CChecksum.h"

#include <pthread.h>
#include <string.h>

#define POLYNOMIAL 0x82f63b78u

static uint32_t table[8][256];
static pthread_once_t made = PTHREAD_ONCE_INIT;

// Row n holds what a byte does that n more bytes follow.
static void make_table(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t value = byte;
        for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ (value & 1 ? POLYNOMIAL : 0);
        table[0][byte] = value;
    }
    for (int row = 1; row < 8; row++)
        for (int byte = 0; byte < 256; byte++) {
            uint32_t value = table[row - 1][byte];
            table[row][byte] = value >> 8 ^ table[0][value & 255];
        }
}

uint32_t holdfast_crc32c_plain(uint32_t before, const void *bytes, size_t count) {
    pthread_once(&made, make_table);
    const uint8_t *next = bytes;
    uint32_t sum = ~before;
    for (; count >= 8; count -= 8, next += 8) {
        sum ^= (uint32_t)next[0] | (uint32_t)next[1] << 8 | (uint32_t)next[2] << 16 |
               (uint32_t)next[3] << 24;
        sum = table[7][sum & 255] ^ table[6][sum >> 8 & 255] ^ table[5][sum >> 16 & 255] ^
              table[4][sum >> 24] ^ table[3][next[4]] ^ table[2][next[5]] ^ table[1][next[6]] ^
              table[0][next[7]];
    }
    for (; count > 0; count--, next++) sum = sum >> 8 ^ table[0][(sum ^ *next) & 255];
    return ~sum;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t before, const void *bytes,
                                                                 size_t count) {
    const uint8_t *next = bytes;
    uint64_t sum = ~before;
    for (; count >= 8; count -= 8, next += 8) {
        uint64_t word;
        memcpy(&word, next, sizeof word);
        sum = __builtin_ia32_crc32di(sum, word);
    }
    for (; count > 0; count--, next++) sum = __builtin_ia32_crc32qi((uint32_t)sum, *next);
    return ~(uint32_t)sum;
}

uint32_t holdfast_crc32c(uint32_t before, const void *bytes, size_t count) {
    return __builtin_cpu_supports("sse4.2") ? by_instruction(before, bytes, count)
                                            : holdfast_crc32c_plain(before, bytes, count);
}
#else
uint32_t holdfast_crc32c(uint32_t before, const void *bytes, size_t count) {
    return holdfast_crc32c_plain(before, bytes, count);
}
#endif
