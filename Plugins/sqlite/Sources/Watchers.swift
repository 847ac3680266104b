internal import HoldfastDriver
internal import SharedDatabase

/// Those who wait for a change: woken by this store's commits at once, and by those of others when
/// one of them, taking turns, looks at SQLite's count of them.
final class Watchers: Sendable {
    /// How often somebody looks, while anybody waits.
    private static let pollNanoseconds: Int64 = 50_000_000

    private struct State {
        /// Rises with everything that may be a change.
        var generation: UInt64 = 0
        var isPolling = false
        var nextPoll: Int64 = 0
        /// What looks; `nil` before the first time and after a failure.
        var connection: Connection?
        var dataVersion: Int64 = 0
    }

    private let file: DataFile
    private let monitor = Monitor(State())

    init(_ file: DataFile) { self.file = file }

    /// Rises with everything that may be a change; take it before looking at what is stored.
    var generation: UInt64 { monitor.withLock { $0.generation } }

    /// Notes a commit of this store.
    func noteCommit() { monitor.change { $0.generation += 1 } }

    /// Closes the connection; no call may be in flight.
    func close() { monitor.withLock { $0.connection = nil } }

    /// Waits until the generation is another one.
    ///
    /// - Parameters:
    ///   - seen: The generation that was taken.
    ///   - action: What fails when it fails, such as `cannot watch terraform`.
    ///   - call: The call that waits.
    /// - Throws: ``DriverError`` when the call is over first, or the database cannot be read.
    func wait(past seen: UInt64, _ action: String, _ call: Call) throws(DriverError) {
        enum Turn {
            case changed, over
            case poll(Connection?)
        }
        while true {
            let turn = monitor.wait(deadline: call.deadlineNanoseconds) { state -> Turn? in
                if state.generation != seen { return .changed }
                if call.isOver { return .over }
                guard !state.isPolling, monotonicNanoseconds() >= state.nextPoll else { return nil }
                state.isPolling = true
                return .poll(state.connection)
            }
            switch turn {
            case .changed: return
            case .over:
                throw DriverError(call.overCode ?? .deadline, "\(action): nothing changed in time")
            case .poll(let connection): try poll(connection, action, call)
            }
        }
    }

    /// Looks whether any other connection, of this process or another, has committed since.
    private func poll(
        _ idle: Connection?, _ action: String, _ call: Call
    ) throws(DriverError) {
        var found: (Connection, Int64)?
        defer {
            monitor.change { state in
                state.isPolling = false
                state.nextPoll = monotonicNanoseconds() + Self.pollNanoseconds
                // The numbers of two connections do not compare: a new one may have missed something.
                let isSame = found != nil && idle != nil && found?.1 == state.dataVersion
                if !isSame { state.generation += 1 }
                (state.connection, state.dataVersion) = (found?.0, found?.1 ?? 0)
            }
        }
        try file.checkIdentity()
        do throws(SQLiteFailure) {
            let connection: Connection
            if let idle {
                connection = idle
            } else {
                connection = try Connection(file.path, call, isReader: true)
            }
            connection.call = call
            defer { connection.call = nil }
            let statement = try connection.prepared(.dataVersion)
            defer { statement.reset() }
            found = (connection, try statement.step() ? statement.number(0) : 0)
        } catch {
            throw error.located(action, file: file.path, call)
        }
        // What is at the path now may be another file than the one that was looked at.
        if idle == nil { try file.checkIdentity() }
    }
}
