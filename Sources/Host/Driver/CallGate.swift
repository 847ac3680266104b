internal import Synchronization

/// Lets one call at a time through, in the order they came, each until its own deadline.
final class CallGate: Sendable {
    private struct State {
        var isBusy = false
        var waiting: [GateTicket] = []
    }

    private let state = Mutex(State())

    /// Runs `body` while no other call of this gate runs.
    ///
    /// - Throws: What `body` throws, or ``HostError`` when the call ended while it waited.
    func pass<R>(_ call: Call, _ body: () throws(HostError) -> R) throws(HostError) -> R {
        try enter(call)
        defer { leave() }
        return try body()
    }

    private func enter(_ call: Call) throws(HostError) {
        let ticket: GateTicket? = state.withLock { state in
            guard state.isBusy else {
                state.isBusy = true
                return nil
            }
            let ticket = GateTicket()
            state.waiting.append(ticket)
            return ticket
        }
        guard let ticket else { return }
        call.withCancellationHandler({ ticket.give(.cancelled) }) {
            ticket.wait(until: call.deadlineNanoseconds)
        }
        // The turn may have come in the same moment as the end; only the lock knows.
        let isMine = state.withLock { state in
            guard let place = state.waiting.firstIndex(where: { $0 === ticket }) else {
                return true
            }
            state.waiting.remove(at: place)
            return false
        }
        if isMine { return }
        try call.check()
        throw HostError(
            .deadline, "the deadline passed while another call had the store",
            retry: .same(after: .zero))
    }

    private func leave() {
        let next: GateTicket? = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isBusy = false
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.give(.turn)
    }
}

/// A call's place in the line before a gate.
///
// SAFETY: `answer` changes under `monitor` only.
private final class GateTicket: @unchecked Sendable {
    enum Answer {
        case turn, cancelled
    }

    private let monitor = Monitor()
    private var answer: Answer?

    func give(_ answer: Answer) {
        monitor.withLock {
            if self.answer == nil { self.answer = answer }
            monitor.signal()
        }
    }

    /// Waits for an answer, at most until the deadline.
    func wait(until deadlineNanoseconds: Int64) {
        monitor.withLock {
            while answer == nil {
                if !monitor.wait(until: deadlineNanoseconds) { return }
            }
        }
    }
}
