internal import Glibc
internal import HoldfastDriver

/// One open database.
final class PostgresStore: DriverStore {
    /// The most bytes of one object: a million chunks.
    static let maximumByteCount: UInt64 = 1 << 40
    /// The most bytes that are kept in the object's row; larger objects are kept in chunks.
    static let inlineByteCount = 1 << 20

    let pool: Pool
    let reads: SharedReads
    let statements: Statements
    let uploads: Uploads
    let watchers: Watchers

    /// Opens the database, making the tables where that is allowed and adopting them where needed.
    init(_ settings: Settings, mustExist: Bool, _ call: Call) throws(DriverError) {
        pool = Pool(settings)
        reads = SharedReads(pool)
        statements = Statements(settings.names)
        uploads = Uploads(settings.names)
        watchers = Watchers(pool, statements)
        try Schema.prepare(pool, mustExist: mustExist, call)
        waitForWriters(call)
        // What was left behind by writers that ended in the middle of a large write.
        if !mustExist { collectUploads(call, seconds: 5) }
    }

    func capabilities(_ call: Call) throws(DriverError) -> [Capability] {
        PostgresDriver.capabilities.map { capability in
            guard capability.id == "concurrency" else { return capability }
            var own = capability
            own.limit = UInt64(pool.settings.poolSize)
            return own
        }
    }

    func ping(_ call: Call) throws(DriverError) -> StoreClock? {
        let before = monotonicNanoseconds()
        let rows = try pool.run([Step(statements.clock)], call, "cannot read the clock")[0]
        // The time at which the server started tells servers apart, also a standby and the primary whose
        // place it takes, and comes through every pooler.
        return StoreClock(
            domain: "postgres:\(rows.text(0, 1))", nowNanoseconds: rows.time(0, 0),
            uncertaintyNanoseconds: monotonicNanoseconds() - before)
    }

    func close(_ call: Call) {
        watchers.close()
        pool.close()
    }

    /// Waits, but not long, for the transactions that are writing now.
    ///
    /// The server may still be at work on the last write of a process that was killed. Whoever opens the
    /// store after that finds it applied, or never: not one first and then the other.
    private func waitForWriters(_ call: Call) {
        let end = monotonicNanoseconds() + 2_000_000_000
        var awaited: Set<String>?
        while monotonicNanoseconds() < end, !call.isOver {
            guard let rows = try? pool.run([Step(statements.writers)], call, "")[0] else { return }
            let found = Set((0..<rows.count).map { rows.text($0, 0) })
            let rest = awaited?.intersection(found) ?? found
            if rest.isEmpty { return }
            awaited = rest
            usleep(2000)
        }
    }

    /// Removes chunks that nobody needs, for at most some seconds; what remains is for the next time.
    ///
    /// A failure here is none of the call's: its own work is done, and the next write will meet it.
    func collectUploads(_ call: Call, seconds: Double) {
        let end = monotonicNanoseconds() + Int64(seconds * 1_000_000_000)
        let action = "cannot remove old chunks"
        do throws(DriverError) {
            _ = try pool.run([Step(uploads.retire)], isWrite: true, call, action)
            while monotonicNanoseconds() < end, !call.isOver {
                let rows = try pool.run([Step(uploads.removeSome)], isWrite: true, call, action)[0]
                guard rows.count > 0 else { return }
            }
        } catch {
            if !call.isOver { call.log(.notice, error.message) }
        }
    }
}
