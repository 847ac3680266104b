// SPDX-License-Identifier: Apache-2.0
// The objects, in memory and in order. A sorted array is enough for some 100,000 of them.
#include "log.h"

#include <stdlib.h>
#include <string.h>

void log_make_key(log_key *key, holdfast_text collection, holdfast_text workspace,
                  holdfast_text path) {
    // Keys hold no control characters, so a zero byte sorts before all that can stand in its place.
    char *at = key->bytes;
    const holdfast_text parts[] = {collection, workspace, path};
    for (int index = 0; index < 3; index++) {
        if (parts[index].size > 0) memcpy(at, parts[index].data, parts[index].size);
        at += parts[index].size;
        if (index < 2) *at++ = '\0';
    }
    key->size = (size_t)(at - key->bytes);
    key->path_at = key->size - path.size;
}

static int compare(const log_object *object, const char *key, size_t size) {
    size_t shared = object->key_size < size ? object->key_size : size;
    int order = memcmp(object->key, key, shared);
    return order != 0 ? order : (object->key_size > size) - (object->key_size < size);
}

size_t log_place(const log_index *index, const char *key, size_t size, bool *found) {
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(index->objects[middle], key, size) < 0) low = middle + 1;
        else high = middle;
    }
    *found = low < index->count && compare(index->objects[low], key, size) == 0;
    return low;
}

log_object *log_find(const log_index *index, const log_key *key) {
    bool found;
    size_t place = log_place(index, key->bytes, key->size, &found);
    return found ? index->objects[place] : NULL;
}

bool log_reserve(log_index *index) {
    if (index->count < index->capacity) return true;
    size_t capacity = index->capacity == 0 ? 64 : index->capacity * 2;
    log_object **objects = realloc(index->objects, capacity * sizeof *objects);
    if (objects == NULL) return false;
    index->objects = objects;
    index->capacity = capacity;
    return true;
}

void log_insert(log_index *index, log_object *object) {
    bool found;
    size_t place = log_place(index, object->key, object->key_size, &found);
    log_object **slot = index->objects + place;
    if (found) {
        index->live -= (*slot)->space;
        log_free_object(*slot);
    } else {
        memmove(slot + 1, slot, (index->count++ - place) * sizeof *slot);
    }
    *slot = object;
    index->live += object->space;
}

void log_delete(log_index *index, const log_object *like) {
    bool found;
    size_t place = log_place(index, like->key, like->key_size, &found);
    if (!found) return;
    log_object **slot = index->objects + place;
    index->live -= (*slot)->space;
    log_free_object(*slot);
    memmove(slot, slot + 1, (--index->count - place) * sizeof *slot);
}

log_object *log_new_object(const log_key *key, const void *attributes, uint32_t count,
                           uint32_t stride) {
    size_t text_size = 0;
    const char *first = attributes;
    for (uint32_t index = 0; index < count; index++) {
        const holdfast_attribute *one = (const void *)(first + (size_t)index * stride);
        text_size += one->name.size + one->value.size;
    }
    log_object *object = calloc(1, sizeof *object);
    if (object == NULL) return NULL;
    object->key = malloc(key->size);
    object->attributes = calloc(count + 1, sizeof *object->attributes);
    object->attribute_text = malloc(text_size + 1);
    if (object->key == NULL || object->attributes == NULL || object->attribute_text == NULL) {
        log_free_object(object);
        return NULL;
    }
    memcpy(object->key, key->bytes, key->size);
    object->key_size = key->size;
    object->path_at = key->path_at;
    object->attribute_count = count;
    char *text = object->attribute_text;
    for (uint32_t index = 0; index < count; index++) {
        const holdfast_attribute *one = (const void *)(first + (size_t)index * stride);
        const holdfast_text parts[] = {one->name, one->value};
        holdfast_text copies[2];
        for (int part = 0; part < 2; part++) {
            if (parts[part].size > 0) memcpy(text, parts[part].data, parts[part].size);
            copies[part] = (holdfast_text){text, parts[part].size};
            text += parts[part].size;
        }
        object->attributes[index] = (holdfast_attribute){sizeof *one, 0, copies[0], copies[1]};
    }
    return object;
}

void log_free_object(log_object *object) {
    if (object == NULL) return;
    free(object->key);
    free(object->attributes);
    free(object->attribute_text);
    free(object);
}

void log_free_index(log_index *index) {
    for (size_t place = 0; place < index->count; place++) log_free_object(index->objects[place]);
    free(index->objects);
    *index = (log_index){0};
}
