internal import HoldfastDriver
internal import SharedDatabase

/// An object's row, without its data.
struct ObjectRow {
    /// What is known of the object.
    let info: ObjectInfo
    /// The upload that holds the bytes; `nil` when the row itself does.
    let upload: Int64?

    /// Reads the columns that every query of objects starts with.
    init(_ statement: Statement) throws(SQLiteFailure) {
        guard let attributes = [Attribute](json: statement.array(3)) else {
            throw SQLiteFailure(
                extendedCode: 11, message: "the column attributes is not a JSON object of strings")
        }
        info = ObjectInfo(
            version: Version(token: statement.array(0)),
            byteCount: UInt64(clamping: statement.number(1)),
            modifiedNanoseconds: statement.number(2), attributes: attributes)
        upload = statement.isNull(4) ? nil : statement.number(4)
    }
}

/// What a write has to know of the row that it replaces.
struct CurrentRow {
    let version: Version
    /// The upload that holds the bytes; `nil` when the row itself does.
    let upload: Int64?

    /// Reads the columns that every query of objects starts with.
    init(_ statement: Statement) {
        version = Version(token: statement.array(0))
        upload = statement.isNull(4) ? nil : statement.number(4)
    }
}

extension ObjectKey {
    /// The table of the key's collection.
    var table: Table { Table(collection: collection) }

    /// The key in messages.
    var shown: String { "\(collection)/\(path)" }
}

extension Statement {
    /// Binds ?1 to ?3.
    func bind(_ key: ObjectKey) {
        if key.table == .objects { bind(1, key.collection) }
        bind(2, key.workspace)
        bind(3, key.path)
    }
}

extension Connection {
    /// The row of an object, if there is one.
    func row(_ key: ObjectKey) throws(SQLiteFailure) -> ObjectRow? {
        let statement = try prepared(.head(key.table))
        defer { statement.reset() }
        statement.bind(key)
        return try statement.step() ? ObjectRow(statement) : nil
    }

    /// What a write has to know of an object, if there is one.
    func current(_ key: ObjectKey) throws(SQLiteFailure) -> CurrentRow? {
        let statement = try prepared(.head(key.table))
        defer { statement.reset() }
        statement.bind(key)
        return try statement.step() ? CurrentRow(statement) : nil
    }

    /// The row of an object with its bytes, which are empty when an upload holds them.
    func object(_ key: ObjectKey) throws(SQLiteFailure) -> (row: ObjectRow, data: [UInt8])? {
        let statement = try prepared(.read(key.table))
        defer { statement.reset() }
        statement.bind(key)
        guard try statement.step() else { return nil }
        return (try ObjectRow(statement), statement.array(5))
    }

    /// Copies one chunk of an upload into `buffer`.
    ///
    /// - Returns: Whether there is such a chunk.
    func readChunk(
        _ number: Int64, of upload: Int64, into buffer: inout [UInt8]
    ) throws(SQLiteFailure) -> Bool {
        let statement = try prepared(.readChunk)
        defer { statement.reset() }
        statement.bind(1, upload)
        statement.bind(2, number)
        guard try statement.step() else { return false }
        statement.copy(0, into: &buffer)
        statement.reset()
        // Bytes that are read once must not push out what finds objects, nor fill the memory.
        releaseMemory()
        return true
    }
}
