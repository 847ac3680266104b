// SPDX-License-Identifier: Apache-2.0
// Hostile names, and listings against a model.
#include "harness.h"

#include <stdlib.h>

#define MODEL_MAX 400

static char *model[MODEL_MAX];
static int model_count;

static int by_bytes(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void remember(const char *path) {
    for (int index = 0; index < model_count; index++) {
        if (strcmp(model[index], path) == 0) return;
    }
    model[model_count++] = strdup(path);
}

// A path of pieces that are likely to collide.
static void make_path(char *path) {
    static const char *const pieces[] = {
        "a",    "b",     ".",        "..",   "%",    "%25", "%2E",   "%2e",  ".json", ".object",
        ".bin", ".tfstate", ".log",  "é",    "e\xCC\x81", " ", "\\", "-",    "~",     "!",
        "A",    "%2",    "E",        "5",    "\"",   "0",   "/",     "/",    "/",
    };
    const size_t piece_count = sizeof pieces / sizeof *pieces;
    for (;;) {
        path[0] = '\0';
        for (uint64_t rest = 1 + random_number() % 7; rest > 0; rest--) {
            strcat(path, pieces[random_number() % piece_count]);
        }
        // The host promises that neither of these comes.
        char framed[128];
        snprintf(framed, sizeof framed, "/%s/", path);
        if (strstr(framed, "//") == NULL && strstr(framed, "/./") == NULL &&
            strstr(framed, "/../") == NULL) {
            return;
        }
    }
}

static bool is_model(void *store, object of, const char *start_after, uint32_t page) {
    size_t prefix = strlen(of.path);
    char *after = strdup(start_after);
    int next = 0;
    bool same = true;
    for (;;) {
        char *paths[MODEL_MAX];
        int count = list(store, of, after, page, paths);
        if (count < 0) return false;
        for (int index = 0; index < count; index++) {
            while (next < model_count && (strncmp(model[next], of.path, prefix) != 0 ||
                                          strcmp(model[next], start_after) <= 0)) {
                next++;
            }
            same = same && next < model_count && strcmp(model[next], paths[index]) == 0;
            next++;
            free(after);
            after = paths[index];
            if (index + 1 < count) after = strdup(after), free(paths[index]);
        }
        if (count < (int)page) break;
    }
    while (next < model_count && (strncmp(model[next], of.path, prefix) != 0 ||
                                  strcmp(model[next], start_after) <= 0)) {
        next++;
    }
    free(after);
    return same && next == model_count;
}

static void check_model(void *store) {
    static const char *const pairs[] = {
        "a",        "a/b",          "a.json",     "a.json/b",   "a.object",     "a.object/b",
        "a%2Ejson", "a%2Ejson/b",   "a.bin/c.bin", "a.bin",     "a.object.object", ".a",
        "%2Ea",     "%252Ea",       ".json",      ".json/.json", "%2Ejson",     "...",
        "a.log/..x", "a.tfstate/%", "a.tfstate",  "%25",        "%",            "-rf",
    };
    const int pair_count = sizeof pairs / sizeof *pairs;
    bool wrote = true, read_back = true, removed = true;
    for (int round = 0; round < 300; round++) {
        char path[128];
        make_path(path);
        if (round < pair_count) strcpy(path, pairs[round]);
        wrote = wrote && put(store, PATH(path), ANY, path, NULL) == HOLDFAST_OK;
        remember(path);
    }
    CHECK(wrote, "hostile paths are written");
    static reading found;
    for (int index = 0; index < model_count; index++) {
        read_back = read_back &&
                    get(store, PATH(model[index]), 0, HOLDFAST_WHOLE, &found) == HOLDFAST_OK &&
                    strcmp(found.bytes, model[index]) == 0;
    }
    CHECK(read_back, "none of them took the place of another");
    qsort(model, (size_t)model_count, sizeof *model, by_bytes);
    CHECK(is_model(store, PATH(""), "", 1), "a listing page by page of one is the model");
    CHECK(is_model(store, PATH(""), "", 7), "and of seven");
    CHECK(is_model(store, PATH(""), "", 1000), "and at once");
    bool prefixes = true;
    for (int round = 0; round < 100; round++) {
        char prefix[128], start_after[128];
        make_path(prefix);
        make_path(start_after);
        const char *known = model[random_number() % (uint64_t)model_count];
        if (round % 2 == 0) {
            size_t end = random_number() % strlen(known);
            // Text is cut between characters only.
            while ((known[end] & 0xC0) == 0x80) end--;
            memcpy(prefix, known, end);
            prefix[end] = '\0';
        }
        prefixes = prefixes && is_model(store, PATH(prefix), round % 3 ? "" : start_after, 3);
    }
    CHECK(prefixes, "prefixes and starts are those of the model");
    for (int index = 0; index < model_count; index++) {
        removed = removed && remove_object(store, PATH(model[index]), ANY) == HOLDFAST_OK;
    }
    char *paths[1];
    CHECK(removed && list(store, PATH(""), "", 1, paths) == 0, "all of them are removed");
    CHECK(count_names(in_scratch("names/state")) == 0, "and their folders");
}

static void check_lengths(void *store) {
    char part[201], path[641];
    memset(part, '%', 200), part[200] = '\0';
    CHECK(put(store, PATH(part), ABSENT, "x", NULL) == HOLDFAST_OK, "200 percent signs fit");
    for (int index = 0; index < 198; index += 3) memcpy(part + index, "%25", 3);
    CHECK(put(store, PATH(part), ABSENT, "x", NULL) == HOLDFAST_TOO_LARGE,
          "66 escapes do not, and that is said");
    memset(path, 'p', 640), path[640] = '\0';
    path[200] = path[401] = path[602] = '/';
    CHECK(put(store, PATH(path), ABSENT, "x", NULL) == HOLDFAST_OK, "a path of 640 bytes");
    memset(path, 'p', 640);
    for (int index = 1; index < 639; index += 2) path[index] = '/';
    CHECK(put(store, PATH(path), ABSENT, "x", NULL) == HOLDFAST_OK, "320 folders deep");
    char *paths[8];
    CHECK(list(store, PATH(""), "", 8, paths) == 3, "all of them are listed");
    static const char *const refused[] = {"..", "a/../b", "/a", "a/", "a//b", ".", "a/.", ""};
    bool holds = true;
    for (size_t index = 0; index < sizeof refused / sizeof *refused; index++) {
        holds = holds && put(store, PATH(refused[index]), ANY, "x", NULL) == HOLDFAST_INVALID;
    }
    CHECK(holds, "paths that the host never sends are refused");
}

static void check_workspaces(void *store) {
    static char names[12][513] = {"", "a", "/a", "%2Fa", "a/..", "..", ".", "../..", "/a/state"};
    memset(names[9], '/', 512);
    memset(names[10], '/', 511);
    memset(names[11], '.', 512);
    bool made = true, kept = true;
    for (int index = 0; index < 12; index++) {
        object key = {"state", names[index], "x"};
        made = made && put(store, key, ABSENT, names[index], NULL) == HOLDFAST_OK;
    }
    CHECK(made, "workspaces share no object");
    static reading found;
    for (int index = 0; index < 12; index++) {
        object key = {"state", names[index], "x"};
        char *paths[4];
        kept = kept && get(store, key, 0, HOLDFAST_WHOLE, &found) == HOLDFAST_OK &&
               strcmp(found.bytes, names[index]) == 0 &&
               list(store, (object){"state", names[index], ""}, "", 4, paths) == 1;
    }
    CHECK(kept, "each has its own");
    CHECK(count_names(in_scratch("spaces")) == 4, "all lie in one folder of the store");
}

void check_names(void) {
    void *store = open_store(in_scratch("names"));
    check_model(store);
    check_lengths(store);
    close_store(store);
    store = open_store(in_scratch("spaces"));
    check_workspaces(store);
    close_store(store);
}
