// SPDX-License-Identifier: Apache-2.0
// Flipped bits, torn ends, foreign frames, and compaction.
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void copy_file(const char *from, const char *to, long count) {
    FILE *input = fopen(from, "rb"), *output = fopen(to, "wb");
    CHECK(input != NULL && output != NULL, "(a file is copied)");
    if (input == NULL || output == NULL) return;
    for (int byte; count-- > 0 && (byte = getc(input)) != EOF;) putc(byte, output);
    fclose(input);
    fclose(output);
}

// Three objects, the second with an older version; `ends` receives the sizes of the file after each
// write and at the end.
static void make_sample(const char *path, long ends[5]) {
    void *store = open_store(path);
    put(store, "one", ANY, "first", NULL);
    ends[0] = file_size(path);
    put(store, "two", ANY, "old", NULL);
    ends[1] = file_size(path);
    put_bytes(store, "two", ANY, from_text("new and longer"), "note", NULL);
    ends[2] = file_size(path);
    put(store, "three", ANY, "third", NULL);
    ends[3] = file_size(path);
    close_store(store);
    ends[4] = file_size(path);
}

// Whether each object is the one that was written, or said to be damaged.
static bool is_honest(void *store, bool *two_is_new) {
    reading found = {0};
    bool honest = true;
    *two_is_new = false;
    static const char *const paths[] = {"one", "two", "three"};
    static const char *const values[] = {"first", "new and longer", "third"};
    for (int index = 0; index < 3; index++) {
        holdfast_status status = get(store, paths[index], 0, HOLDFAST_WHOLE, &found);
        bool same = status == HOLDFAST_OK && found.got == strlen(values[index]) &&
                    memcmp(found.data, values[index], found.got) == 0;
        if (index == 1) *two_is_new = same;
        honest = honest && (same || status == HOLDFAST_CORRUPT);
        release(&found);
    }
    return honest;
}

// One bit of every byte, one at a time, of a store that was closed.
static void check_flips(void) {
    long ends[5];
    const char *path = in_scratch("sample"), *copy = in_scratch("flipped");
    make_sample(path, ends);
    int refused = 0, damaged = 0;
    for (long offset = 0; offset < ends[4]; offset++) {
        copy_file(path, copy, ends[4]);
        flip(copy, offset);
        void *store = open_store(copy);
        if (store == NULL) {
            CHECK(last_status == HOLDFAST_CORRUPT ||
                      (offset < 16 && last_status == HOLDFAST_INVALID),
                  "a damaged file is refused for that");
            refused++;
            continue;
        }
        bool is_new;
        CHECK(is_honest(store, &is_new), "a flipped bit never changes or hides an object");
        damaged += !is_new;
        close_store(store);
    }
    CHECK(refused > 400, "most flips are found when the store is opened");
    CHECK(damaged > 10, "and those in an object's bytes when it is read");
}

// A crash at each length that the file had: what was acknowledged before is there, nothing else.
static void check_torn(void) {
    long ends[5];
    const char *path = in_scratch("torn-sample"), *copy = in_scratch("torn");
    make_sample(path, ends);
    bool whole = true, cut = true, usable = true;
    for (long length = 0; length <= ends[4]; length++) {
        // A header is written at once; a shorter one is a blank or a foreign file.
        if (length > 0 && length < 40) continue;
        copy_file(path, copy, length);
        void *store = open_store(copy);
        CHECK(store != NULL, "a torn file opens");
        if (store == NULL) return;
        reading found = {0};
        whole = whole && (head(store, "one", &found) == HOLDFAST_OK) == (length >= ends[0]);
        whole = whole && (length < ends[0] || has_text(store, "one", "first"));
        whole = whole && (length < ends[1] || length >= ends[2] || has_text(store, "two", "old"));
        whole = whole && (length < ends[2] || has_text(store, "two", "new and longer"));
        whole = whole && (head(store, "three", &found) == HOLDFAST_OK) == (length >= ends[3]);
        long now = file_size(copy);
        cut = cut && (now == 40 || now == ends[0] || now == ends[1] || now == ends[2] ||
                      now == ends[3] || now == ends[4]);
        usable = usable && put(store, "more", ANY, "x", NULL) == HOLDFAST_OK;
        close_store(store);
        store = open_store(copy);
        usable = usable && store != NULL && has_text(store, "more", "x");
        if (store != NULL) close_store(store);
    }
    CHECK(whole, "a torn end loses what was not acknowledged, and no more");
    CHECK(cut, "it is cut off");
    CHECK(usable, "and the store goes on from there");
}

