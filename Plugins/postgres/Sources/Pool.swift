internal import HoldfastDriver
internal import SharedDatabase
internal import Synchronization

/// The store's connections, lent to one call at a time in the order in which calls came.
final class Pool: Sendable {
    /// A connection that was used this short a time ago is taken as it is.
    private static let freshNanoseconds: Int64 = 5_000_000
    /// A connection that lay idle for this long is asked whether it still works.
    private static let trustedNanoseconds: Int64 = 30_000_000_000
    /// A connection is closed at this age: what was changed behind a name, or for a role, takes effect.
    private static let lifetimeNanoseconds: Int64 = 3_600_000_000_000

    private struct Shelf {
        var idle: [Connection] = []
        var openCount = 0
        var queue: [Int] = []
        var nextTicket = 0
    }

    private enum Turn { case use(Connection), open, over }

    let settings: Settings
    private let connector: Connector
    private let shelf = Monitor(Shelf())
    private let isForgetful = Atomic(false)
    private let nearby = Atomic(false)
    /// A server is nearby when its network answers within this time: then the work on both sides is what
    /// takes long, and not the way.
    private static let nearMicroseconds = 250
    private static let probe = Statement(once: "SELECT 1")

    init(_ settings: Settings) {
        self.settings = settings
        connector = Connector(settings)
    }

    /// Runs statements together, on any connection.
    ///
    /// What only reads is tried a second time on a new connection when an old one turns out to be gone.
    ///
    /// - Parameters:
    ///   - steps: The statements, one transaction.
    ///   - isWrite: Whether they change something.
    ///   - call: The call that waits.
    ///   - action: What fails when it fails, such as `cannot read terraform/a`.
    /// - Returns: The rows of each statement.
    /// - Throws: ``DriverError``.
    func run(
        _ steps: [Step], isWrite: Bool = false, _ call: Call, _ action: @autoclosure () -> String
    ) throws(DriverError) -> [Rows] {
        do throws(PostgresFailure) {
            return try attempt(steps, isWrite: isWrite, call)
        } catch {
            throw error.located(action(), settings, call, isWrite: isWrite)
        }
    }

    /// As ``run(_:isWrite:_:_:)``, for those who look at what the server said.
    func attempt(
        _ steps: [Step], isWrite: Bool, _ call: Call
    ) throws(PostgresFailure) -> [Rows] {
        var canReconnect = !isWrite
        while true {
            if let code = call.overCode { throw .over(code, wasSent: false) }
            let (connection, isUsed) = try take(call)
            defer { give(connection) }
            do throws(PostgresFailure) {
                return try connection.run(steps, isWrite: isWrite, call)
            } catch {
                if error.isLost, isUsed, canReconnect {
                    canReconnect = false
                    dropIdle()
                } else if error.isForgotten, settings.preparing == .auto, connection.keepsState {
                    isForgetful.store(true, ordering: .relaxed)
                } else if error.isOutdated, connection.keepsState {
                    connection.spoil()
                } else if !error.isTimedOut || call.isNearlyOver {
                    throw error
                }
            }
        }
    }

    /// Runs statements that only read together, once; the caller deals with what fails.
    func once(_ steps: [Step], _ call: Call) throws(PostgresFailure) -> [Rows] {
        let (connection, _) = try take(call)
        defer { give(connection) }
        return try connection.run(steps, isWrite: false, call)
    }

    /// Whether the server is on this machine or next to it, with no pooler in between.
    var isNear: Bool { nearby.load(ordering: .relaxed) }

    /// Runs `body` with a connection of its own for a transaction of several turns.
    ///
    /// - Parameters:
    ///   - call: The call that waits.
    ///   - action: What fails when no connection is to be had.
    ///   - body: The turns; when it throws, the connection is closed, which ends its transaction.
    /// - Returns: What `body` returns.
    /// - Throws: ``DriverError``.
    func exclusively<Result>(
        _ call: Call, _ action: String, _ body: (Connection) throws(DriverError) -> Result
    ) throws(DriverError) -> Result {
        let connection: Connection
        do throws(PostgresFailure) {
            (connection, _) = try take(call)
        } catch {
            throw error.located(action, settings, call, isWrite: false)
        }
        defer { give(connection) }
        do throws(DriverError) {
            return try body(connection)
        } catch {
            connection.spoil()
            throw error
        }
    }

