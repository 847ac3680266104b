internal import HoldfastDriver
internal import SharedDatabase

/// A few connections that read, lent to one call at a time and never while a sink or source works.
final class Readers: Sendable {
    /// More would not read faster: a read takes microseconds of processor time.
    private static let maximumCount = 8

    private struct Pool {
        var idle: [Connection] = []
        var openCount = 0
    }

    private let file: DataFile
    private let pool = Monitor(Pool())

    init(_ file: DataFile) { self.file = file }

    /// Runs `body` with a connection.
    ///
    /// - Parameters:
    ///   - action: What fails when it fails, such as `cannot read terraform/a`.
    ///   - call: The call that reads.
    ///   - body: The reading; the connection must not leave it.
    /// - Returns: What `body` returns.
    /// - Throws: ``DriverError``, when no connection comes free in time or the reading fails.
    func read<Result>(
        _ action: @autoclosure () -> String, _ call: Call,
        _ body: (Connection) throws(SQLiteFailure) -> Result
    ) throws(DriverError) -> Result {
        try call.check()
        let connection = try take(action(), call)
        connection.call = call
        do throws(SQLiteFailure) {
            let result = try body(connection)
            give(connection)
            return result
        } catch {
            if error.spoilsConnection { discard() } else { give(connection) }
            throw error.located(action(), file: file.path, call)
        }
    }

    /// Closes the idle connections; no call may be in flight.
    func close() {
        pool.withLock { pool in
            pool.openCount -= pool.idle.count
            pool.idle = []
        }
    }

    private func take(
        _ action: @autoclosure () -> String, _ call: Call
    ) throws(DriverError) -> Connection {
        enum Turn {
            case use(Connection)
            case open, over
        }
        let turn = pool.wait(deadline: call.deadlineNanoseconds) { pool -> Turn? in
            if let connection = pool.idle.popLast() { return .use(connection) }
            if pool.openCount < Self.maximumCount {
                pool.openCount += 1
                return .open
            }
            return call.isOver ? .over : nil
        }
        switch turn {
        case .use(let connection): return connection
        case .open: return try open(action(), call)
        case .over:
            throw DriverError(
                call.overCode ?? .deadline,
                "\(action()) in \(file.path): all connections were in use",
                retry: .same(afterNanoseconds: 0))
        }
    }

    private func open(_ action: String, _ call: Call) throws(DriverError) -> Connection {
        do throws(DriverError) {
            let connection: Connection
            do throws(SQLiteFailure) {
                connection = try Connection(file.path, call, isReader: true)
            } catch {
                throw error.located(action, file: file.path, call)
            }
            // What is at the path now may be another file than the writer's.
            try file.checkIdentity()
            return connection
        } catch {
            discard()
            throw error
        }
    }

    private func give(_ connection: Connection) {
        connection.call = nil
        pool.change { $0.idle.append(connection) }
    }

    private func discard() { pool.change { $0.openCount -= 1 } }
}
