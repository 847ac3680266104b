internal import HoldfastDriver
internal import Synchronization

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

    private enum Seat {
        case taken
        /// Free; without a connection when the last one was given up.
        case free(Connection?)
    }

    private struct State {
        var seat: Seat
        var queue: [WriteRequest] = []
    }

    private let file: DataFile
    private let monitor: Monitor<State>
    /// Whether an earlier transaction may or may not come back after a crash.
    private let isUnsettled = Atomic(false)

    init(_ file: DataFile, _ connection: Connection) {
        self.file = file
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
    func submit(
        _ operation: some WriteOperation, _ action: String, _ call: Call
    ) throws(DriverError) -> WriteOutcome {
        try call.check()
        let request = WriteRequest(operation, action)
        monitor.withLock { $0.queue.append(request) }
        while true {
            switch waitForTurn(request, call) {
            case .done(let outcome): return try outcome.get()
            case .lead(let connection): try lead(connection, request, call)
            case .withdrawn: throw busy(action, call)
            case .abandoned:
                throw DriverError(
                    call.overCode ?? .deadline,
                    "\(action) in \(file.path): the commit had begun and did not end in time",
                    applied: .unknown)
            }
        }
    }

    /// Lends the connection to `body`, between two transactions.
    ///
    /// - Parameters:
    ///   - patience: When to stop waiting for other processes, even if the call could wait longer.
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
        let connection = try connect(idle, call)
        connection.patienceNanoseconds = patience
        defer { release(connection) }
        do {
            return try body(connection)
        } catch {
            throw error.located(action, file: file.path, call)
        }
    }

    /// Throws when what a reader would see may not be what comes back after a crash.
    func checkSettled() throws(DriverError) {
        guard isUnsettled.load(ordering: .acquiring) else { return }
        throw DriverError(
            .unavailable,
            "the disk of \(file.path) failed during a commit, and whether that write is durable is not "
                + "known until a later write succeeds",
            retry: .same(afterNanoseconds: 1_000_000_000))
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
        do {
            let connection = try connect(idle, call)
            defer { release(connection) }
            try begin(connection, request.action, call)
            let batch = takeBatch(with: request)
            let outcomes = run(batch, on: connection, call)
            monitor.change { _ in
                for (request, outcome) in zip(batch, outcomes) { request.outcome = outcome }
            }
        } catch {
            // Nothing was begun for anybody else: they stay in the queue, and one of them leads.
            monitor.change { $0.queue.removeAll { $0 === request } }
            throw error
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
        do {
            return try Schema.connect(file, call)
        } catch {
            monitor.change { $0.seat = .free(nil) }
            throw error
        }
    }

    private func release(_ connection: Connection) {
        connection.call = nil
        connection.patienceNanoseconds = .max
        // A transaction that cannot be ended would hold the lock for ever; closing ends it.
        let isUsable = connection.rollBack()
        monitor.change { $0.seat = .free(isUsable ? connection : nil) }
    }

    private func begin(
        _ connection: Connection, _ action: String, _ call: Call
    ) throws(DriverError) {
        do {
            if isUnsettled.load(ordering: .acquiring) { try settle(connection) }
            try connection.prepared(.begin).run()
        } catch {
            throw error.located(action, file: file.path, call)
        }
    }

    // MARK: - The transaction

    /// Runs a batch in the transaction that is open; without its neighbours where it fails as a whole.
    private func run(
        _ batch: [WriteRequest], on connection: Connection, _ call: Call
    ) -> [Result<WriteOutcome, DriverError>] {
        do throws(TransactionFailure) {
            return try commit(batch, on: connection, call)
        } catch {
            if error.applied == .no, batch.count > 1 {
                return batch.map { runAlone($0, on: connection, call) }
            }
            return batch.map { .failure(error.located($0.action, file, call)) }
        }
    }

    private func runAlone(
        _ request: WriteRequest, on connection: Connection, _ call: Call
    ) -> Result<WriteOutcome, DriverError> {
        do throws(DriverError) {
            try begin(connection, request.action, call)
        } catch {
            return .failure(error)
        }
        return run([request], on: connection, call)[0]
    }

    private func commit(
        _ batch: [WriteRequest], on connection: Connection, _ call: Call
    ) throws(TransactionFailure) -> [Result<WriteOutcome, DriverError>] {
        var outcomes: [Result<WriteOutcome, DriverError>] = []
        do throws(SQLiteFailure) {
            for request in batch { outcomes.append(try request.operation.apply(to: connection)) }
        } catch {
            throw TransactionFailure(error, applied: .no, isRolledBack: connection.rollBack())
        }
        do throws(DriverError) {
            try file.checkIdentity()
        } catch {
            throw TransactionFailure(error, isRolledBack: connection.rollBack())
        }
        do throws(SQLiteFailure) {
            try connection.prepared(.commit).run()
            return outcomes
        } catch {
            throw TransactionFailure(
                error, applied: undo(error, on: connection), isRolledBack: true)
        }
    }

    /// Takes back a commit that failed, and says whether that is certain.
    ///
    /// A full disk or a lock stops a commit before its last page is in the log. After an error of the
    /// disk, such as a failed sync, the whole of it may be there, and the recovery after a crash would
    /// bring it back. A later commit overwrites it; until one succeeds, nobody knows.
    private func undo(_ failure: SQLiteFailure, on connection: Connection) -> DriverError.Applied {
        let isRolledBack = connection.rollBack()
        if isRolledBack, failure.isFull || failure.isBusy { return .no }
        isUnsettled.store(true, ordering: .releasing)
        guard isRolledBack, (try? settle(connection)) != nil else { return .unknown }
        return .no
    }

    /// Commits something that means nothing, over the remains of a failed commit.
    private func settle(_ connection: Connection) throws(SQLiteFailure) {
        do {
            try connection.prepared(.begin).run()
            try connection.execute("PRAGMA user_version = \(Schema.version)")
            try connection.prepared(.commit).run()
        } catch {
            _ = connection.rollBack()
            throw error
        }
        isUnsettled.store(false, ordering: .releasing)
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
    let action: String
    /// Whether a transaction holds the change, so that it cannot be withdrawn any more.
    var isTaken = false
    var outcome: Result<WriteOutcome, DriverError>?
    /// When its call was first seen to be over.
    var overNanoseconds: Int64?

    init(_ operation: some WriteOperation, _ action: String) {
        self.operation = operation
        self.action = action
    }
}

/// Why a transaction failed, for every change in it.
private struct TransactionFailure: Error {
    private enum Cause {
        case sqlite(SQLiteFailure)
        case other(DriverError)
    }

    private let cause: Cause
    let applied: DriverError.Applied

    init(_ failure: SQLiteFailure, applied: DriverError.Applied, isRolledBack: Bool) {
        cause = .sqlite(failure)
        self.applied = isRolledBack ? applied : .unknown
    }

    init(_ error: DriverError, isRolledBack: Bool) {
        cause = .other(error)
        applied = isRolledBack ? .no : .unknown
    }

    func located(_ action: String, _ file: DataFile, _ call: Call) -> DriverError {
        switch cause {
        case .sqlite(let failure):
            return failure.located(action, file: file.path, call, applied: applied)
        case .other(var error):
            error.applied = applied
            return error
        }
    }
}
