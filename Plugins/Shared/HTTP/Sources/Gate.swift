internal import Synchronization

/// Lets one call of a new client go first, so that many at once do not all look up the same name.
final class Gate: Sendable {
    /// The longest that a call waits for the first one; then it goes by itself.
    private static let patienceNanoseconds: Int64 = 500_000_000

    private enum State {
        case untouched
        case taken
        case open
    }

    private let state = Mutex(State.untouched)
    /// Whether the state is open, for the many calls that only look whether it is.
    private let isOpen = Atomic(false)

    /// Waits for a turn; `true` for the call that goes first and has to ``leave()``.
    func enter(_ control: some CallControl) -> Bool {
        if isOpen.load(ordering: .relaxed) { return false }
        let wait = LimitedControl(control, nanoseconds: Self.patienceNanoseconds)
        while true {
            let isFirst: Bool? = state.withLock { state in
                switch state {
                case .untouched:
                    state = .taken
                    return true
                case .taken: return nil
                case .open: return false
                }
            }
            if let isFirst { return isFirst }
            guard wait.pause(1_000_000) else { return false }
        }
    }

    /// Lets everybody pass: a connection is there, and with it the server's address.
    func open() {
        if isOpen.load(ordering: .relaxed) { return }
        state.withLock { $0 = .open }
        isOpen.store(true, ordering: .relaxed)
    }

    /// Lets the next call go first where this one had no connection.
    func leave() {
        state.withLock { state in if case .taken = state { state = .untouched } }
    }
}
