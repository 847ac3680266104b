internal import CSQLite
internal import HoldfastDriver

/// A prepared statement, which belongs to one connection and is used by one thread at a time.
///
/// A binding that fails is remembered and thrown by the next ``step()``, which must look anyway.
@safe final class Statement {
    private let handle: OpaquePointer
    private let database: OpaquePointer
    private var bindCode: Int32 = SQLITE_OK

    /// Prepares `sql` on a connection's handle.
    init(_ sql: String, on database: OpaquePointer) throws(SQLiteFailure) {
        var handle: OpaquePointer?
        // The count keeps SQLite from reading past the end, and this build from adding a terminator.
        var text = sql
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        let code = text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
                unsafe sqlite3_prepare_v3(
                    database, bytes.baseAddress, Int32(bytes.count), flags, &handle, nil)
            }
        }
        guard code == SQLITE_OK, let handle = unsafe handle else {
            throw unsafe SQLiteFailure(database, code)
        }
        unsafe self.handle = handle
        unsafe self.database = database
    }

    deinit { unsafe sqlite3_finalize(handle) }

    // MARK: - Parameters, counted from 1

    func bind(_ index: Int32, _ number: Int64) {
        note(unsafe sqlite3_bind_int64(handle, index, number))
    }

    func bind(_ index: Int32, _ text: String) {
        var copy = text
        copy.withUTF8 { bytes in
            note(
                unsafe holdfast_sqlite_bind_text(handle, index, notNull(bytes), UInt64(bytes.count))
            )
        }
    }

    /// Binds bytes as text; they need not be valid, since SQLite compares text byte by byte.
    func bind(_ index: Int32, text bytes: [UInt8]) {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            note(
                unsafe holdfast_sqlite_bind_text(handle, index, notNull(bytes), UInt64(bytes.count))
            )
        }
    }

    func bindNull(_ index: Int32) { note(unsafe sqlite3_bind_null(handle, index)) }

    /// Lends `bytes` as the parameter while `body` runs, without a copy, and resets afterwards.
    ///
    /// Text and blobs are stored alike, byte for byte; text is what `sqlite3` prints and what its
    /// JSON functions accept.
    func lending<Result>(
        _ index: Int32, _ bytes: [UInt8], asText: Bool,
        _ body: () throws(SQLiteFailure) -> Result
    ) throws(SQLiteFailure) -> Result {
        let result = unsafe bytes.withUnsafeBufferPointer { bytes in
            defer { reset() }
            let start = unsafe notNull(bytes)
            let count = UInt64(bytes.count)
            note(
                asText
                    ? unsafe holdfast_sqlite_lend_text(handle, index, start, count)
                    : unsafe holdfast_sqlite_lend_blob(handle, index, start, count))
            return Swift.Result { () throws(SQLiteFailure) in try body() }
        }
        return try result.get()
    }

    private func note(_ code: Int32) {
        if bindCode == SQLITE_OK { bindCode = code }
    }

    // MARK: - Running

    /// Runs to the next row.
    ///
    /// - Returns: Whether there is a row; `false` at the end.
    func step() throws(SQLiteFailure) -> Bool {
        guard bindCode == SQLITE_OK else { throw unsafe SQLiteFailure(database, bindCode) }
        switch unsafe sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw unsafe SQLiteFailure(database, code)
        }
    }

    /// Runs a statement that has no rows, and makes it ready for the next use.
    func run() throws(SQLiteFailure) {
        defer { reset() }
        while try step() {}
    }

    /// Ends the statement's read transaction and forgets its parameters.
    func reset() {
        unsafe sqlite3_reset(handle)
        unsafe sqlite3_clear_bindings(handle)
        bindCode = SQLITE_OK
    }

    // MARK: - Columns of the current row, counted from 0

    func isNull(_ column: Int32) -> Bool {
        unsafe sqlite3_column_type(handle, column) == SQLITE_NULL
    }

    func number(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

    /// A value's text, in UTF-8 whatever the encoding of the database.
    func text(_ column: Int32) -> String {
        // The pointer comes first: asking for it may convert the value and change the count.
        let start = unsafe sqlite3_column_text(handle, column)
        let count = unsafe start == nil ? 0 : Int(sqlite3_column_bytes(handle, column))
        return unsafe String(
            decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// Copies a value's bytes, of text or blob alike.
    func array(_ column: Int32) -> [UInt8] { unsafe Array(bytes(column)) }

    /// Replaces the contents of `buffer` by a value's bytes and keeps its memory.
    func copy(_ column: Int32, into buffer: inout [UInt8]) {
        buffer.removeAll(keepingCapacity: true)
        unsafe buffer.append(contentsOf: bytes(column))
    }

    private func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        // The pointer comes first: asking for it may convert the value and change the count.
        let start = unsafe sqlite3_column_blob(handle, column)
        return unsafe UnsafeRawBufferPointer(
            start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(handle, column)))
    }
}

/// SQLite takes a null pointer for NULL, which an empty value is not.
private func notNull(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeRawPointer {
    unsafe bytes.baseAddress.map { unsafe UnsafeRawPointer($0) } ?? emptyValue
}

// SAFETY: any address that is not null will do, nothing is read from it.
nonisolated(unsafe) private let emptyValue = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))

extension SQLiteFailure {
    /// The failure that a connection's handle reports.
    init(_ database: OpaquePointer?, _ code: Int32) {
        let exact = unsafe database.map { unsafe sqlite3_extended_errcode($0) } ?? code
        let text = unsafe database.map { unsafe sqlite3_errmsg($0) } ?? sqlite3_errstr(code)
        unsafe self.init(
            extendedCode: exact & 0xff == code & 0xff ? exact : code,
            message: text.map { unsafe String(cString: $0) } ?? "")
    }
}
