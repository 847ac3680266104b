/// Counts the calls in flight, so that a store is never closed under one.
///
// SAFETY: everything that changes does so under `monitor`.
final class UsageCount: @unchecked Sendable {
    private let monitor = Monitor()
    private var inFlight = 0
    private var isClosed = false

    private var isReleased = false

    /// Whether ``close(until:)`` handed the store over.
    var wasReleased: Bool { monitor.withLock { isReleased } }

    /// Runs `body` as a call in flight.
    func during<R>(_ body: () throws(HostError) -> R) throws(HostError) -> R {
        let isOpen = monitor.withLock { () -> Bool in
            guard !isClosed else { return false }
            inFlight += 1
            return true
        }
        guard isOpen else { throw HostError(.invalid, "the store is closed") }
        defer {
            monitor.withLock {
                inFlight -= 1
                if inFlight == 0 { monitor.broadcast() }
            }
        }
        return try body()
    }

    /// Refuses new calls and waits for those in flight.
    ///
    /// - Returns: Whether this is the first close and no call is left.
    func close(until deadlineNanoseconds: Int64) -> Bool {
        monitor.withLock {
            guard !isClosed else { return false }
            isClosed = true
            while inFlight > 0 {
                if !monitor.wait(until: deadlineNanoseconds) { break }
            }
            isReleased = inFlight == 0
            return isReleased
        }
    }
}
