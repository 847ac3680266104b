// SPDX-License-Identifier: Apache-2.0
//
// The few functions of libcrypto that signing needs.

#ifndef HOLDFAST_CRYPTO_SHIM_H
#define HOLDFAST_CRYPTO_SHIM_H

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdint.h>
#include <string.h>

// Both return 1 when the 32 bytes of `digest` were written.
static inline int holdfast_sha256(const void *bytes, size_t count, uint8_t *digest) {
    return EVP_Digest(bytes, count, digest, NULL, EVP_sha256(), NULL);
}

static inline int holdfast_hmac_sha256(const void *key, size_t key_count, const void *bytes,
                                       size_t count, uint8_t *digest) {
    return HMAC(EVP_sha256(), key, (int)key_count, bytes, count, digest, NULL) != NULL;
}

// Signs with an RSA key in PEM (RFC 8017, PKCS #1 v1.5 with SHA-256). Returns the bytes of the signature,
// or 0 when the key cannot be read, is none of RSA, or its signature has more than `capacity` bytes.
static inline size_t holdfast_rsa_sha256_sign(const void *pem, size_t pem_count, const void *bytes,
                                              size_t count, uint8_t *signature, size_t capacity) {
    size_t length = 0;
    BIO *text = pem_count > INT32_MAX ? NULL : BIO_new_mem_buf(pem, (int)pem_count);
    // An empty passphrase: without one libcrypto would ask the terminal for that of an encrypted key.
    EVP_PKEY *key = text ? PEM_read_bio_PrivateKey(text, NULL, NULL, (void *)"") : NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (key && context && EVP_PKEY_is_a(key, "RSA") &&
        EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(context, NULL, &length, bytes, count) == 1) {
        if (length > capacity || EVP_DigestSign(context, signature, &length, bytes, count) != 1)
            length = 0;
    } else {
        length = 0;
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    BIO_free(text);
    return length;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static inline uint32_t holdfast_crc32c_fast(
    uint32_t value, const uint8_t *bytes, size_t count) {
    uint64_t wide = value;
    for (; count >= 8; bytes += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    value = (uint32_t)wide;
    for (; count; bytes++, count--) value = __builtin_ia32_crc32qi(value, *bytes);
    return value;
}
#endif

// Adds bytes to a CRC-32C (Castagnoli) that is not yet inverted at its end; the processor's own where it
// has it, because a large object's sum would otherwise cost more than sending it.
static inline uint32_t holdfast_crc32c(uint32_t value, const uint8_t *bytes, size_t count) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return holdfast_crc32c_fast(value, bytes, count);
#endif
    for (; count; bytes++, count--) {
        value ^= *bytes;
        for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ (value & 1 ? 0x82f63b78u : 0);
    }
    return value;
}

#endif  // HOLDFAST_CRYPTO_SHIM_H
