internal import Glibc
internal import Tracing

/// A bounded pool of plain threads, for calls that block.
///
/// A job that waits too long fails without having run. The caller of one that runs too long is let
/// go and another thread takes the place of the stuck one, up to a bound. No store gets more than
/// three quarters of the threads.
package final class BlockingPool: Sendable {
    /// What a job is for; each kind has its share of the threads.
    package enum Lane: Sendable {
        /// Lock renewal and health: two threads are kept for these.
        case control
        /// Everything short that only reads.
        case normal
        /// Everything short that writes: at most half of the threads, so that writers who wait for
        /// a busy store keep nobody from reading.
        case write
        /// Long transfers: at most half of the threads.
        case bulk
    }

    /// What the pool does at this moment.
    package struct Statistics: Sendable, Hashable {
        /// Threads that exist.
        package var threads: Int
        /// Jobs that run, without those that are stuck and replaced.
        package var running: Int
        /// Jobs that wait.
        package var queued: Int
        /// Jobs that still run although their callers were let go.
        package var stuck: Int
    }

    private let core: PoolCore

    /// Makes a pool.
    ///
    /// - Parameters:
    ///   - threads: The most threads that run jobs; `nil` for four a core, 32 to 64. They are made as
    ///     they are needed.
    ///   - grace: How long after its deadline a job may run before its caller is let go; a store's
    ///     own grace counts where it is longer.
    package init(threads: Int? = nil, grace: Duration = .seconds(2)) {
        let cores = Int(sysconf(CInt(_SC_NPROCESSORS_ONLN)))
        let limits = PoolLimits(
            threads: threads ?? min(64, max(32, 4 * cores)), cores: cores)
        core = PoolCore(limits: limits, graceNanoseconds: grace.nanoseconds)
    }

    deinit { core.stop() }

    /// What the pool does at this moment.
    package var statistics: Statistics { core.statistics }

    /// Runs `body` on a thread of the pool.
    ///
    /// Cancelling the task cancels `call`.
    ///
    /// - Throws: What `body` throws, or ``HostError``: `deadline` when the deadline passed in the
    ///   queue (nothing ran), `stuck` when `body` overstayed deadline and grace (outcome unknown),
    ///   `cancelled` when the call was cancelled in the queue, `throttled` when the queue is full.
    package func run<R: Sendable>(
        _ lane: Lane, on store: Store? = nil, _ call: Call,
        _ body: @escaping @Sendable () throws -> R
    ) async throws -> R {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                start(lane, on: store, call, body) { continuation.resume(with: $0) }
            }
        } onCancel: {
            call.cancel()
        }
    }

    /// As ``run(_:on:_:_:)``, for a caller that does not wait: `deliver` is called once with what `run`
    /// would return or throw, on any thread, and must not block.
    package func start<R: Sendable>(
        _ lane: Lane, on store: Store? = nil, _ call: Call,
        _ body: @escaping @Sendable () throws -> R,
        _ deliver: @escaping @Sendable (Result<R, any Error>) -> Void
    ) {
        guard let context = ServiceContext.current else {
            return submit(lane, store, call, body, deliver)
        }
        submit(
            lane, store, call, { try ServiceContext.withValue(context) { try body() } }, deliver)
    }

    /// As `run`, for a plain thread, which waits.
    ///
    /// Never call it on one of Swift's own threads.
    package func runBlocking<R: Sendable>(
        _ lane: Lane, on store: Store? = nil, _ call: Call,
        _ body: @escaping @Sendable () throws -> R
    ) throws -> R {
        let result = AwaitedResult<R>()
        submit(lane, store, call, body) { result.set($0) }
        return try result.wait().get()
    }

    private func submit<R: Sendable>(
        _ lane: Lane, _ store: Store?, _ call: Call, _ body: @escaping @Sendable () throws -> R,
        _ deliver: @escaping @Sendable (Result<R, any Error>) -> Void
    ) {
        let cancellation = PoolCancellation(call)
        let outcome = PoolOutcome<R> { result in
            cancellation.end()
            deliver(result)
        }
        let job = PoolJob(
            lane: lane, store: store, call: call,
            body: {
                outcome.settle(
                    Result {
                        try call.check()
                        return try body()
                    })
            },
            fail: { outcome.settle(.failure($0)) })
        cancellation.begin { [core] in core.cancel(job) }
        core.submit(job)
    }
}

/// A result that a plain thread waits for.
///
// SAFETY: `result` changes under `monitor` only.
private final class AwaitedResult<R: Sendable>: @unchecked Sendable {
    private let monitor = Monitor()
    private var result: Result<R, any Error>?

    func set(_ result: Result<R, any Error>) {
        monitor.withLock {
            self.result = result
            monitor.signal()
        }
    }

    func wait() -> Result<R, any Error> {
        monitor.withLock {
            while true {
                if let result { return result }
                _ = monitor.wait()
            }
        }
    }
}