// A frame of another file, or of another place, is not taken for one of this file.
static void check_forged(void) {
    const char *path = in_scratch("forged");
    long ends[5];
    make_sample(in_scratch("inner"), ends);
    static uint8_t inner[8192];
    FILE *file = fopen(in_scratch("inner"), "rb");
    size_t count = fread(inner, 1, sizeof inner, file);
    fclose(file);
    void *store = open_store(path);
    bytes source = {inner + 40, count - 40, 0, UINT64_MAX, count - 40, UINT64_MAX};
    put_bytes(store, "inner", ANY, source, NULL, NULL);
    long end = file_size(path);
    close_store(store);
    // The commit is torn and the data's head is lost, so that the reader looks for other commits,
    // and passes those inside the object.
    CHECK(truncate(path, end - 8) == 0, "(the end is torn)");
    flip(path, 40);
    store = open_store(path);
    reading found;
    CHECK(store != NULL && head(store, "one", &found) == HOLDFAST_NOT_FOUND,
          "an object that looks like a log is not read as one");
    if (store != NULL) close_store(store);
}

static void check_newer(void) {
    // Format 2, with the right sum: CRC-32 as zlib has it.
    uint8_t header[40] = "HOLDFASTLOG\n\2";
    uint32_t crc = ~0u;
    for (int index = 0; index < 36; index++) {
        crc ^= header[index];
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0);
    }
    crc = ~crc;
    for (int index = 0; index < 4; index++) header[36 + index] = (uint8_t)(crc >> (8 * index));
    FILE *file = fopen(in_scratch("newer"), "wb");
    fwrite(header, 1, sizeof header, file);
    fclose(file);
    CHECK(open_store(in_scratch("newer")) == NULL && last_status == HOLDFAST_NEWER_FORMAT,
          "a newer format is refused");
}

void check_damage(void) {
    check_flips();
    check_torn();
    check_forged();
    check_newer();
}

void check_compaction(void) {
    const char *path = in_scratch("compact");
    void *store = open_with(path, 0, 64 << 10);
    static char words[20000];
    memset(words, 'w', sizeof words - 1);
    char kept[257];
    put_bytes(store, "kept", ANY, from_text(words), "note", kept);
    put(store, "gone", ANY, "x", NULL);
    remove_object(store, "gone", ANY);
    long most = 0;
    for (int round = 0; round < 100; round++) {
        char name[16];
        snprintf(name, sizeof name, "%d", round % 3);
        CHECK(put(store, name, ANY, words, NULL) == HOLDFAST_OK, "(a write)");
        if (file_size(path) > most) most = file_size(path);
    }
    CHECK(most < 400000, "garbage is removed in time");
    CHECK(access(in_scratch("compact.compact"), F_OK) != 0, "no file is left over");
    reading found;
    bool same = head(store, "kept", &found) == HOLDFAST_OK && strcmp(found.version, kept) == 0 &&
                strcmp(found.note, "note") == 0 && has_text(store, "kept", words);
    CHECK(same, "what is alive stays as it was");
    CHECK(open_store(path) == NULL && last_status == HOLDFAST_UNAVAILABLE, "the lock too");
    close_store(store);
    // What a crash leaves of a compaction.
    fclose(fopen(in_scratch("compact.compact"), "w"));
    store = open_with(path, 0, 64 << 10);
    CHECK(access(in_scratch("compact.compact"), F_OK) != 0, "a left-over is removed at open");
    CHECK(head(store, "kept", &found) == HOLDFAST_OK && strcmp(found.version, kept) == 0 &&
              has_text(store, "kept", words) && has_text(store, "0", words) &&
              head(store, "gone", &found) == HOLDFAST_NOT_FOUND,
          "and after reopening");
    close_store(store);
}
