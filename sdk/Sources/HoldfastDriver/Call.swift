internal import CHoldfast
internal import Glibc

/// The context of one call: its deadline, its cancellation and what it belongs to.
///
/// Valid until the call returns; do not keep it.
@safe public struct Call {
    private let pointer: UnsafePointer<holdfast_call>
    private let host: UnsafePointer<holdfast_host>

    init(pointer: UnsafePointer<holdfast_call>, host: UnsafePointer<holdfast_host>) {
        unsafe self.pointer = pointer
        unsafe self.host = host
    }

    /// A number that is unique in the process, for messages.
    public var id: UInt64 { unsafe pointer.pointee.id }

    /// 1 for the first try of a call, more when the host retries.
    public var attempt: UInt32 { unsafe pointer.pointee.attempt }

    /// The deadline by `CLOCK_MONOTONIC`, in nanoseconds; `Int64.max` for none.
    public var deadlineNanoseconds: Int64 { unsafe pointer.pointee.deadline_ns }

    /// The same text for every attempt of one write; empty for none.
    public var idempotencyKey: String { unsafe String(text: pointer.pointee.idempotency_key) }

    /// The W3C `traceparent` of the caller; empty for none.
    public var traceParent: String { unsafe String(text: pointer.pointee.trace_parent) }

    /// Whether the call was cancelled or its deadline has passed.
    ///
    /// Cheap: poll it.
    public var isOver: Bool { unsafe host.pointee.cancelled(pointer) != 0 }

    /// The time until the deadline in nanoseconds, at least 0; `Int64.max` for none.
    public var remainingNanoseconds: Int64 {
        deadlineNanoseconds == .max ? .max : max(0, deadlineNanoseconds - monotonicNanoseconds())
    }

    /// Throws when the call was cancelled or its deadline has passed.
    ///
    /// - Parameter applied: What is known of the write so far.
    /// - Throws: ``DriverError`` with code `deadline` or `cancelled`.
    public func check(applied: DriverError.Applied = .no) throws(DriverError) {
        guard isOver else { return }
        if remainingNanoseconds == 0 {
            throw DriverError(.deadline, "the deadline passed", applied: applied)
        }
        throw DriverError(.cancelled, "the call was cancelled", applied: applied)
    }

    /// Writes a message to the operator's log.
    ///
    /// It must hold no secret and no object's bytes.
    public func log(_ severity: Severity, _ message: String) {
        unsafe message.withText { text in
            unsafe host.pointee.event(pointer, severity.rawValue, text)
        }
    }
}

/// How much a message matters to an operator.
public enum Severity: UInt32, Sendable {
    /// For a driver's author.
    case debug = 10
    /// Worth knowing.
    case notice = 20
    /// Worth acting on.
    case warning = 30
}

/// What the host offers a driver outside of calls.
@safe public struct HostServices: @unchecked Sendable {
    // SAFETY: the host's table is constant and valid for the life of the process.
    let table: UnsafePointer<holdfast_host>

    /// Writes a message to the operator's log.
    ///
    /// It must hold no secret.
    public func log(_ severity: Severity, _ message: String) {
        unsafe message.withText { text in unsafe table.pointee.event(nil, severity.rawValue, text) }
    }
}

/// The time by `CLOCK_MONOTONIC`, in nanoseconds.
public func monotonicNanoseconds() -> Int64 { nanoseconds(of: CLOCK_MONOTONIC) }

/// The time by `CLOCK_BOOTTIME`, in nanoseconds: it also counts while the machine sleeps.
public func bootNanoseconds() -> Int64 { nanoseconds(of: CLOCK_BOOTTIME) }

/// The time since 1970 UTC by `CLOCK_REALTIME`, in nanoseconds.
public func unixNanoseconds() -> Int64 { nanoseconds(of: CLOCK_REALTIME) }

private func nanoseconds(of clock: clockid_t) -> Int64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
