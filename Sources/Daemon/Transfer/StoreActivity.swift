internal import Host
internal import Synchronization

/// Since when a transfer waits for the store, and not for the client.
///
/// A long transfer has no deadline of its own: it may go on for as long as it moves. What must not
/// happen is that the store stands still and the client waits for ever.
final class StoreActivity: Sendable {
    private let busySince: Atomic<Int64>

    /// Starts with the store's turn: the job may have to queue.
    init() { busySince = Atomic(Monotonic.now) }

    /// The store has what it needs.
    func storeResumed() { busySince.store(Monotonic.now, ordering: .relaxed) }

    /// The store waits for the client.
    func clientResumed() { busySince.store(.max, ordering: .relaxed) }

    /// How long the store has been at it; zero while the client has its turn.
    var storeTime: Duration {
        let since = busySince.load(ordering: .relaxed)
        return since == .max ? .zero : .nanoseconds(max(0, Monotonic.now - since))
    }
}
