internal import Glibc
internal import HoldfastDriver
internal import SharedDatabase

/// The store's one writing connection, and the queue of those who need it.
///
/// Whoever finds the connection free takes it, begins a transaction and makes the changes of all who
/// wait as well: one sync of the disk then serves many calls. A lone writer does the same alone, on
/// its own thread. Nobody is answered before the commit.
final class Writer: Sendable {
    /// What one transaction holds at most, so that the first in it does not wait long for the last.
    private static let maximumCount = 256
    private static let maximumBytes = 8 << 20
    /// How long after its end a call still waits for a commit that has begun.
    private static let graceNanoseconds: Int64 = 600_000_000
    /// The longest time that a transaction is held back for more changes.
    private static let gatheringNanoseconds: Int64 = 1_000_000

    private enum Seat {
        case taken
        /// Free; without a connection when the last one was given up.
        case free(Connection?)
    }

    private struct State {
        var seat: Seat
        var queue: [WriteRequest] = []
        /// How many changes the last transaction made, and how long it took.
        var lastCount = 0
        var lastNanoseconds: Int64 = 0
    }

    /// What runs the transactions.
    let transactions: Transactions
    private let file: DataFile
    private let watchers: Watchers
    private let monitor: Monitor<State>

    init(_ file: DataFile, _ connection: Connection, _ watchers: Watchers) {
        self.file = file
        self.watchers = watchers
        transactions = Transactions(file)
        connection.call = nil
        monitor = Monitor(State(seat: .free(connection)))
    }

    // MARK: - Changes

    /// Makes one change durable.
    ///
    /// - Parameters:
    ///   - operation: The change.
    ///   - action: What fails when it fails, such as `cannot write terraform/a`.
    ///   - call: The call that makes it; when it ends first, the change is withdrawn if it can be.
    /// - Returns: What the change did.
    /// - Throws: ``DriverError``, whose `applied` is truthful.
    func submit(
        _ operation: some WriteOperation, _ action: @autoclosure @escaping () -> String,
        _ call: Call
    ) throws(DriverError) -> WriteOutcome {
        try call.check()
        let request = WriteRequest(operation, action)
        monitor.withLock { $0.queue.append(request) }
        while true {
            switch waitForTurn(request, call) {
            case .done(let outcome): return try outcome.get()
            case .lead(let connection): try lead(connection, request, call)
            case .withdrawn: throw busy(request.action, call)
            case .abandoned:
                throw DriverError(
                    call.overCode ?? .deadline,
                    "\(request.action) in \(file.path): the commit had begun and did not end in time",
                    applied: .unknown)
            }
        }
    }

    /// Lends the connection to `body` between two transactions.
    ///
    /// At the time `patience` it stops waiting for others, even if the call could wait longer.
    func exclusively<Result>(
        _ action: String, _ call: Call, patience: Int64 = .max,
        _ body: (Connection) throws(SQLiteFailure) -> Result
    ) throws(DriverError) -> Result {
        let seat = monitor.wait(deadline: min(call.deadlineNanoseconds, patience)) {
            state -> Seat? in
            guard case .free = state.seat else {
                return call.isOver || monotonicNanoseconds() >= patience ? .taken : nil
            }
            defer { state.seat = .taken }
            return state.seat
        }
        guard case .free(let idle) = seat else { throw busy(action, call) }
        var next = Seat.free(nil)
        defer { monitor.change { $0.seat = next } }
        let connection = try connect(idle, call)
        connection.patienceNanoseconds = patience
        defer { next = self.seat(after: connection) }
        do throws(SQLiteFailure) {
            return try body(connection)
        } catch {
            throw error.located(action, file: file.path, call)
        }
    }

    /// Closes the connection; no call may be in flight.
    func close() { monitor.withLock { $0.seat = .free(nil) } }

    // MARK: - The queue

    private enum Turn {
        case done(Result<WriteOutcome, DriverError>)
        case lead(Connection?)
        case withdrawn, abandoned
    }

    private func waitForTurn(_ request: WriteRequest, _ call: Call) -> Turn {
        monitor.wait(deadline: call.deadlineNanoseconds) { state -> Turn? in
            if let outcome = request.outcome { return .done(outcome) }
            if request.isTaken { return self.isPastGrace(request, call) ? .abandoned : nil }
            if call.isOver {
                state.queue.removeAll { $0 === request }
                return .withdrawn
            }
            guard case .free(let connection) = state.seat else { return nil }
            state.seat = .taken
            return .lead(connection)
        }
    }

