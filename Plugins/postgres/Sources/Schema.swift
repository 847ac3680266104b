internal import HoldfastDriver
internal import SharedDatabase

/// The tables' format: what makes it, checks it and brings an older one up to date.
struct Schema {
    /// The version that this driver reads and writes, kept in the format's table.
    static let version: Int64 = 1

    private enum Content: Hashable { case empty, current, originalReceipts }

    private let pool: Pool
    private let mustExist: Bool
    private let call: Call
    private var settings: Settings { pool.settings }
    private var names: TableNames { settings.names }

    /// Makes the tables usable, or throws and leaves them as they were.
    ///
    /// - Parameters:
    ///   - pool: The connections.
    ///   - mustExist: Makes nothing; without tables there is no store.
    ///   - call: The call that opens the store.
    /// - Throws: ``DriverError`` when there are none, or they are newer or another application's.
    static func prepare(_ pool: Pool, mustExist: Bool, _ call: Call) throws(DriverError) {
        let schema = Schema(pool: pool, mustExist: mustExist, call: call)
        try pool.exclusively(call, "cannot open the store") { connection throws(DriverError) in
            try schema.prepare(connection)
        }
    }

    private func prepare(_ connection: Connection) throws(DriverError) {
        let content = try identify(connection)
        if content == .current { return }
        // Whoever turned bootstrapping off says that the tables are there: an empty list of states would
        // hide that they are not. So it is with a database, which nothing here makes.
        guard settings.mayBootstrap else { throw missing(.invalid) }
        if content == .empty, mustExist { throw missing(.notFound) }
        try create(connection)
    }

    // MARK: - What is there

    private func identify(_ connection: Connection) throws(DriverError) -> Content {
        let tables = try run(connection, "cannot look for the tables", names.lookup)
        let found = Set((0..<tables.count).map { tables.text($0, 0) })
        if found.contains("\(names.base)_format") {
            try checkVersion(connection)
            return .current
        }
        guard !found.contains("\(names.base)_objects") else {
            throw foreign("there is a table \(names.objects) and no \(names.format)")
        }
        guard found.contains(names.base) else { return .empty }
        let adoption = Adoption(names: names)
        let rows = try run(connection, "cannot look at the receipts", adoption.foundColumns)
        let columns = Set((0..<rows.count).map { rows.text($0, 0) })
        guard columns == Adoption.columns else {
            let more = columns.subtracting(Adoption.columns).sorted().joined(separator: ", ")
            throw foreign(
                "the table \(names.receipts) has other columns than the known ones"
                    + (more.isEmpty ? "" : ": \(more)"))
        }
        return .originalReceipts
    }

    private func checkVersion(_ connection: Connection) throws(DriverError) {
        let rows = try run(
            connection, "cannot read the format", "SELECT version::bigint FROM \(names.format)")
        guard rows.count == 1 else { throw foreign("\(names.format) does not have one row") }
        let version = rows.number(0, 0)
        if version > Self.version {
            throw DriverError(
                .newerFormat,
                "the tables of \(names.receipts) in the \(settings.connection.shown) have format "
                    + "version \(version), and this driver knows up to version \(Self.version); "
                    + "install a newer driver")
        }
        guard version == Self.version else { throw foreign("their format version is \(version)") }
    }

    // MARK: - Creation

    /// Creates or adopts in one transaction; another process may have done it in the meantime.
    private func create(_ connection: Connection) throws(DriverError) {
        let action = "cannot make the tables"
        try begin(connection, action)
        let content = try identify(connection)
        if content != .current {
            let adoption = content == .originalReceipts ? Adoption(names: names) : nil
            if let adoption {
                try run(connection, action, adoption.lock)
                try refuseUnnamed(connection, adoption)
                try run(connection, action, adoption.rename)
            }
            let tables = Tables(names)
            try run(connection, action, tables.receipts)
            for statement in tables.statements { try run(connection, action, statement) }
            if let adoption {
                try run(connection, "cannot adopt the receipts", adoption.copy)
                try run(connection, "cannot adopt the receipts", adoption.drop)
            }
        }
        try run(connection, action, "COMMIT")
    }

    /// Begins, and waits for whoever makes the same tables.
    private func begin(_ connection: Connection, _ action: String) throws(DriverError) {
        try run(connection, action, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        if !connection.keepsState {
            try run(connection, action, "SET LOCAL synchronous_commit = on")
            try run(
                connection, action, "SET LOCAL statement_timeout = \(call.statementMilliseconds)")
        }
        try run(
            connection, action,
            "SELECT pg_advisory_xact_lock(hashtextextended('holdfast \(names.receipts)', 0))")
    }

    /// Refuses receipts that do not say whose they are: a guess could overwrite one with another.
    private func refuseUnnamed(
        _ connection: Connection, _ adoption: Adoption
    ) throws(DriverError) {
        let rows = try run(connection, "cannot read the receipts", adoption.owners)
        for row in 0..<rows.count {
            let name = ReceiptName(
                service: rows.text(row, 1), stage: rows.text(row, 2), provider: rows.text(row, 3))
            guard name == nil else { continue }
            throw DriverError(
                .invalid,
                "cannot adopt the receipts of \(names.receipts) in the \(settings.connection.shown): "
                    + "that of workspace '\(rows.text(row, 0))', stage '\(rows.text(row, 2))' has no "
                    + "usable service and provider in its JSON; correct or delete that row")
        }
    }

    @discardableResult
    private func run(
        _ connection: Connection, _ action: String, _ sql: String
    ) throws(DriverError) -> Rows {
        do throws(PostgresFailure) {
            return try connection.run([Step(Statement(once: sql))], isWrite: false, call)[0]
        } catch {
            throw error.located(action, settings, call, isWrite: false)
        }
    }

    // MARK: - Errors

    private func missing(_ code: DriverError.Code) -> DriverError {
        DriverError(
            code,
            "the \(settings.connection.shown) has no tables for \(names.receipts); open the store once "
                + "with bootstrap: true and a role that may make tables",
            vendorName: "42P01")
    }

    private func foreign(_ reason: String) -> DriverError {
        DriverError(
            .invalid,
            "the tables of \(names.receipts) in the \(settings.connection.shown) are another "
                + "application's: \(reason); set the option table to another name")
    }
}
