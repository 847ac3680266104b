internal import HoldfastDriver
internal import Synchronization

/// Large objects: their bytes lie in chunks, written one short transaction at a time.
///
/// An upload is `writing` until its object points at it, `stored` until that object is replaced or
/// removed, then `retired`: whoever was reading it may finish, and its chunks go away in small steps.
final class Uploads: Sendable {
    /// The bytes of a chunk; part of the format.
    static let chunkByteCount = 1 << 20
    /// How long readers of other processes may still need a retired upload.
    private static let readingNanoseconds: Int64 = 600_000_000_000
    /// What one transaction removes, so that it holds the lock for a few milliseconds.
    private static let removalCount: Int64 = 16

    private struct Use {
        var writing: Set<Int64> = []
        var reading: [Int64: Int] = [:]
    }

    private let presence: Presence
    private let use = Mutex(Use())

    init(_ presence: Presence) { self.presence = presence }

    /// Runs `body` with the number of a new upload, which nobody collects meanwhile.
    func write<Result>(
        _ body: (Int64) throws(DriverError) -> Result
    ) throws(DriverError) -> Result {
        let upload = begin()
        defer { end([upload]) }
        return try body(upload)
    }

    /// Makes the number of a new upload, which nobody collects until its end.
    func begin() -> Int64 {
        let upload = Int64.random(in: 1 ... .max)
        _ = use.withLock { $0.writing.insert(upload) }
        return upload
    }

    /// Gives uploads up; those that no object has are collected.
    func end(_ uploads: [Int64]) { use.withLock { $0.writing.subtract(uploads) } }

    /// Runs `body` while this store keeps the chunks of `upload`.
    func read<Result>(
        _ upload: Int64, _ body: () throws(DriverError) -> Result
    ) throws(DriverError) -> Result {
        use.withLock { $0.reading[upload, default: 0] += 1 }
        defer {
            use.withLock { use in
                let count = use.reading[upload, default: 1] - 1
                use.reading[upload] = count == 0 ? nil : count
            }
        }
        return try body()
    }

    /// The change that adds a chunk; the first one also adds the upload.
    func chunk(_ number: Int64, of upload: Int64, _ bytes: [UInt8]) -> some WriteOperation {
        ChunkOperation(upload: upload, number: number, owner: presence.owner, bytes: bytes)
    }

    /// Removes some chunks that nobody needs, in one short transaction.
    ///
    /// - Returns: Whether there was anything to remove.
    func collect(_ connection: Connection) throws(SQLiteFailure) -> Bool {
        guard let upload = try unneeded(connection) else { return false }
        do {
            try connection.prepared(.begin).run()
            let statement = try connection.prepared(.removeChunks)
            statement.bind(1, upload)
            statement.bind(2, Self.removalCount)
            try statement.run()
            if connection.changes < Self.removalCount {
                let statement = try connection.prepared(.removeUpload)
                statement.bind(1, upload)
                try statement.run()
            }
            try connection.prepared(.commit).run()
            return true
        } catch {
            _ = connection.rollBack()
            throw error
        }
    }

    private func unneeded(_ connection: Connection) throws(SQLiteFailure) -> Int64? {
        let statement = try connection.prepared(.idleUploads)
        defer { statement.reset() }
        while try statement.step() {
            let upload = statement.number(0)
            let isUnneeded =
                statement.number(2) != 0
                ? isUnread(upload, retired: statement.number(3))
                : isAbandoned(upload, owner: statement.number(1))
            if isUnneeded { return upload }
        }
        return nil
    }

    private func isAbandoned(_ upload: Int64, owner: Int64) -> Bool {
        if owner != presence.owner { return !presence.isHeldByAnother(owner) }
        return !use.withLock { $0.writing.contains(upload) }
    }

    private func isUnread(_ upload: Int64, retired: Int64) -> Bool {
        guard use.withLock({ $0.reading[upload] == nil }) else { return false }
        // A clock that was set back makes the wait longer, never shorter than the truth.
        return presence.isAlone || unixNanoseconds() - retired > Self.readingNanoseconds
    }
}

private struct ChunkOperation: WriteOperation {
    let upload: Int64
    let number: Int64
    let owner: Int64
    let bytes: [UInt8]

    var byteCount: Int { bytes.count }

    func apply(to connection: Connection) throws(SQLiteFailure) -> Result<WriteOutcome, DriverError>
    {
        if number == 0 {
            let statement = try connection.prepared(.addUpload)
            statement.bind(1, upload)
            statement.bind(2, owner)
            statement.bind(3, unixNanoseconds())
            try statement.run()
        }
        let statement = try connection.prepared(.addChunk)
        statement.bind(1, upload)
        statement.bind(2, number)
        try statement.lending(3, bytes, asText: false) { () throws(SQLiteFailure) in
            try statement.run()
        }
        return .success(WriteOutcome())
    }
}

extension Connection {
    /// Whether all of an upload is there, and is no object's yet.
    func isComplete(
        _ upload: Int64, chunkCount: Int64, size: UInt64
    ) throws(SQLiteFailure) -> Bool {
        let measure = try prepared(.measureUpload)
        defer { measure.reset() }
        measure.bind(1, upload)
        return try measure.step() && measure.number(0) == chunkCount
            && measure.number(1) == Int64(size)
    }

    /// Marks an upload that is complete as an object's.
    func storeUpload(_ upload: Int64, now: Int64) throws(SQLiteFailure) {
        let store = try prepared(.storeUpload)
        store.bind(1, upload)
        store.bind(2, now)
        try store.run()
    }

    /// Gives up an upload that no object points at any more.
    func retireUpload(_ upload: Int64, now: Int64) throws(SQLiteFailure) {
        let statement = try prepared(.retireUpload)
        statement.bind(1, upload)
        statement.bind(2, now)
        try statement.run()
    }
}