    private func isPastGrace(_ request: WriteRequest, _ call: Call) -> Bool {
        guard call.isOver else { return false }
        let now = monotonicNanoseconds()
        let over = request.overNanoseconds ?? now
        request.overNanoseconds = over
        return now - over > Self.graceNanoseconds
    }

    private func lead(
        _ idle: Connection?, _ request: WriteRequest, _ call: Call
    ) throws(DriverError) {
        let connection: Connection
        do throws(DriverError) {
            connection = try connect(idle, call)
        } catch {
            leave(.free(nil), without: request)
            throw error
        }
        gather(call)
        let began = monotonicNanoseconds()
        do throws(DriverError) {
            try transactions.begin(connection, request.action, call)
        } catch {
            leave(seat(after: connection), without: request)
            throw error
        }
        let batch = takeBatch(with: request)
        let outcomes = transactions.run(batch, on: connection, call)
        let seat = seat(after: connection)
        monitor.change { state in
            for (request, outcome) in zip(batch, outcomes) { request.outcome = outcome }
            state.seat = seat
            state.lastCount = batch.count
            state.lastNanoseconds = monotonicNanoseconds() - began
        }
        watchers.noteCommit()
    }

    /// Gives those who shared the last transaction a moment to come back, so that they share this one.
    ///
    /// Without it the first who comes back leads alone, and half of all transactions hold one change. A
    /// quarter of a transaction's time is the most that is spent on it, and a lone writer waits for nobody.
    private func gather(_ call: Call) {
        let (wanted, patience) = monitor.withLock { state in
            (state.lastCount, min(state.lastNanoseconds / 4, Self.gatheringNanoseconds))
        }
        guard wanted > 1 else { return }
        let end = monotonicNanoseconds() + patience
        while monitor.withLock({ $0.queue.count }) < wanted, monotonicNanoseconds() < end,
            !call.isOver
        {
            sched_yield()
        }
    }

    /// Gives up the lead before anything was begun for anybody; one of those who wait takes it.
    ///
    /// The request goes first: the next leader would make a change that its caller was told has failed.
    private func leave(_ seat: Seat, without request: WriteRequest) {
        monitor.change { state in
            state.queue.removeAll { $0 === request }
            state.seat = seat
        }
    }

    /// Takes as many as fit into one transaction; those that came while it began are in it.
    private func takeBatch(with own: WriteRequest) -> [WriteRequest] {
        monitor.withLock { state in
            var batch = [own]
            var bytes = own.operation.byteCount
            state.queue.removeAll { request in
                if request === own { return true }
                let total = bytes + request.operation.byteCount
                guard batch.count < Self.maximumCount, total <= Self.maximumBytes else {
                    return false
                }
                bytes = total
                batch.append(request)
                return true
            }
            for request in batch { request.isTaken = true }
            return batch
        }
    }

    // MARK: - The connection

    private func connect(_ idle: Connection?, _ call: Call) throws(DriverError) -> Connection {
        if let idle {
            idle.call = call
            return idle
        }
        return try Schema.connect(file, mustExist: false, call)
    }

    /// The seat after `connection` was used.
    private func seat(after connection: Connection) -> Seat {
        connection.call = nil
        connection.patienceNanoseconds = .max
        // A transaction that cannot be ended would hold the lock for ever; closing ends it.
        return .free(connection.rollBack() ? connection : nil)
    }

    private func busy(_ action: String, _ call: Call) -> DriverError {
        let failure = SQLiteFailure(extendedCode: 5, message: "the database was busy")
        return failure.located(action, file: file.path, call)
    }
}

/// A change that waits, and what became of it.
final class WriteRequest: @unchecked Sendable {
    // SAFETY: what can change is only touched with the lock of the writer's monitor held.
    let operation: any WriteOperation
    private let makeAction: () -> String
    /// What fails when it fails; made only then.
    var action: String { makeAction() }
    /// Whether a transaction holds the change, so that it cannot be withdrawn any more.
    var isTaken = false
    var outcome: Result<WriteOutcome, DriverError>?
    /// When its call was first seen to be over.
    var overNanoseconds: Int64?

    init(_ operation: some WriteOperation, _ action: @escaping () -> String) {
        self.operation = operation
        makeAction = action
    }
}
