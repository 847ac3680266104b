/// A bounded pool of plain threads, for calls that block.
package final class BlockingPool: Sendable {
    /// What a job is for; each kind has its share of the threads.
    package enum Lane: Sendable {
        /// Lock renewal and health: two threads are kept for these.
        case control
        /// Everything short.
        case normal
        /// Long transfers: at most half of the threads.
        case bulk
    }

    /// Makes a pool.
    ///
    /// - Parameters:
    ///   - threads: The most threads that run jobs; `nil` for four a core, 8 to 64.
    ///   - grace: How long after its deadline a job may run before its caller is let go.
    package init(threads: Int? = nil, grace: Duration = .seconds(2)) {}

    /// Runs `body` on a thread of the pool.
    ///
    /// - Throws: What `body` throws, or ``HostError``: `deadline` when the deadline passed in the
    ///   queue (nothing ran), `stuck` when `body` overstayed deadline and grace (outcome unknown),
    ///   `cancelled` when the call was cancelled in the queue, `throttled` when the queue is full.
    package func run<R: Sendable>(
        _ lane: Lane, on store: Store? = nil, _ call: Call,
        _ body: @escaping @Sendable () throws -> R
    ) async throws -> R {
        try body()
    }

    /// As `run`, for a plain thread, which waits.
    package func runBlocking<R: Sendable>(
        _ lane: Lane, on store: Store? = nil, _ call: Call,
        _ body: @escaping @Sendable () throws -> R
    ) throws -> R {
        try body()
    }
}
