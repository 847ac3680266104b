// SPDX-License-Identifier: Apache-2.0
// The payload of a commit: all that is known of an object but its bytes.
#include "log.h"

#include <errno.h>
#include <string.h>

// version (32 bytes of hexadecimal), bytes (8), modified_ns (8), size of the key (2), where the
// path starts in it (2), number of attributes (2), the key, and for each attribute the sizes of
// name and value (2 each) and both texts. The data frames lie directly before the commit.
#define FIXED 54u

size_t log_encode_commit(uint8_t *to, const log_object *object) {
    size_t size = FIXED + object->key_size;
    for (uint32_t index = 0; index < object->attribute_count; index++) {
        const holdfast_attribute *one = object->attributes + index;
        if (one->name.size > 0xffff || one->value.size > 0xffff) return 0;
        size += 4 + one->name.size + one->value.size;
    }
    if (size > LOG_MOST_COMMIT) return 0;
    memcpy(to, object->version, 32);
    log_store64(to + 32, object->bytes);
    log_store64(to + 40, (uint64_t)object->modified_ns);
    log_store16(to + 48, (uint16_t)object->key_size);
    log_store16(to + 50, (uint16_t)object->path_at);
    log_store16(to + 52, (uint16_t)object->attribute_count);
    memcpy(to + FIXED, object->key, object->key_size);
    uint8_t *at = to + FIXED + object->key_size;
    for (uint32_t index = 0; index < object->attribute_count; index++) {
        const holdfast_attribute *one = object->attributes + index;
        log_store16(at, (uint16_t)one->name.size);
        log_store16(at + 2, (uint16_t)one->value.size);
        memcpy(at + 4, one->name.data, one->name.size);
        memcpy(at + 4 + one->name.size, one->value.data, one->value.size);
        at += 4 + one->name.size + one->value.size;
    }
    return size;
}

// Finds the attributes in the payload; false when they do not fill its rest exactly.
static bool decode_attributes(const uint8_t *at, const uint8_t *end, uint32_t count,
                              holdfast_attribute *attributes) {
    for (uint32_t index = 0; index < count; index++) {
        if (end - at < 4) return false;
        size_t name = log_load16(at), value = log_load16(at + 2);
        at += 4;
        if ((size_t)(end - at) < name + value) return false;
        const char *text = (const char *)at;
        attributes[index] =
            (holdfast_attribute){sizeof *attributes, 0, {text, name}, {text + name, value}};
        at += name + value;
    }
    return at == end;
}

log_object *log_decode_commit(const uint8_t *from, size_t size) {
    errno = EBADMSG;
    if (size < FIXED) return NULL;
    size_t key_size = log_load16(from + 48);
    uint32_t count = log_load16(from + 52);
    holdfast_attribute attributes[LOG_MOST_COMMIT / 5];
    if (key_size > LOG_MOST_KEY || FIXED + key_size > size ||
        count > sizeof attributes / sizeof *attributes)
        return NULL;
    if (!decode_attributes(from + FIXED + key_size, from + size, count, attributes)) return NULL;
    log_key key = {.size = key_size, .path_at = log_load16(from + 50)};
    if (key.path_at >= key_size) return NULL;
    memcpy(key.bytes, from + FIXED, key_size);
    log_object *object = log_new_object(&key, attributes, count, sizeof *attributes);
    if (object == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    memcpy(object->version, from, 32);
    object->bytes = log_load64(from + 32);
    object->modified_ns = (int64_t)log_load64(from + 40);
    return object;
}
