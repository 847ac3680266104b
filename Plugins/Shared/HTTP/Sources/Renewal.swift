public import HoldfastDriver

/// Something that ends and can be had anew, such as an access token: kept, and renewed before it ends.
@safe public final class Renewal<Value: Sendable>: @unchecked Sendable {
    // SAFETY: `state` changes under the lock only.

    /// After a failed look, an old value that is still good is used for this long.
    private static var pauseNanoseconds: Int64 { 10_000_000_000 }

    private struct State {
        var value: Value?
        /// Whether a service refused the value.
        var isForgotten = false
        var isLooking = false
        /// By the monotonic clock.
        var nextLook: Int64 = 0
    }

    private enum Turn {
        case use(Value)
        case look(instead: Value?)
        case wait
    }

    private let subject: String
    private let earlySeconds: Int64
    private let endSeconds: @Sendable (Value) -> Int64?
    private let lock = PlainLock()
    private var state = State()

    /// Makes a keeper; nothing is looked for yet.
    ///
    /// - Parameters:
    ///   - subject: What is kept, for messages.
    ///   - earlySeconds: From this long before its end on, a new one is looked for.
    ///   - endSeconds: When it ends, in seconds since 1970 by this machine's clock; `nil` for never.
    public init(
        _ subject: String, earlySeconds: Int64, endSeconds: @escaping @Sendable (Value) -> Int64?
    ) {
        self.subject = subject
        self.earlySeconds = earlySeconds
        self.endSeconds = endSeconds
    }

    /// The value that was found last, be it good or not; `nil` before the first.
    public var last: Value? { lock.withLock { state.value } }

    /// A value that has not ended, by this machine's clock.
    ///
    /// One call at a time looks for a new one. Others go on with the old one while that is good, and wait
    /// otherwise.
    ///
    /// - Parameters:
    ///   - control: The deadline and cancellation.
    ///   - find: Looks for a new one.
    /// - Returns: The value.
    /// - Throws: What `find` threw, where no old one is good; ``DriverError`` when the work is over.
    public func value(
        _ control: some CallControl, find: () throws(DriverError) -> Value
    ) throws(DriverError) -> Value {
        while true {
            switch turn() {
            case .use(let value): return value
            case .look(let old): return try look(instead: old, find)
            case .wait:
                guard control.pause(10_000_000) else {
                    throw control.overError("waiting for \(subject)", applied: .no)
                }
            }
        }
    }

    /// Forgets a value that a service refused, so that the next call looks for a new one.
    ///
    /// - Parameter isRefused: Whether it is the one that was refused; another may be there since.
    public func forget(where isRefused: (Value) -> Bool) {
        lock.withLock {
            if let value = state.value, isRefused(value) { state.isForgotten = true }
        }
    }

    private func turn() -> Turn {
        let now = unixNanoseconds() / 1_000_000_000
        return lock.withLock {
            var good: Value?
            if let value = state.value, !state.isForgotten {
                let end = endSeconds(value) ?? .max
                if end > now { good = value }
                let isFresh = end > now && end - now > earlySeconds
                let mayWait = state.isLooking || monotonicNanoseconds() < state.nextLook
                if let good, isFresh || mayWait { return .use(good) }
            }
            if state.isLooking { return .wait }
            state.isLooking = true
            return .look(instead: good)
        }
    }

    private func look(
        instead old: Value?, _ find: () throws(DriverError) -> Value
    ) throws(DriverError) -> Value {
        let found: Result<Value, DriverError>
        do throws(DriverError) {
            found = .success(try find())
        } catch {
            found = .failure(error)
        }
        lock.withLock {
            state.isLooking = false
            if case .success(let value) = found {
                state.value = value
                state.isForgotten = false
            } else {
                state.nextLook = monotonicNanoseconds() + Self.pauseNanoseconds
            }
        }
        if case .failure = found, let old { return old }
        return try found.get()
    }
}
