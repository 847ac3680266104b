internal import Synchronization

/// One piece of work for the pool.
///
// SAFETY: everything that changes is read and written under the lock of the pool that has the job.
final class PoolJob: @unchecked Sendable {
    enum Phase {
        case queued, running, settled
    }

    let lane: BlockingPool.Lane
    let store: Store?
    let call: Call
    private let body: @Sendable () -> Void
    /// Settles the outcome with an error, unless it is settled.
    let fail: @Sendable (HostError) -> Void

    var phase = Phase.queued
    /// Its place in the order of arrival.
    var sequence: UInt64 = 0
    /// When it came.
    var queuedNanoseconds: Int64 = 0
    /// When its caller is let go while it runs.
    var dropNanoseconds: Int64 = .max
    /// Whether its caller was let go and it still runs.
    var isStuck = false
    /// Whether another thread took its place.
    var isReplaced = false
    /// Taken once: by the thread that runs the body, or by who makes sure that it never runs.
    private let isClaimed = Atomic(false)

    init(
        lane: BlockingPool.Lane, store: Store?, call: Call, body: @escaping @Sendable () -> Void,
        fail: @escaping @Sendable (HostError) -> Void
    ) {
        self.lane = lane
        self.store = store
        self.call = call
        self.body = body
        self.fail = fail
    }

    /// Runs the body, which settles the outcome, unless it was withdrawn before.
    func run() { if claim() { body() } }

    /// Makes sure that the body never runs; `false` when it runs or ran.
    func withdraw() -> Bool { claim() }

    private func claim() -> Bool { !isClaimed.exchange(true, ordering: .acquiringAndReleasing) }

    /// What the pool counts by; jobs without a store count together.
    var storeID: UInt64 { store?.id ?? 0 }

    /// When the watchdog has to look at it.
    var checkNanoseconds: Int64 {
        switch phase {
        case .queued: call.deadlineNanoseconds
        case .running: isStuck ? .max : dropNanoseconds
        case .settled: .max
        }
    }

    /// The error with the store and driver named.
    func error(
        _ code: HostError.Code, _ message: String, advice: String = "",
        applied: HostError.Applied = .no, retry: HostError.Retry = .never
    ) -> HostError {
        HostError(
            code, message, advice: advice, applied: applied, retry: retry,
            store: store?.name ?? "", driver: store?.driverID ?? "")
    }
}

/// Where a result goes, once: the first counts and later ones are dropped.
final class PoolOutcome<R: Sendable>: Sendable {
    private let isSettled = Atomic(false)
    private let deliver: @Sendable (Result<R, any Error>) -> Void

    init(_ deliver: @escaping @Sendable (Result<R, any Error>) -> Void) { self.deliver = deliver }

    func settle(_ result: Result<R, any Error>) {
        let isFirst = isSettled.compareExchange(
            expected: false, desired: true, ordering: .acquiringAndReleasing
        ).exchanged
        if isFirst { deliver(result) }
    }
}

/// The wish of a job to hear of its call's cancellation, until it is settled.
final class PoolCancellation: Sendable {
    private let call: Call
    private let token = Atomic<UInt64>(0)

    init(_ call: Call) { self.call = call }

    func begin(_ handler: @escaping @Sendable () -> Void) {
        token.store(call.addCancellationHandler(handler), ordering: .releasing)
    }

    /// Cancelling drops all handlers, so a job that is settled during `begin` leaves none behind.
    func end() { call.removeCancellationHandler(token.load(ordering: .acquiring)) }
}
