/// A thread's place to wait for its next job.
///
// SAFETY: `order` and `hasThread` change under `monitor` and under the pool's lock respectively.
final class PoolWorker: @unchecked Sendable {
    private enum Order {
        case job(PoolJob)
        case stop
    }

    private let monitor = Monitor()
    private var order: Order?
    /// Whether its thread was started.
    var hasThread = false

    /// Hands over a job and wakes the thread.
    func assign(_ job: PoolJob) { give(.job(job)) }

    /// Ends the thread.
    func stop() { give(.stop) }

    private func give(_ order: Order) {
        monitor.withLock {
            self.order = order
            monitor.signal()
        }
    }

    /// Waits for the next job; `nil` ends the thread.
    func next() -> PoolJob? {
        monitor.withLock {
            while true {
                if let order {
                    self.order = nil
                    guard case .job(let job) = order else { return nil }
                    return job
                }
                _ = monitor.wait()
            }
        }
    }
}
