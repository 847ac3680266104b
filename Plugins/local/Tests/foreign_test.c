// SPDX-License-Identifier: Apache-2.0
// What people and other programs do to the files, and what they put in the way.
#include "harness.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static reading found;

static void shell(const char *command) {
    char line[8192];
    snprintf(line, sizeof line, "cd '%s' && %s", scratch, command);
    CHECK(system(line) == 0, command);
}

void check_foreign_hands(void) {
    void *store = open_store(in_scratch("foreign"));
    object key = PATH("a.json");
    const char *file = in_scratch("foreign/state/a.json");
    char first[300], second[300];
    put(store, key, ANY, "first", first);
    shell("printf 'FIRST' > foreign/state/a.json");
    CHECK(get(store, key, 0, HOLDFAST_WHOLE, &found) == HOLDFAST_OK &&
              strcmp(found.bytes, "FIRST") == 0 && strcmp(found.version, first) != 0,
          "an edit by hand changes the version");
    strcpy(second, found.version);
    CHECK(strcmp(version_of(store, key), second) == 0, "to one that stays");
    CHECK(put(store, key, first, "x", NULL) == HOLDFAST_CONDITION, "the old one is refused");
    CHECK(put(store, key, second, "first", first) == HOLDFAST_OK, "the new one counts");
    shell("cp -a foreign/state/a.json copy");
    CHECK(put(store, key, first, "second", second) == HOLDFAST_OK, "the object goes on");
    shell("rm foreign/state/a.json && cp -a copy foreign/state/a.json");
    CHECK(get(store, key, 0, HOLDFAST_WHOLE, &found) == HOLDFAST_OK &&
              strcmp(found.bytes, "first") == 0 && strcmp(found.version, first) != 0,
          "a copy that is put back does not bring an old version back");
    shell("mkdir -p foreign/state/svc && printf '{}' > foreign/state/svc/new.state.json");
    CHECK(get(store, PATH("svc/new.state.json"), 0, HOLDFAST_WHOLE, &found) == HOLDFAST_OK &&
              strcmp(found.bytes, "{}") == 0 && found.version[0] != '\0',
          "a file that was copied in is an object");
    shell("ln foreign/state/svc/new.state.json linked");
    CHECK(put(store, PATH("svc/new.state.json"), version_of(store, PATH("svc/new.state.json")),
              "mine", NULL) == HOLDFAST_OK,
          "a hard link is replaced");
    shell("test \"$(cat linked)\" = '{}'");
    shell("touch foreign/state/notes.txt foreign/state/.hidden foreign/state/x.json~ "
          "foreign/state/%2Eu foreign/state/%41.json~");
    char *paths[8];
    CHECK(list(store, PATH(""), "", 8, paths) == 2, "files with other names are left alone");

    CHECK(setxattr(file, "user.holdfast", "\x02later", 6, 0) == 0, "(a newer format)");
    CHECK(head(store, key, &found) == HOLDFAST_NEWER_FORMAT, "a newer format is refused");
    CHECK(put(store, key, ANY, "x", NULL) == HOLDFAST_NEWER_FORMAT, "and not written over");
    CHECK(remove_object(store, key, ANY) == HOLDFAST_NEWER_FORMAT, "nor removed");
    CHECK(setxattr(file, "user.holdfast", "\x01short", 6, 0) == 0, "(damage)");
    CHECK(head(store, key, &found) == HOLDFAST_CORRUPT, "a damaged stamp is said");
    removexattr(file, "user.holdfast");
    CHECK(head(store, key, &found) == HOLDFAST_OK, "the bytes outlive it");
    shell("rm -r foreign/.locks");
    CHECK(put(store, key, ANY, "x", NULL) == HOLDFAST_OK, "lost lock files are made again");
    close_store(store);
}

// ---- In the way -----------------------------------------------------------------------------

static bool is_refused(void *store, object key) {
    holdfast_status statuses[] = {
        head(store, key, &found),       get(store, key, 0, HOLDFAST_WHOLE, &found),
        put(store, key, ANY, "x", NULL), put(store, key, ABSENT, "x", NULL),
        remove_object(store, key, ANY),
    };
    for (size_t index = 0; index < sizeof statuses / sizeof *statuses; index++) {
        if (statuses[index] != HOLDFAST_FORBIDDEN) return false;
    }
    return true;
}

static void check_obstacles(void *store) {
    shell("mkdir -p outside/sub && printf secret > outside/secret.json && mkdir -p safety/state/d");
    shell("ln -s ../../outside/secret.json safety/state/link.json && ln -s ../../outside "
          "safety/state/folder && ln -s nowhere safety/state/d/dangling.json");
    CHECK(is_refused(store, PATH("link.json")), "a link in the place of a file");
    CHECK(strstr(last_message, "/safety/state/link.json") != NULL, "is named");
    CHECK(is_refused(store, PATH("folder/secret.json")), "a link in the place of a folder");
    CHECK(is_refused(store, PATH("folder/new.json")), "also for a new object");
    CHECK(is_refused(store, PATH("folder/sub/new.json")), "and deeper");
    CHECK(is_refused(store, PATH("d/dangling.json")), "a link to nowhere");
    char *paths[8];
    CHECK(list(store, PATH("folder/"), "", 8, paths) == HOLDFAST_FORBIDDEN &&
              list(store, PATH(""), "", 8, paths) == HOLDFAST_FORBIDDEN,
          "a listing says so too");
    CHECK(list(store, PATH("g"), "", 8, paths) == 0, "unless it does not come by");
    shell("rm safety/state/folder safety/state/link.json safety/state/d/dangling.json");
    shell("mkfifo safety/state/fifo.json && mkdir safety/state/dir.json");
    CHECK(is_refused(store, PATH("fifo.json")), "a FIFO, without waiting");
    CHECK(is_refused(store, PATH("dir.json")), "a folder in the place of a file");
    shell("touch safety/state/file");
    CHECK(is_refused(store, PATH("file/x.json")), "a file in the place of a folder");
    shell("test \"$(cat outside/secret.json)\" = secret && test ! -e outside/new.json");
}

void check_safety(void) {
    void *store = open_store(in_scratch("safety"));
    check_obstacles(store);
    shell("mv safety moved");
    CHECK(put(store, PATH("x"), ANY, "x", NULL) == HOLDFAST_UNAVAILABLE,
          "nothing is written into a store that was moved away");
    shell("mkdir -m 700 safety");
    CHECK(put(store, PATH("x"), ANY, "x", NULL) == HOLDFAST_UNAVAILABLE, "nor replaced");
    CHECK(count_names(in_scratch("safety")) == 0, "and the new one stays empty");
    close_store(store);
    shell("mkdir -m 777 open");
    CHECK(open_store(in_scratch("open")) == NULL && last_status == HOLDFAST_FORBIDDEN,
          "a directory that all may write to is refused");
    shell("touch plain");
    CHECK(open_store(in_scratch("plain")) == NULL && last_status == HOLDFAST_FORBIDDEN,
          "a file is no directory");
    CHECK(open_store("relative") == NULL && last_status == HOLDFAST_INVALID, "nor a relative path");
    shell("mkdir -m 700 trap && ln -s ../outside trap/.tmp");
    CHECK(open_store(in_scratch("trap")) == NULL && last_status == HOLDFAST_FORBIDDEN,
          "the driver's own folders are no links");
    store = open_store(in_scratch("new/in/new"));
    struct stat facts;
    CHECK(store != NULL && stat(in_scratch("new"), &facts) == 0 && (facts.st_mode & 0777) == 0700,
          "missing parents are made, private");
    close_store(store);
}
