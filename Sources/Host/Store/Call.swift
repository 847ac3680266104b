internal import Synchronization

/// The context of an operation: how long it may take, whether it is still wanted, whose it is.
///
/// One call may span several driver calls; all of them share its deadline and cancellation.
package final class Call: Sendable {
    /// The deadline by `CLOCK_MONOTONIC`, in nanoseconds; `Int64.max` for none.
    package let deadlineNanoseconds: Int64
    /// The W3C `traceparent` of the caller; empty for none.
    package let traceParent: String
    private let cancelled = Atomic(false)

    /// Makes a call that ends after `timeout`; `nil` for no deadline.
    package init(timeout: Duration?, traceParent: String = "") {
        deadlineNanoseconds = timeout.map { Monotonic.now + $0.nanoseconds } ?? .max
        self.traceParent = traceParent
    }

    /// Asks everything that runs under this call to stop. A repeat is harmless.
    package func cancel() { cancelled.store(true, ordering: .relaxed) }

    /// Whether the call was cancelled.
    package var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    /// The time until the deadline, at least zero; `nil` for no deadline.
    package var remaining: Duration? {
        guard deadlineNanoseconds != .max else { return nil }
        return .nanoseconds(max(0, deadlineNanoseconds - Monotonic.now))
    }

    /// Throws when the call was cancelled or its deadline has passed.
    ///
    /// - Throws: ``HostError`` with code `cancelled` or `deadline`, nothing applied.
    package func check() throws(HostError) {
        if isCancelled { throw HostError(.cancelled, "the call was cancelled") }
        if deadlineNanoseconds <= Monotonic.now {
            throw HostError(.deadline, "the deadline passed", retry: .same(after: .zero))
        }
    }
}
