// SPDX-License-Identifier: Apache-2.0
//
// The least that the sqlite driver's work costs: its table, its statements, prepared once, and its
// durability, without Holdfast around them. Plugins/sqlite/Sources/Query.swift has the originals.
//
//     sqlite_baseline put|get FOLDER COUNT [OBJECTS]
//
// With OBJECTS it gets one of as many that are there already: FOLDER/baseline.db was filled before.

#include "baseline.h"

#include <sqlite3.h>
#include <string.h>

static sqlite3 *database;
static sqlite3_stmt *begin_statement, *head_statement, *write_statement, *commit_statement,
    *read_statement;
static char value[VALUE_BYTES];

static void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, sqlite3_errmsg(database));
    exit(1);
}

static void run(const char *sql) {
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK) fail(sql);
}

static sqlite3_stmt *prepare(const char *sql) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
        SQLITE_OK)
        fail(sql);
    return statement;
}

static void finish(sqlite3_stmt *statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) fail(sqlite3_sql(statement));
    sqlite3_reset(statement);
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text, int size) {
    if (sqlite3_bind_text(statement, at, text, size, SQLITE_STATIC) != SQLITE_OK) fail("bind");
}

static void bind_key(sqlite3_stmt *statement) {
    bind_text(statement, 1, "bench", -1);
    bind_text(statement, 2, "/bench/project", -1);
    bind_text(statement, 3, "one/state", -1);
}

static void put(int number) {
    char version[33];
    snprintf(version, sizeof version, "%032x", (unsigned)number);
    finish(begin_statement);
    bind_key(head_statement);
    if (sqlite3_step(head_statement) == SQLITE_ROW) (void)sqlite3_column_text(head_statement, 0);
    sqlite3_reset(head_statement);
    bind_key(write_statement);
    bind_text(write_statement, 4, version, 32);
    sqlite3_bind_int64(write_statement, 5, VALUE_BYTES);
    sqlite3_bind_int64(write_statement, 6, 1700000000000000000 + number);
    bind_text(write_statement, 7, "{\"write-id\":\"0123456789abcdef0123456789abcdef\"}", -1);
    sqlite3_bind_null(write_statement, 8);
    bind_text(write_statement, 9, value, VALUE_BYTES);
    finish(write_statement);
    finish(commit_statement);
}

static void read_row(void) {
    static char found[VALUE_BYTES];
    if (sqlite3_step(read_statement) != SQLITE_ROW) fail("no row");
    (void)sqlite3_column_text(read_statement, 0);
    (void)sqlite3_column_text(read_statement, 3);
    const void *bytes = sqlite3_column_blob(read_statement, 5);
    int size = sqlite3_column_bytes(read_statement, 5);
    if (size > VALUE_BYTES) fail("a long value");
    memcpy(found, bytes, (size_t)size);
    sqlite3_reset(read_statement);
}

static void get(int number) {
    (void)number;
    bind_key(read_statement);
    read_row();
}

static long objects;

// The same objects in the same order as holdfast-bench.
static void get_one_of_many(int number) {
    char path[64];
    snprintf(path, sizeof path, "object-%llu/state",
             (unsigned long long)number * 2654435761 % (unsigned long long)objects);
    bind_key(read_statement);
    bind_text(read_statement, 3, path, -1);
    read_row();
}

int main(int count, char **arguments) {
    char path[4096];
    if (count != 4 && count != 5) return 2;
    objects = count == 5 ? atol(arguments[4]) : 0;
    snprintf(path, sizeof path, "%s/baseline.db", arguments[2]);
    if (sqlite3_open_v2(path, &database,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        fail("open");
    run("PRAGMA journal_mode = WAL");
    run("PRAGMA synchronous = FULL");
    run("PRAGMA cell_size_check = ON");
    run("PRAGMA secure_delete = FAST");
    run("CREATE TABLE IF NOT EXISTS objects (collection TEXT NOT NULL, workspace_id TEXT NOT NULL, "
        "path TEXT NOT NULL, version TEXT NOT NULL, size INTEGER NOT NULL, updated_at TEXT NOT "
        "NULL, modified_ns INTEGER NOT NULL, attributes TEXT NOT NULL, upload INTEGER, data TEXT, "
        "PRIMARY KEY (collection, workspace_id, path))");
    begin_statement = prepare("BEGIN IMMEDIATE");
    head_statement = prepare(
        "SELECT version, size, modified_ns, attributes, upload FROM objects WHERE collection = ?1 "
        "AND workspace_id = ?2 AND path = ?3");
    write_statement = prepare(
        "INSERT INTO objects (collection, workspace_id, path, version, size, modified_ns, "
        "attributes, upload, data, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
        "strftime('%Y-%m-%dT%H:%M:%fZ', ?6 / 1000000000.0, 'unixepoch')) "
        "ON CONFLICT (collection, workspace_id, path) DO UPDATE SET version = excluded.version, "
        "size = excluded.size, modified_ns = excluded.modified_ns, attributes = "
        "excluded.attributes, upload = excluded.upload, data = excluded.data, updated_at = "
        "excluded.updated_at");
    commit_statement = prepare("COMMIT");
    read_statement = prepare(
        "SELECT version, size, modified_ns, attributes, upload, data FROM objects WHERE collection "
        "= ?1 AND workspace_id = ?2 AND path = ?3");
    memset(value, 'v', sizeof value);
    if (objects == 0) put(0);
    measure(atoi(arguments[3]),
            objects > 0 ? get_one_of_many : strcmp(arguments[1], "get") == 0 ? get : put);
    // Closed as the driver closes it, so that both start with an empty log the next time.
    sqlite3_stmt *statements[] = {begin_statement, head_statement, write_statement,
                                  commit_statement, read_statement};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        sqlite3_finalize(statements[i]);
    return sqlite3_close(database) == SQLITE_OK ? 0 : 1;
}
