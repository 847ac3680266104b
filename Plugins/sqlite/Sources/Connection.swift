internal import CSQLite
internal import Glibc
internal import HoldfastDriver

/// A database handle with its prepared statements, used by one thread at a time.
@safe final class Connection {
    private let handle: OpaquePointer
    private var statements = [Statement?](repeating: nil, count: Query.placeCount)

    /// The call that this connection works for; its end bounds every wait for a lock.
    var call: Call?
    /// The write-ahead log that it writes to: there as long as any connection is open.
    var log: FileIdentity?
    /// Gives up waiting for a lock at this time even when the call could wait longer.
    var patienceNanoseconds: Int64 = .max

    /// Opens the database; the file must exist.
    ///
    /// - Parameters:
    ///   - path: The absolute path.
    ///   - call: The call that opens it.
    ///   - isReader: Refuses writes, and stops a statement when its call is over. A writer works for
    ///     many calls at once, so that no single one may stop it.
    /// - Throws: ``SQLiteFailure``.
    init(_ path: String, _ call: Call, isReader: Bool) throws(SQLiteFailure) {
        var handle: OpaquePointer?
        // No CREATE: a file that was deleted must not come back empty.
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = unsafe sqlite3_open_v2(path, &handle, flags, nil)
        guard code == SQLITE_OK, let handle = unsafe handle else {
            let failure = unsafe SQLiteFailure(handle, code)
            unsafe sqlite3_close_v2(handle)
            throw failure
        }
        unsafe self.handle = handle
        self.call = call
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe sqlite3_busy_handler(
            handle, { context, count in unsafe sleepWhileBusy(context, count) }, context)
        if isReader { stopWithCall() }
        // The schema of a file from elsewhere must not run anything, and must not be rewritten.
        unsafe holdfast_sqlite_configure(handle, SQLITE_DBCONFIG_DEFENSIVE, 1)
        unsafe holdfast_sqlite_configure(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        try execute("PRAGMA cell_size_check = ON")
        guard isReader else { return }
        try execute("PRAGMA query_only = ON")
        // Room for the inner pages of some million objects: a get then reads two pages, not four.
        try execute("PRAGMA cache_size = -16384")
    }

    deinit {
        statements = []
        unsafe sqlite3_close_v2(handle)
    }

    /// Stops a statement when the call is over, from now on.
    func stopWithCall() {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe sqlite3_progress_handler(handle, 2000, { unsafe isOver($0) }, context)
    }

    /// Whether a transaction is open.
    var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

    /// The rows that the last statement changed.
    var changes: Int64 { unsafe sqlite3_changes64(handle) }

    /// The prepared statement of a query, ready for its parameters.
    func prepared(_ query: Query) throws(SQLiteFailure) -> Statement {
        if let statement = statements[query.place] { return statement }
        let statement = try unsafe Statement(query.sql, on: handle)
        statements[query.place] = statement
        return statement
    }

    /// Runs one statement once.
    func execute(_ sql: String) throws(SQLiteFailure) {
        try unsafe Statement(sql, on: handle).run()
    }

    /// Runs one statement once and gives its rows to `row`.
    func each(_ sql: String, _ row: (Statement) -> Void) throws(SQLiteFailure) {
        let statement = try unsafe Statement(sql, on: handle)
        while try statement.step() { row(statement) }
    }

    /// The first column of a statement's first row.
    func first(_ sql: String) throws(SQLiteFailure) -> String {
        let statement = try unsafe Statement(sql, on: handle)
        return try statement.step() ? statement.text(0) : ""
    }

    /// Ends an open transaction without a trace.
    ///
    /// - Returns: Whether no transaction is open any more.
    func rollBack() -> Bool {
        if isInTransaction { try? prepared(.rollback).run() }
        return !isInTransaction
    }

    /// Gives back the memory of pages that no statement uses.
    func releaseMemory() { unsafe sqlite3_db_release_memory(handle) }

    /// Moves the log into the database and empties it, where nobody is in the way.
    func checkpoint() {
        unsafe sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
    }

    /// Copies the database into an empty one, by SQLite's online backup.
    ///
    /// The copy is of one moment: the read transaction that is open meanwhile sees nothing of what
    /// others write, and with a write-ahead log it holds nobody up.
    ///
    /// - Parameters:
    ///   - target: The empty database.
    ///   - call: The call whose end stops the copying.
    /// - Returns: The number of pages.
    /// - Throws: ``SQLiteFailure``.
    func copy(to target: Connection, _ call: Call) throws(SQLiteFailure) -> Int64 {
        try execute("BEGIN")
        defer { _ = rollBack() }
        // The transaction begins with the first look at the database.
        _ = try first("SELECT count(*) FROM sqlite_schema")
        guard let backup = unsafe sqlite3_backup_init(target.handle, "main", handle, "main") else {
            throw unsafe SQLiteFailure(target.handle, sqlite3_errcode(target.handle))
        }
        var code = SQLITE_OK
        while code == SQLITE_OK {
            code = call.isOver ? SQLITE_INTERRUPT : unsafe sqlite3_backup_step(backup, 256)
        }
        let count = unsafe sqlite3_backup_pagecount(backup)
        let finished = unsafe sqlite3_backup_finish(backup)
        if code == SQLITE_INTERRUPT {
            throw SQLiteFailure(extendedCode: code, message: "interrupted")
        }
        guard code == SQLITE_DONE, finished == SQLITE_OK else {
            throw unsafe SQLiteFailure(target.handle, code == SQLITE_DONE ? finished : code)
        }
        return Int64(count)
    }

    /// Whether a wait for another connection should end.
    fileprivate var hasWaitedEnough: Bool {
        monotonicNanoseconds() >= patienceNanoseconds || (call?.isOver ?? false)
    }
}

/// SQLite's busy handler: sleeps in growing steps while the call can wait.
private func sleepWhileBusy(_ context: UnsafeMutableRawPointer?, _ count: Int32) -> Int32 {
    guard let context = unsafe context else { return 0 }
    let connection = unsafe Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
    guard !connection.hasWaitedEnough else { return 0 }
    // 0.1 ms to 3.2 ms: locks are held for about one sync of the disk.
    usleep(100 << UInt32(min(max(count, 0), 5)))
    return 1
}

/// SQLite's progress handler: stops a long statement when its call is over.
private func isOver(_ context: UnsafeMutableRawPointer?) -> Int32 {
    guard let context = unsafe context else { return 0 }
    let connection = unsafe Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
    return connection.call?.isOver ?? false ? 1 : 0
}
