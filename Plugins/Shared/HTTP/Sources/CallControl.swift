public import HoldfastDriver

/// What ends a transfer before its answer is there.
public protocol CallControl {
    /// Whether the work was cancelled or its deadline has passed.
    var isOver: Bool { get }
    /// The time until the deadline in nanoseconds, at least 0; `Int64.max` for none.
    var remainingNanoseconds: Int64 { get }
}

extension Call: CallControl {}

extension CallControl {
    /// The error of work that is over.
    ///
    /// - Parameters:
    ///   - action: What was being done.
    ///   - applied: What is known of the write.
    /// - Returns: An error of the class deadline or cancelled.
    public func overError(_ action: String, applied: DriverError.Applied) -> DriverError {
        remainingNanoseconds == 0
            ? DriverError(.deadline, "\(action): the deadline passed", applied: applied)
            : DriverError(.cancelled, "\(action): the call was cancelled", applied: applied)
    }

    /// Waits, in small steps so that a cancellation ends it.
    ///
    /// - Parameter nanoseconds: How long.
    /// - Returns: Whether the work may go on.
    public func pause(_ nanoseconds: Int64) -> Bool {
        let end = monotonicNanoseconds() + nanoseconds
        while !isOver {
            let left = end - monotonicNanoseconds()
            if left <= 0 { return true }
            sleepFor(min(left, 20_000_000))
        }
        return false
    }
}

/// Work under another's control and a deadline of its own.
public struct LimitedControl<Outer: CallControl>: CallControl {
    private let outer: Outer
    private let end: Int64

    /// Limits `outer` to at most `nanoseconds` from now.
    public init(_ outer: Outer, nanoseconds: Int64) {
        self.outer = outer
        end = monotonicNanoseconds() + nanoseconds
    }

    /// Whether the outer work is over, and not only this part of it.
    public var outerIsOver: Bool { outer.isOver }

    /// Whether either is over.
    public var isOver: Bool { outer.isOver || monotonicNanoseconds() >= end }

    /// The shorter of both times.
    public var remainingNanoseconds: Int64 {
        min(outer.remainingNanoseconds, max(0, end - monotonicNanoseconds()))
    }
}
