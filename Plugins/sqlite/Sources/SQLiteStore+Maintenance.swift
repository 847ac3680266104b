internal import CSQLite
internal import HoldfastDriver

extension SQLiteStore {
    /// How long others may keep the database before a vacuum gives up; it must not hold up its caller
    /// for as long as an idle transaction elsewhere happens to last.
    private static let vacuumPatienceNanoseconds: Int64 = 5_000_000_000

    /// Rewrites the database without unused pages; readers go on meanwhile, writers wait.
    ///
    /// - Returns: The database's bytes before and after.
    func vacuum(_ call: Call) throws(DriverError) -> (before: Int64, after: Int64) {
        try call.check()
        try file.checkIdentity()
        try writer.transactions.checkSettled()
        // A connection of its own: the writer's serves all calls and is stopped by none of them.
        let connection = try Schema.connect(file, mustExist: true, call)
        connection.stopWithCall()
        connection.patienceNanoseconds = monotonicNanoseconds() + Self.vacuumPatienceNanoseconds
        do throws(SQLiteFailure) {
            let before = try connection.byteCount()
            try connection.execute("VACUUM")
            // The file shrinks with the next checkpoint, whoever makes it.
            if !call.isOver { connection.checkpoint() }
            return (before, try connection.byteCount())
        } catch {
            throw error.located("cannot vacuum the database", file: file.path, call)
        }
    }

    /// What is wrong in the database, by SQLite's own checks and by the driver's.
    ///
    /// - Parameters:
    ///   - limit: The most problems.
    ///   - call: The call that checks.
    /// - Returns: The problems, each in one line; none in a sound database.
    /// - Throws: ``DriverError`` when the check itself cannot be made.
    func integrityProblems(limit: Int, _ call: Call) throws(DriverError) -> [String] {
        try file.checkIdentity()
        return try readers.read("cannot check the database", call) {
            connection throws(SQLiteFailure) in
            try connection.execute("BEGIN")
            defer { _ = connection.rollBack() }
            var problems: [String] = []
            do throws(SQLiteFailure) {
                try connection.each("PRAGMA integrity_check(\(limit))") { row in
                    if row.text(0) != "ok" { problems.append(oneLine(row.text(0))) }
                }
                for check in invariants where problems.count < limit {
                    let sql = check.sql + " LIMIT \(limit - problems.count)"
                    try connection.each(sql) { row in
                        problems.append(oneLine("\(check.what): \(row.text(0))"))
                    }
                }
            } catch {
                // Damage can stop the look at it; what was found until then still counts.
                guard error.code == SQLITE_CORRUPT, problems.count < limit else { throw error }
                problems.append(oneLine("the check cannot go on: \(error.message)"))
            }
            return problems
        }
    }
}

extension Connection {
    /// The size of the database without its log.
    fileprivate func byteCount() throws(SQLiteFailure) -> Int64 {
        let pages = Int64(try first("PRAGMA page_count")) ?? 0
        return pages * (Int64(try first("PRAGMA page_size")) ?? 0)
    }
}

/// Text on one line.
private func oneLine(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 })
}

/// What must hold beyond SQLite's own rules: each statement finds what breaks one.
private let invariants: [(what: String, sql: String)] =
    [
        ("a receipt", "runfabric_receipts", "path"),
        ("an object", "objects", "collection || '/' || path"),
    ].flatMap { name, table, path in
        [
            (
                "\(name) has another size than its row says",
                """
                SELECT \(path) FROM \(table)
                WHERE upload IS NULL AND length(CAST(data AS BLOB)) IS NOT size
                """
            ),
            (
                "\(name) lacks some of its chunks",
                """
                SELECT \(path) FROM \(table) WHERE upload IS NOT NULL AND
                (SELECT ifnull(sum(length(c.data)), 0) FROM chunks c WHERE c.upload = \(table).upload)
                IS NOT size
                """
            ),
            (
                "\(name) has chunks that are not stored",
                """
                SELECT \(path) FROM \(table) WHERE upload IS NOT NULL AND
                (SELECT state FROM uploads u WHERE u.upload = \(table).upload) IS NOT 'stored'
                """
            ),
            (
                "\(name) has unreadable attributes",
                "SELECT \(path) FROM \(table) WHERE NOT json_valid(attributes)"
            ),
        ]
    } + [
        (
            "chunks belong to no object",
            """
            SELECT 'upload ' || upload FROM uploads WHERE state = 'stored'
            AND upload NOT IN (SELECT upload FROM objects WHERE upload IS NOT NULL
            UNION ALL SELECT upload FROM runfabric_receipts WHERE upload IS NOT NULL)
            """
        )
    ]
