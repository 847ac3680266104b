internal import HoldfastDriver

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

/// What a change did.
struct WriteOutcome: Sendable {
    /// When it was made, in nanoseconds since 1970.
    var modifiedNanoseconds: Int64 = 0
    /// Whether an upload is no longer needed.
    var retiredUpload = false
}

/// Makes an object, or replaces it.
struct PutOperation: WriteOperation {
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

    func apply(to connection: Connection) throws(SQLiteFailure) -> Result<WriteOutcome, DriverError>
    {
        let current = try connection.current(key)
        if let refusal = condition.refusal(of: current, key) { return .failure(refusal) }
        let now = unixNanoseconds()
        if case .upload(let upload, let count) = content {
            guard try connection.storeUpload(upload, chunkCount: count, size: size, now: now) else {
                return .failure(
                    DriverError(
                        .conflict, "the upload of \(key.shown) was removed before it was complete",
                        retry: .same(afterNanoseconds: 0)))
            }
        }
        try write(to: connection, now: now)
        if let old = current?.upload { try connection.retireUpload(old, now: now) }
        return .success(
            WriteOutcome(modifiedNanoseconds: now, retiredUpload: current?.upload != nil))
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
struct RemoveOperation: WriteOperation {
    let key: ObjectKey
    let condition: Condition

    var byteCount: Int { 0 }

    func apply(to connection: Connection) throws(SQLiteFailure) -> Result<WriteOutcome, DriverError>
    {
        let current = try connection.current(key)
        if let refusal = condition.refusal(of: current, key) { return .failure(refusal) }
        guard let current else { return .success(WriteOutcome()) }
        let statement = try connection.prepared(.remove(key.table))
        statement.bind(key)
        try statement.run()
        let now = unixNanoseconds()
        if let old = current.upload { try connection.retireUpload(old, now: now) }
        return .success(
            WriteOutcome(modifiedNanoseconds: now, retiredUpload: current.upload != nil))
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
