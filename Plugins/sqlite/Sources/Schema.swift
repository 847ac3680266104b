internal import HoldfastDriver
internal import SharedDatabase

/// The database's format: what makes it, checks it and brings an older one up to date.
struct Schema {
    /// The version that this driver reads and writes, kept in the pragma `user_version`.
    static let version = 1
    /// `HFDS`, kept in the pragma `application_id`, where `file` and `sqlite3` show it.
    static let applicationID = 0x4846_4453

    private let connection: Connection
    private let file: String
    private let mustExist: Bool
    private let call: Call

    /// Makes the database usable, or throws and leaves it as it was.
    ///
    /// - Parameters:
    ///   - connection: A writer that has just been opened.
    ///   - file: The database's path.
    ///   - mustExist: Makes no tables; a database without any is not found.
    ///   - call: The call that opens the store.
    /// - Throws: ``DriverError`` when the file is damaged, newer or another application's.
    static func prepare(
        _ connection: Connection, file: String, mustExist: Bool, _ call: Call
    ) throws(DriverError) {
        try Schema(connection: connection, file: file, mustExist: mustExist, call: call).prepare()
    }

    private func prepare() throws(DriverError) {
        // Before anything is written: a file that is not ours must stay as it is.
        let content = try identify()
        // This is also what SQLite takes a file without a byte for.
        if mustExist, content == .empty {
            throw DriverError(.notFound, "the database \(file) is empty")
        }
        try useLog()
        try located("set up") { () throws(SQLiteFailure) in
            try connection.execute("PRAGMA synchronous = FULL")
            // Freed pages that are written anyway are cleared of old state; no page is written for it.
            _ = try connection.first("PRAGMA secure_delete = FAST")
            _ = try connection.first("PRAGMA journal_size_limit = 16777216")
        }
        try verifyPragmas()
        if content != .current { try create() }
    }

    // MARK: - What is there

    private enum Content: Hashable { case empty, current, originalReceipts }

    private func identify() throws(DriverError) -> Content {
        let (application, version, names) = try located("read") { () throws(SQLiteFailure) in
            var names: [String] = []
            try connection.each(
                "SELECT type || ' ' || name FROM sqlite_schema WHERE name NOT LIKE 'sqlite^_%' ESCAPE '^'"
            ) { names.append($0.text(0)) }
            return (
                Int(try connection.first("PRAGMA application_id")) ?? 0,
                Int(try connection.first("PRAGMA user_version")) ?? 0, names
            )
        }
        if application == Self.applicationID {
            guard version <= Self.version else { throw newer(version) }
            guard version == Self.version else { throw foreign("its format version is \(version)") }
            try requireUTF8()
            return .current
        }
        guard application == 0, version == 0 else {
            throw foreign("its application_id is \(application) and its user_version is \(version)")
        }
        if names.isEmpty { return .empty }
        guard names == ["table \(Table.receipts.name)"] else {
            throw foreign("it holds \(names.sorted().prefix(3).joined(separator: ", "))")
        }
        try requireOriginalColumns()
        try requireUTF8()
        return .originalReceipts
    }

    private func requireOriginalColumns() throws(DriverError) {
        var columns: Set<String> = []
        try located("read") { () throws(SQLiteFailure) in
            try connection.each("SELECT name FROM pragma_table_info('\(Table.receipts.name)')") {
                columns.insert($0.text(0))
            }
        }
        guard columns == ["workspace_id", "stage", "data", "updated_at"] else {
            throw foreign("its \(Table.receipts.name) has other columns than the known ones")
        }
    }

    /// Bytes are kept as text where they are text, which SQLite only keeps exact in this encoding.
    private func requireUTF8() throws(DriverError) {
        let encoding = try located("read") { () throws(SQLiteFailure) in
            try connection.first("PRAGMA encoding")
        }
        guard encoding == "UTF-8" else {
            throw DriverError(
                .unsupported, "the database \(file) is in \(encoding); only UTF-8 keeps bytes exact"
            )
        }
    }

    // MARK: - Pragmas

