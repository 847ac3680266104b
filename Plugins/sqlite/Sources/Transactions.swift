internal import HoldfastDriver
internal import Synchronization

/// Runs the changes of several calls in one transaction, and tells each what became of its own.
final class Transactions: Sendable {
    private let file: DataFile
    /// Whether a failed commit may come back after a crash.
    private let isUnsettled = Atomic(false)

    init(_ file: DataFile) { self.file = file }

    /// Throws when what a reader would see may not be what comes back after a crash.
    func checkSettled() throws(DriverError) {
        guard isUnsettled.load(ordering: .acquiring) else { return }
        throw DriverError(
            .unavailable,
            "the disk of \(file.path) failed during a commit, and whether that write is durable is not "
                + "known until a later write succeeds",
            retry: .same(afterNanoseconds: 1_000_000_000))
    }

    /// Begins a transaction, after what an earlier one may have left behind was overwritten.
    func begin(
        _ connection: Connection, _ action: @autoclosure () -> String, _ call: Call
    ) throws(DriverError) {
        do {
            if isUnsettled.load(ordering: .acquiring) { try settle(connection) }
            try connection.prepared(.begin).run()
        } catch {
            throw error.located(action(), file: file.path, call)
        }
    }

    // MARK: - The transaction

    /// Runs a batch in the transaction that is open; without its neighbours where it fails as a whole.
    func run(
        _ batch: [WriteRequest], on connection: Connection, _ call: Call
    ) -> [Result<WriteOutcome, DriverError>] {
        do throws(TransactionFailure) {
            return try commit(batch, on: connection, call)
        } catch {
            if error.isRepeatable, batch.count > 1 {
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
            try file.checkLog(connection.log)
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
}

/// Why a transaction failed, for every change in it.
private struct TransactionFailure: Error {
    private enum Cause {
        case sqlite(SQLiteFailure)
        case other(DriverError)
    }

    private let cause: Cause
    let applied: DriverError.Applied
    /// Whether each change may be tried without its neighbours; after an error of the disk, none is.
    let isRepeatable: Bool

    init(_ failure: SQLiteFailure, applied: DriverError.Applied, isRolledBack: Bool) {
        cause = .sqlite(failure)
        self.applied = isRolledBack ? applied : .unknown
        isRepeatable = isRolledBack && applied == .no && !failure.isDiskError
    }

    init(_ error: DriverError, isRolledBack: Bool) {
        cause = .other(error)
        applied = isRolledBack ? .no : .unknown
        isRepeatable = false
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
