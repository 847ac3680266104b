// SPDX-License-Identifier: Apache-2.0
//
// The checksum that Google Cloud Storage keeps for each object.

#ifndef HOLDFAST_CHECKSUM_H
#define HOLDFAST_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

// The CRC-32C (Castagnoli) of bytes that follow others: begin with 0. By the processor's own instruction
// where it has one.
uint32_t holdfast_crc32c(uint32_t before, const void *bytes, size_t count);

// The same without that instruction.
uint32_t holdfast_crc32c_plain(uint32_t before, const void *bytes, size_t count);

#endif  // HOLDFAST_CHECKSUM_H
