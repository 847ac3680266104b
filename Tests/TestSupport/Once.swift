internal import Synchronization

/// Tells the first who asks from all others.
package final class Once: Sendable {
    private let isTaken = Atomic(false)

    package init() {}

    /// Whether this is the first time.
    package func takeFirst() -> Bool {
        !isTaken.exchange(true, ordering: .acquiringAndReleasing)
    }
}
