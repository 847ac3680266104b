/// The thread that looks after deadlines, asleep until the earliest of them.
///
// SAFETY: `wakeNanoseconds` and `isStopped` change under `monitor` only.
final class PoolWatchdog: @unchecked Sendable {
    private let monitor = Monitor()
    private var wakeNanoseconds: Int64 = .max
    private var isStopped = false

    /// Looks at the latest at this time.
    func arm(_ nanoseconds: Int64) {
        monitor.withLock {
            guard nanoseconds < wakeNanoseconds else { return }
            wakeNanoseconds = nanoseconds
            monitor.signal()
        }
    }

    /// Ends the thread.
    func stop() {
        monitor.withLock {
            isStopped = true
            monitor.signal()
        }
    }

    /// The thread's body: calls `sweep` at each armed time; it returns the next one.
    func run(_ sweep: () -> Int64) {
        while waitUntilDue() {
            let next = sweep()
            monitor.withLock { wakeNanoseconds = min(wakeNanoseconds, next) }
        }
    }

    private func waitUntilDue() -> Bool {
        monitor.withLock {
            while !isStopped {
                if wakeNanoseconds <= Monotonic.now {
                    // Reset before the sweep, so that what is armed during it is kept.
                    wakeNanoseconds = .max
                    return true
                }
                _ = monitor.wait(until: wakeNanoseconds)
            }
            return false
        }
    }
}
