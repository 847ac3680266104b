// SPDX-License-Identifier: Apache-2.0
//
// The few functions of libcrypto that signing needs.

#ifndef HOLDFAST_CRYPTO_SHIM_H
#define HOLDFAST_CRYPTO_SHIM_H

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>

// Both return 1 when the 32 bytes of `digest` were written.
static inline int holdfast_sha256(const void *bytes, size_t count, uint8_t *digest) {
    return EVP_Digest(bytes, count, digest, NULL, EVP_sha256(), NULL);
}

static inline int holdfast_hmac_sha256(const void *key, size_t key_count, const void *bytes,
                                       size_t count, uint8_t *digest) {
    return HMAC(EVP_sha256(), key, (int)key_count, bytes, count, digest, NULL) != NULL;
}

#endif  // HOLDFAST_CRYPTO_SHIM_H
