internal import HoldfastDriver

/// The table `changes`: a mark for each collection and workspace that every change there replaces by
/// a new random number.
///
/// Triggers keep it, so that also the changes of a driver that does not know it and of `sqlite3` are
/// in it. The first watch makes it: a database that nobody ever watched pays nothing. A mark never
/// comes back, except with the whole database that it belongs to, from a backup.
enum Tracking {
    /// ?1 a collection, ?2 a workspace: the mark of the table itself, and that of the two.
    static let marks = """
        SELECT (SELECT mark FROM changes WHERE collection = '' AND workspace_id = ''),
        (SELECT mark FROM changes WHERE collection = ?1 AND workspace_id = ?2)
        """

    /// Whether a database has all of it.
    static func isComplete(_ connection: Connection) throws(SQLiteFailure) -> Bool {
        let count = try connection.first(
            """
            SELECT count(*) FROM sqlite_schema
            WHERE type = 'table' AND name = 'changes' OR type = 'trigger' AND name LIKE 'changes^_%' ESCAPE '^'
            """)
        return count == "\(1 + triggers.count)"
    }

    /// Adds it in one transaction, unless another process just did.
    static func add(to connection: Connection) throws(SQLiteFailure) {
        do {
            try connection.prepared(.begin).run()
            if try !isComplete(connection) {
                try connection.execute(table)
                for (name, what) in triggers {
                    try connection.execute("CREATE TRIGGER IF NOT EXISTS changes_\(name) \(what)")
                }
                // Cursors of an earlier table are not known any more: changes may have gone unmarked.
                try connection.execute("REPLACE INTO changes VALUES ('', '', random())")
            }
            try connection.prepared(.commit).run()
        } catch {
            _ = connection.rollBack()
            throw error
        }
    }

    private static let table = """
        CREATE TABLE IF NOT EXISTS changes (
          collection TEXT NOT NULL,
          workspace_id TEXT NOT NULL,
          mark INTEGER NOT NULL,
          PRIMARY KEY (collection, workspace_id)
        ) WITHOUT ROWID
        """

    private static let triggers: [(name: String, what: String)] =
        [
            ("objects", "collection", "collection, workspace_id"),
            (Table.receipts.name, "'\(Table.receiptCollection)'", "workspace_id"),
        ].flatMap { table, collection, key in
            [
                ("insert", "INSERT", "new"), ("update", "UPDATE", "new"),
                // A row that gets another key by hand changes two places.
                ("rename", "UPDATE OF \(key)", "old"), ("delete", "DELETE", "old"),
            ].map { name, event, row in
                let scope = collection == "collection" ? "\(row).collection" : collection
                return (
                    "\(table)_\(name)",
                    """
                    AFTER \(event) ON \(table) BEGIN
                      INSERT INTO changes VALUES (\(scope), \(row).workspace_id, random())
                      ON CONFLICT DO UPDATE SET mark = excluded.mark;
                    END
                    """
                )
            }
        }
}

extension Connection {
    /// The cursor of a collection and a workspace at this moment; the tracking must be there.
    func cursor(collection: String, workspace: String) throws(SQLiteFailure) -> [UInt8] {
        let statement = try prepared(.marks)
        defer { statement.reset() }
        statement.bind(1, collection)
        statement.bind(2, workspace)
        guard try statement.step() else { return [] }
        let parts = [statement.number(0), statement.number(1)]
        return Array(
            parts.map { String(UInt64(bitPattern: $0), radix: 16) }.joined(separator: "-").utf8)
    }
}
