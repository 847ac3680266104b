internal import Glibc
internal import HoldfastDriver
internal import SharedDatabase

/// Reads of many calls at once, from a server nearby, on few connections.
///
/// As many reads as this machine has cores are on their way by themselves. Those that come meanwhile go
/// together, as one turn, with the next of these connections that is free. Both sides then make one system
/// call and one switch of threads for many reads. Over a network reads would only wait for one another,
/// so there, and behind a pooler, each has a connection of its own.
final class SharedReads: Sendable {
    /// The most reads of one turn: rows of up to 1 MiB each are in memory until it ends.
    private static let turnMax = 16

    private struct State {
        /// How many turns are on their way.
        var turns = 0
        var waiting: [WaitingRead] = []
    }

    private let state = Monitor(State())
    private let pool: Pool
    private let turnsMax: Int

    init(_ pool: Pool) {
        self.pool = pool
        turnsMax = max(1, min(sysconf(Int32(_SC_NPROCESSORS_ONLN)), pool.settings.poolSize))
    }

    /// Runs a statement that only reads, perhaps together with those of others.
    ///
    /// - Parameters:
    ///   - step: The statement.
    ///   - call: The call that waits.
    ///   - action: What fails when it fails, such as `cannot read terraform/a`.
    /// - Returns: Its rows.
    /// - Throws: ``DriverError``.
    func run(
        _ step: Step, _ call: Call, _ action: @autoclosure () -> String
    ) throws(DriverError) -> Rows {
        if pool.isNear {
            do throws(PostgresFailure) {
                if let rows = try together(step, call) { return rows }
            } catch {
                throw error.located(action(), pool.settings, call, isWrite: false)
            }
        }
        // The pool knows what to do about a connection that is gone, and whose failure one is.
        return try pool.run([step], call, action())[0]
    }

    /// The rows; `nil` when the read has to go alone.
    private func together(_ step: Step, _ call: Call) throws(PostgresFailure) -> Rows? {
        let place = state.withLock { state -> WaitingRead? in
            guard state.turns >= turnsMax else {
                state.turns += 1
                return nil
            }
            let read = WaitingRead(step)
            state.waiting.append(read)
            return read
        }
        guard let place else { return try lead(step, call) }
        switch place.wait(call) {
        case .rows(let rows): return rows
        case .goesAlone: return nil
        case .leads: return try lead(step, call)
        case .isOver:
            state.withLock { $0.waiting.removeAll { $0 === place } }
            throw .over(call.overCode ?? .deadline, wasSent: false)
        }
    }

    /// Makes a turn of this read and of those that wait.
    private func lead(_ step: Step, _ call: Call) throws(PostgresFailure) -> Rows? {
        defer { passOn() }
        let others = state.withLock { state -> ArraySlice<WaitingRead> in
            let next = state.waiting.prefix(Self.turnMax - 1)
            state.waiting.removeFirst(next.count)
            return next
        }
        do throws(PostgresFailure) {
            let rows = try pool.once([step] + others.map(\.step), call)
            for (read, rows) in zip(others, rows.dropFirst()) { read.give(.rows(rows)) }
            return rows[0]
        } catch {
            // Whose statement it was does not matter: nothing was changed, so each asks again.
            for read in others { read.give(.goesAlone) }
            if case .over = error.cause { throw error }
            return nil
        }
    }

    /// Ends a turn: the first of those that wait makes the next one.
    private func passOn() {
        while true {
            let next = state.withLock { state -> WaitingRead? in
                guard !state.waiting.isEmpty else {
                    state.turns -= 1
                    return nil
                }
                return state.waiting.removeFirst()
            }
            guard let next, !next.give(.leads) else { return }
        }
    }
}

/// A read that waits for its turn.
private final class WaitingRead: Sendable {
    /// What becomes of it.
    enum Outcome {
        /// Another's turn brought its rows.
        case rows(Rows)
        /// It makes the next turn.
        case leads
        /// It must be asked by itself.
        case goesAlone
        /// Its call ended first.
        case isOver
    }

    let step: Step
    private let outcome = Monitor<Outcome?>(nil)

    init(_ step: Step) { self.step = step }

    /// Says what becomes of it.
    ///
    /// - Returns: `false` when its call has ended and it takes nothing any more.
    @discardableResult
    func give(_ given: Outcome) -> Bool {
        outcome.change { outcome in
            guard outcome == nil else { return false }
            outcome = given
            return true
        }
    }

    /// Waits until somebody says so, or the call ends.
    func wait(_ call: Call) -> Outcome {
        outcome.wait(deadline: call.deadlineNanoseconds) { outcome in
            if outcome == nil, call.isOver { outcome = .isOver }
            return outcome
        }
    }
}
