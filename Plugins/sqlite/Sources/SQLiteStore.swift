internal import HoldfastDriver
internal import Synchronization

/// One open database file.
final class SQLiteStore: DriverStore {
    /// The most bytes of one object; SQLite itself ends at 4 TiB for a whole database.
    static let maximumByteCount: UInt64 = 1 << 40
    /// The most bytes that are kept in the object's row; larger objects are kept in chunks.
    ///
    /// Receipts and states stay in their row, where `sqlite3` shows them, and one commit of this size
    /// still takes only some milliseconds.
    static let inlineByteCount = 1 << 20

    let file: DataFile
    let readers: Readers
    let writer: Writer
    let uploads: Uploads
    let watchers: Watchers
    /// Whether the database is known to track changes.
    let isTracking = Atomic(false)
    private let clockDomain: String?
    /// Whether there are chunks that nobody needs and that there was no time to remove.
    private let hasLeftovers = Atomic(false)

    /// Opens the database, making it where that is allowed and adopting it where needed.
    init(_ path: String, mustExist: Bool, _ call: Call) throws(DriverError) {
        file = try DataFile(preparing: path, mustExist: mustExist)
        let connection = try Schema.connect(file, mustExist: mustExist, call)
        let presence = try Presence(path)
        readers = Readers(file)
        watchers = Watchers(file)
        writer = Writer(file, connection, watchers)
        uploads = Uploads(presence)
        clockDomain = readBootID().map { "boot:\($0)" }
        // What a process left behind that ended in the middle of a large write.
        removeUnneeded(call, seconds: 5)
    }

    func capabilities(_ call: Call) throws(DriverError) -> [Capability] {
        clockDomain == nil
            ? SQLiteDriver.capabilities.filter { $0.id != "clock" } : SQLiteDriver.capabilities
    }

    func ping(_ call: Call) throws(DriverError) -> StoreClock? {
        try file.checkIdentity()
        try writer.transactions.checkSettled()
        try readers.read("cannot read the tables", call) { connection throws(SQLiteFailure) in
            let statement = try connection.prepared(.probe)
            defer { statement.reset() }
            _ = try statement.step()
        }
        return clockDomain.map { domain in
            StoreClock(domain: domain, nowNanoseconds: bootNanoseconds(), uncertaintyNanoseconds: 0)
        }
    }

    func close(_ call: Call) {
        removeUnneeded(call, seconds: 2)
        readers.close()
        writer.close()
        watchers.close()
    }

    /// Removes chunks that nobody needs, for at most some seconds; what remains is for the next time.
    ///
    /// A failure here is none of the call's: its own work is done, and the next write will meet it.
    func removeUnneeded(_ call: Call, seconds: Double) {
        let end = monotonicNanoseconds() + Int64(seconds * 1_000_000_000)
        var hasRemoved = false
        hasLeftovers.store(true, ordering: .relaxed)
        while monotonicNanoseconds() < end, !call.isOver {
            guard let wasUnneeded = try? collect(call, patience: end) else { return }
            if !wasUnneeded {
                hasLeftovers.store(false, ordering: .relaxed)
                break
            }
            hasRemoved = true
        }
        if hasRemoved { shrinkLog(call) }
    }

    /// Goes on with what an earlier call had no time for, such as an upload that was cancelled.
    func removeLeftovers(_ call: Call) {
        if hasLeftovers.load(ordering: .relaxed) { removeUnneeded(call, seconds: 0.02) }
    }

    /// Removes one batch of chunks that nobody needs.
    func collect(_ call: Call, patience: Int64) throws(DriverError) -> Bool {
        try writer.exclusively("cannot remove old chunks", call, patience: patience) {
            connection throws(SQLiteFailure) in try uploads.collect(connection)
        }
    }

    /// Empties the log after much was written, unless somebody is in the way.
    func shrinkLog(_ call: Call) {
        let now = monotonicNanoseconds()
        try? writer.exclusively("cannot shrink the log", call, patience: now + 1_000_000) {
            connection throws(SQLiteFailure) in connection.checkpoint()
        }
    }
}
