internal import Synchronization

/// Names for requests: unique in this process, and across restarts as good as unique.
final class RequestNames: Sendable {
    private let prefix: String
    private let count = Atomic<UInt64>(0)

    init() {
        prefix = String(UInt64.random(in: .min ... .max), radix: 36) + "-"
    }

    /// A name that was not given before.
    func next() -> String {
        prefix + String(count.add(1, ordering: .relaxed).newValue, radix: 36)
    }
}
