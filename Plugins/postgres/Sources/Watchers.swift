internal import Glibc
internal import HoldfastDriver
internal import SharedDatabase

/// Those who wait for changes of one store.
///
/// One of them at a time looks after all: it listens on a connection of its own where there is no pooler, and
/// reads the counters when it is told to, and from time to time in any case. NOTIFY inside of the writers'
/// transactions would make all commits of the server wait for each other; so writers send it after their
/// commit, and only while somebody is registered as watching. What gets lost is found at the next look.
final class Watchers: Sendable {
    /// The longest time between two looks: with a connection that listens, and without one.
    private static let (listeningNanoseconds, pollingNanoseconds): (Int64, Int64) = (
        2_000_000_000, 500_000_000
    )
    /// How often the registration, which holds for 15 seconds, is made anew.
    private static let registrationNanoseconds: Int64 = 5_000_000_000

    private struct State {
        /// What was seen last, and how often there was a look.
        var cursor: [UInt8] = []
        var isLed = false
        var listener: Listener?
    }

    private final class Listener: Sendable {
        let connection: Connection
        init(_ connection: Connection) { self.connection = connection }
    }

    private enum Turn { case changed([UInt8]), lead, over }

    private let pool: Pool
    private let statements: Statements
    private let number = Int64.random(in: 1 ... .max)
    private let state = Monitor(State())

    init(_ pool: Pool, _ statements: Statements) {
        self.pool = pool
        self.statements = statements
    }

    /// The cursor of this moment.
    func look(_ call: Call) throws(DriverError) -> [UInt8] {
        try pool.run([Step(statements.look)], call, "cannot watch")[0].bytes(0, 0)
    }

    /// Waits until there is another cursor than `cursor`.
    ///
    /// - Parameters:
    ///   - cursor: One that was that of the moment just now.
    ///   - call: The call that waits.
    /// - Returns: The new cursor.
    /// - Throws: ``DriverError``, with `deadline` when nothing changed.
    func wait(beyond cursor: [UInt8], _ call: Call) throws(DriverError) -> [UInt8] {
        // An older look of another call must not wake this one.
        state.withLock { if !$0.isLed { $0.cursor = cursor } }
        while true {
            let turn = state.wait(deadline: call.deadlineNanoseconds) { state -> Turn? in
                if call.isOver { return .over }
                if state.isLed {
                    let isNew = !state.cursor.isEmpty && state.cursor != cursor
                    return isNew ? .changed(state.cursor) : nil
                }
                state.isLed = true
                return .lead
            }
            switch turn {
            case .changed:
                // What the leader saw may be older than this call's cursor.
                let now = try look(call)
                if now != cursor { return now }
                usleep(20_000)
            case .lead:
                defer { state.change { $0.isLed = false } }
                return try lead(beyond: cursor, call)
            case .over:
                try call.check()
            }
        }
    }

    /// Closes the connection; no call may be in flight.
    func close() { state.withLock { $0.listener = nil } }

    // MARK: - Leading

    private func lead(beyond cursor: [UInt8], _ call: Call) throws(DriverError) -> [UInt8] {
        var registered: Int64 = .min
        var listener = state.withLock { $0.listener }
        if listener?.connection.isHealthy == false { listener = nil }
        if listener == nil { listener = listen(call) }
        state.withLock { $0.listener = listener }
        while true {
            if listener != nil, monotonicNanoseconds() - Self.registrationNanoseconds > registered {
                register(call)
                registered = monotonicNanoseconds()
            }
            let now = try look(call)
            state.change { $0.cursor = now }
            if now != cursor { return now }
            let end =
                monotonicNanoseconds()
                + (listener == nil ? Self.pollingNanoseconds : Self.listeningNanoseconds)
            while monotonicNanoseconds() < end {
                try call.check()
                guard let connection = listener?.connection else {
                    usleep(20_000)
                    continue
                }
                if connection.waitForNotification(call) { break }
                if !connection.isHealthy {
                    // Without the connection the counters are looked at more often.
                    listener = nil
                    state.withLock { $0.listener = nil }
                    break
                }
            }
        }
    }

    /// Opens a connection that listens; `nil` where that is not possible, as behind a pooler.
    private func listen(_ call: Call) -> Listener? {
        guard let connection = try? pool.connect(call), connection.keepsState else { return nil }
        let step = Step(statements.listen)
        guard (try? connection.run([step], isWrite: false, call)) != nil else { return nil }
        return Listener(connection)
    }

    /// Says that somebody watches; a server that only reads refuses, and nobody is told anything.
    private func register(_ call: Call) {
        _ = try? pool.run(
            [Step(statements.register, [.number(number)])], isWrite: true, call, "")
    }
}
