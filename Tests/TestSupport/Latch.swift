internal import Dispatch
internal import Synchronization

/// A door that plain threads wait at until a test opens it for good.
package final class Latch: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let arrived = Atomic(0)

    package init() {}

    /// How many have come to the door.
    package var arrivals: Int { arrived.load(ordering: .acquiring) }

    /// Waits until it is open.
    package func wait() {
        arrived.wrappingAdd(1, ordering: .acquiringAndReleasing)
        semaphore.wait()
        semaphore.signal()
    }

    /// Opens it.
    package func open() { semaphore.signal() }
}

/// Waits until `condition` holds; `false` when it never does within ten seconds.
package func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<10_000 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(1))
    }
    return condition()
}
