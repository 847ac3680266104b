/// How often and after which time a failed call is tried again.
struct RetryPolicy: Sendable {
    /// The most attempts, the first included.
    var attempts: UInt32 = 5
    /// The most time before the second attempt; it doubles with each.
    var firstPause = Duration.milliseconds(50)
    /// The most time before any attempt, unless the store asks for more.
    var longestPause = Duration.seconds(2)
    /// Picks the pause, from none to the given nanoseconds: full jitter, so that those who failed
    /// together do not come back together.
    var pick: @Sendable (Int64) -> Int64 = { .random(in: 0...$0) }
    /// Waits.
    var pause: @Sendable (Duration, Call) throws(HostError) -> Void = { duration, call in
        try waitOut(duration, call)
    }

    /// The time to wait after attempt number `attempt` failed with `error`; `nil` to give up.
    func delay(after error: HostError, _ attempt: UInt32, _ call: Call) -> Duration? {
        guard case .same(let least) = error.retry, attempt < attempts, !call.isCancelled else {
            return nil
        }
        let factor = Int64(1) << min(Int64(attempt) - 1, 20)
        let most = min(longestPause.nanoseconds, firstPause.nanoseconds &* factor)
        let delay = max(least, .nanoseconds(pick(max(0, most))))
        guard let remaining = call.remaining else { return delay }
        return delay < remaining ? delay : nil
    }
}

/// Waits for `duration`, or until the call is cancelled or its deadline passes.
func waitOut(_ duration: Duration, _ call: Call) throws(HostError) {
    let monitor = Monitor()
    let end = min(Monotonic.now(plus: duration), call.deadlineNanoseconds)
    call.withCancellationHandler({ monitor.withLock { monitor.signal() } }) {
        monitor.withLock {
            while !call.isCancelled, Monotonic.now < end { _ = monitor.wait(until: end) }
        }
    }
    try call.check()
}
