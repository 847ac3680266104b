internal import HoldfastDriver
internal import SharedDatabase

/// One change, made inside a transaction that may hold the changes of other calls as well.
protocol WriteOperation: Sendable {
    /// About how many bytes it writes, which bounds what is put into one transaction.
    var byteCount: Int { get }

    /// Makes the change.
    ///
    /// - Parameter connection: A connection with an open write transaction.
    /// - Returns: The outcome, or why the change was refused; then it must have changed nothing.
    /// - Throws: ``SQLiteFailure``; then the whole transaction is taken back.
    func apply(to connection: Connection) throws(SQLiteFailure) -> Result<WriteOutcome, DriverError>
}

/// A change of one object, which is judged first and then made: a commit judges all of its changes
/// before it makes the first.
protocol ObjectChange: WriteOperation {
    /// The object's key.
    var key: ObjectKey { get }

    /// Looks whether the change may be made.
    ///
    /// - Parameter connection: A connection with an open write transaction.
    /// - Returns: The object's row, if there is one, or why the change is refused.
    /// - Throws: ``SQLiteFailure``.
    func judge(on connection: Connection) throws(SQLiteFailure) -> Result<CurrentRow?, DriverError>

    /// Makes the change, which was judged in the same transaction.
    ///
    /// - Parameters:
    ///   - connection: The connection.
    ///   - current: The object's row, if there is one.
    ///   - now: The time of the change, in nanoseconds since 1970.
    /// - Returns: What the change did.
    /// - Throws: ``SQLiteFailure``; then the whole transaction is taken back.
    func make(
        on connection: Connection, over current: CurrentRow?, now: Int64
    ) throws(SQLiteFailure) -> WriteOutcome
}

extension ObjectChange {
    func apply(to connection: Connection) throws(SQLiteFailure) -> Result<WriteOutcome, DriverError>
    {
        switch try judge(on: connection) {
        case .failure(let refusal): return .failure(refusal)
        case .success(let current):
            return .success(try make(on: connection, over: current, now: unixNanoseconds()))
        }
    }
}

/// What a change did.
struct WriteOutcome: Sendable {
    /// When it was made, in nanoseconds since 1970.
    var modifiedNanoseconds: Int64 = 0
    /// Whether an upload is no longer needed.
    var retiredUpload = false
}

/// Makes an object, or replaces it.
struct PutOperation: ObjectChange {
    /// Where the bytes are.
    enum Content: Sendable {
        case inline([UInt8], isText: Bool)
        case upload(Int64, chunkCount: Int64)
    }

    let key: ObjectKey
    let condition: Condition
    /// A JSON object, as UTF-8 text.
    let attributes: [UInt8]
    let version: Version
    let size: UInt64
    let content: Content

    var byteCount: Int {
        if case .inline(let bytes, _) = content { bytes.count } else { 0 }
    }

    func judge(on connection: Connection) throws(SQLiteFailure) -> Result<CurrentRow?, DriverError>
    {
        let current = try connection.current(key)
        if let refusal = condition.refusal(of: current, key) { return .failure(refusal) }
        if case .upload(let upload, let count) = content,
            !(try connection.isComplete(upload, chunkCount: count, size: size))
        {
            return .failure(
                DriverError(
                    .conflict, "the upload of \(key.shown) was removed before it was complete",
                    retry: .same(afterNanoseconds: 0)))
        }
        return .success(current)
    }

    func make(
        on connection: Connection, over current: CurrentRow?, now: Int64
    ) throws(SQLiteFailure) -> WriteOutcome {
        if case .upload(let upload, _) = content { try connection.storeUpload(upload, now: now) }
        try write(to: connection, now: now)
        if let old = current?.upload { try connection.retireUpload(old, now: now) }
        return WriteOutcome(modifiedNanoseconds: now, retiredUpload: current?.upload != nil)
    }

    private func write(to connection: Connection, now: Int64) throws(SQLiteFailure) {
        let statement = try connection.prepared(.write(key.table))
        statement.bind(key)
        statement.bind(4, text: version.token)
        statement.bind(5, Int64(size))
        statement.bind(6, now)
        statement.bind(7, text: attributes)
        if key.table == .receipts, let name = ReceiptName(path: key.path) {
            statement.bind(10, name.service)
            statement.bind(11, name.stage)
            statement.bind(12, name.provider)
        }
        switch content {
        case .inline(let bytes, let isText):
            try statement.lending(9, bytes, asText: isText) { () throws(SQLiteFailure) in
                try statement.run()
            }
        case .upload(let upload, _):
            statement.bind(8, upload)
            try statement.run()
        }
    }
}

/// Removes an object.
struct RemoveOperation: ObjectChange {
    let key: ObjectKey
    let condition: Condition

    var byteCount: Int { 0 }

    func judge(on connection: Connection) throws(SQLiteFailure) -> Result<CurrentRow?, DriverError>
    {
        let current = try connection.current(key)
        return condition.refusal(of: current, key).map { .failure($0) } ?? .success(current)
    }

    func make(
        on connection: Connection, over current: CurrentRow?, now: Int64
    ) throws(SQLiteFailure) -> WriteOutcome {
        guard let current else { return WriteOutcome() }
        let statement = try connection.prepared(.remove(key.table))
        statement.bind(key)
        try statement.run()
        if let old = current.upload { try connection.retireUpload(old, now: now) }
        return WriteOutcome(modifiedNanoseconds: now, retiredUpload: current.upload != nil)
    }
}

extension Condition {
    /// Why a write under this condition is refused; `nil` when the condition holds.
    func refusal(of current: CurrentRow?, _ key: ObjectKey) -> DriverError? {
        let reason: String
        switch self {
        case .none: return nil
        case .absent:
            guard current != nil else { return nil }
            reason = "it exists"
        case .version(let wanted):
            if current?.version == wanted { return nil }
            reason = current == nil ? "it does not exist" : "it has another version"
        }
        return DriverError(
            .condition, "the condition on \(key.shown) does not hold: \(reason)",
            currentVersion: current?.version)
    }
}