    /// Opens a connection that does not belong to the pool.
    func connect(_ call: Call) throws(PostgresFailure) -> Connection {
        let connection = try connector.connect(call)
        if isForgetful.load(ordering: .relaxed) { connection.keepsState = false }
        nearby.store(
            connection.keepsState && connection.roundTripMicroseconds < Self.nearMicroseconds,
            ordering: .relaxed)
        return connection
    }

    /// Closes the idle connections; no call may be in flight.
    func close() { dropIdle() }

    // MARK: - Lending

    private func take(_ call: Call) throws(PostgresFailure) -> (Connection, isUsed: Bool) {
        while true {
            switch nextTurn(call) {
            case .over: throw busy(call)
            case .open: return (try open(call), false)
            case .use(let connection):
                if try isFit(connection, call) { return (connection, true) }
                connection.spoil()
                give(connection)
            }
        }
    }

    private func nextTurn(_ call: Call) -> Turn {
        let (turn, ticket) = shelf.withLock { shelf -> (Turn?, Int) in
            if shelf.queue.isEmpty, let turn = Self.turn(&shelf, settings.poolSize) {
                return (turn, 0)
            }
            shelf.nextTicket += 1
            shelf.queue.append(shelf.nextTicket)
            return (nil, shelf.nextTicket)
        }
        if let turn { return turn }
        return shelf.wait(deadline: call.deadlineNanoseconds) { shelf -> Turn? in
            if shelf.queue.first == ticket,
                let turn = Self.turn(&shelf, self.settings.poolSize)
            {
                shelf.queue.removeFirst()
                return turn
            }
            guard call.isOver else { return nil }
            shelf.queue.removeAll { $0 == ticket }
            return .over
        }
    }

    private static func turn(_ shelf: inout Shelf, _ size: Int) -> Turn? {
        if let connection = shelf.idle.popLast() { return .use(connection) }
        guard shelf.openCount < size else { return nil }
        shelf.openCount += 1
        return .open
    }

    private func open(_ call: Call) throws(PostgresFailure) -> Connection {
        do throws(PostgresFailure) {
            return try connect(call)
        } catch {
            shelf.change { $0.openCount -= 1 }
            throw error
        }
    }

    private func isFit(_ connection: Connection, _ call: Call) throws(PostgresFailure) -> Bool {
        if isForgetful.load(ordering: .relaxed), connection.keepsState { return false }
        let now = monotonicNanoseconds()
        guard now - connection.openedNanoseconds < Self.lifetimeNanoseconds else { return false }
        // Looking at the socket costs as much as a tenth of a short call.
        if now - connection.idleSince < Self.freshNanoseconds { return true }
        guard connection.isHealthy else { return false }
        guard now - connection.idleSince > Self.trustedNanoseconds else { return true }
        do throws(PostgresFailure) {
            _ = try connection.run([Step(Self.probe)], isWrite: false, call)
            return true
        } catch {
            guard case .over = error.cause else { return false }
            connection.spoil()
            give(connection)
            throw error
        }
    }

    private func give(_ connection: Connection) {
        connection.idleSince = monotonicNanoseconds()
        shelf.change { shelf in
            if connection.isSpoiled {
                shelf.openCount -= 1
            } else {
                shelf.idle.append(connection)
            }
        }
    }

    /// Closes what lies idle: after a restart of the server all of it is gone.
    private func dropIdle() {
        // Handed out of the lock, so that nobody waits while they are closed.
        _ = shelf.change { shelf -> [Connection] in
            defer { shelf.idle = [] }
            shelf.openCount -= shelf.idle.count
            return shelf.idle
        }
    }

    private func busy(_ call: Call) -> PostgresFailure {
        PostgresFailure(
            cause: .over(call.overCode ?? .deadline),
            message: "all \(settings.poolSize) connections were in use until the call ended")
    }
}
