internal import HoldfastDriver

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

/// The parts of a receipt's path, `<service>/<stage>/<provider>.state.json`.
struct ReceiptName {
    let service: String
    let stage: String
    let provider: String

    private static let suffix = ".state.json"

    /// Splits a path; `nil` when it is not a receipt's.
    init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2].hasSuffix(Self.suffix),
            parts[2].utf8.count > Self.suffix.utf8.count
        else { return nil }
        service = String(parts[0])
        stage = String(parts[1])
        provider = String(parts[2].dropLast(Self.suffix.count))
    }

    /// Names a receipt by its parts; `nil` when they cannot be parts of a path.
    init?(service: String, stage: String, provider: String) {
        let path = "\(service)/\(stage)/\(provider)\(Self.suffix)"
        let areParts = path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            part in
            (1...200).contains(part.utf8.count) && part != "." && part != ".."
        }
        guard areParts, path.utf8.count <= 640, !provider.isEmpty,
            path.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }),
            let name = ReceiptName(path: path), name.service == service, name.stage == stage
        else { return nil }
        self = name
    }

    /// The receipt's path.
    var path: String { "\(service)/\(stage)/\(provider)\(Self.suffix)" }
}