    /// Switches to the write-ahead log, for which SQLite does not always call the busy handler.
    private func useLog() throws(DriverError) {
        let mode = try located("use the write-ahead log of") { () throws(SQLiteFailure) in
            while true {
                do throws(SQLiteFailure) {
                    return try connection.first("PRAGMA journal_mode = WAL")
                } catch {
                    guard error.isBusy, !call.isOver else { throw error }
                    pause()
                }
            }
        }
        guard mode == "wal" else { throw notInForce("journal_mode", "wal", mode) }
    }

    /// Reads back what durability and safety rest on: SQLite ignores a pragma it cannot follow.
    private func verifyPragmas() throws(DriverError) {
        let wanted = [
            ("journal_mode", "wal"), ("synchronous", "2"), ("trusted_schema", "0"),
            ("cell_size_check", "1"),
        ]
        for (name, value) in wanted {
            let found = try located("read") { () throws(SQLiteFailure) in
                try connection.first("PRAGMA \(name)")
            }
            guard found == value else { throw notInForce(name, value, found) }
        }
    }

    // MARK: - Creation

    /// Creates or adopts in one transaction; another process may have done it in the meantime.
    private func create() throws(DriverError) {
        try located("create the tables of") { () throws(SQLiteFailure) in
            try connection.prepared(.begin).run()
        }
        do {
            let content = try identify()
            if content == .originalReceipts { try refuseUnnamed() }
            try located("create the tables of") { () throws(SQLiteFailure) in
                if content != .current { try run(adopting: content == .originalReceipts) }
                try connection.prepared(.commit).run()
            }
        } catch {
            _ = connection.rollBack()
            throw error
        }
    }

    private func run(adopting: Bool) throws(SQLiteFailure) {
        if adopting { try connection.execute(adoption.rename) }
        for statement in tables { try connection.execute(statement) }
        if adopting {
            try connection.execute(adoption.copy)
            try connection.execute(adoption.drop)
        }
        try connection.execute("PRAGMA application_id = \(Self.applicationID)")
        try connection.execute("PRAGMA user_version = \(Self.version)")
    }

    /// Refuses receipts that do not say whose they are: a guess could overwrite one with another.
    private func refuseUnnamed() throws(DriverError) {
        var unnamed: String?
        try located("read the receipts of") { () throws(SQLiteFailure) in
            try connection.each(adoption.names) { row in
                let name = ReceiptName(
                    service: row.text(1), stage: row.text(2), provider: row.text(3))
                if name == nil { unnamed = "workspace '\(row.text(0))', stage '\(row.text(2))'" }
            }
        }
        guard let unnamed else { return }
        throw DriverError(
            .invalid,
            "cannot adopt the receipts of \(file): the one of \(unnamed) has no usable service and "
                + "provider in its JSON; correct or delete that row")
    }

    // MARK: - Errors

    private func located<Result>(
        _ action: String, _ body: () throws(SQLiteFailure) -> Result
    ) throws(DriverError) -> Result {
        do {
            return try body()
        } catch {
            throw error.located("cannot \(action) the database", file: file, call)
        }
    }

    private func newer(_ found: Int) -> DriverError {
        DriverError(
            .newerFormat,
            "the database \(file) has format version \(found), and this driver knows up to version "
                + "\(Self.version); install a newer driver")
    }

    private func foreign(_ reason: String) -> DriverError {
        DriverError(
            .invalid,
            "\(file) is a database of another application: \(reason); set the option path to a file "
                + "of its own")
    }

    private func notInForce(_ name: String, _ wanted: String, _ found: String) -> DriverError {
        DriverError(
            .unsupported,
            "the database \(file) cannot be used safely: SQLite keeps \(name) at '\(found)' where "
                + "'\(wanted)' is needed")
    }
}

extension Schema {
    /// Opens a writer and makes the database usable; one without tables only unless it must exist.
    static func connect(
        _ file: DataFile, mustExist: Bool, _ call: Call
    ) throws(DriverError) -> Connection {
        let connection: Connection
        do {
            connection = try Connection(file.path, call, isReader: false)
        } catch {
            throw error.located("cannot open the database", file: file.path, call)
        }
        try prepare(connection, file: file.path, mustExist: mustExist, call)
        // The path may have changed hands between the two looks at it.
        try file.checkIdentity()
        connection.log = file.log
        return connection
    }
}
