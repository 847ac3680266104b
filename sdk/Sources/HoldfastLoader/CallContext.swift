internal import CHoldfast
internal import Glibc
internal import Synchronization

/// What goes with one call of a driver: how long it may take, and whether it is still wanted.
///
/// Make a new one for each attempt of a call. It must stay alive until the call returns, which it
/// does as long as the thread that makes the call holds it.
public final class CallContext: Sendable {
    /// The call's number, unique in this process; it appears in messages.
    public let id: UInt64
    /// When the call must end by `CLOCK_MONOTONIC`, in nanoseconds; `nil` for no deadline.
    public let deadlineNanoseconds: Int64?
    /// 1 for the first try of a call, more when it is repeated.
    public let attempt: UInt32
    /// A W3C `traceparent`, or empty.
    public let traceParent: String
    /// The same for every attempt of one write, or empty.
    public let idempotencyKey: String

    private let cancelled = Atomic<Bool>(false)
    /// Whether who made the call in another process cancelled it.
    private let isCancelledElsewhere: (@Sendable () -> Bool)?
    private let reported = Mutex<DriverFailure?>(nil)
    /// Whether `reported` holds something; most calls never look further.
    private let hasReport = Atomic<Bool>(false)

    /// Makes the context of one call.
    ///
    /// - Parameters:
    ///   - deadlineNanoseconds: When the call must end, by `CLOCK_MONOTONIC`; `nil` for never.
    ///   - attempt: 1 for the first try.
    ///   - traceParent: A W3C `traceparent`, or empty.
    ///   - idempotencyKey: The same for every attempt of one write, or empty.
    public init(
        deadlineNanoseconds: Int64? = nil, attempt: UInt32 = 1, traceParent: String = "",
        idempotencyKey: String = ""
    ) {
        id = lastID.wrappingAdd(1, ordering: .relaxed).newValue
        self.deadlineNanoseconds = deadlineNanoseconds
        self.attempt = attempt
        self.traceParent = traceParent
        self.idempotencyKey = idempotencyKey
        isCancelledElsewhere = nil
    }

    /// Makes the context of a call that another process made.
    ///
    /// - Parameters:
    ///   - id: The call's number there; this process must give no numbers of its own.
    ///   - deadlineNanoseconds: When the call must end, by `CLOCK_MONOTONIC`; `nil` for never.
    ///   - attempt: 1 for the first try.
    ///   - traceParent: A W3C `traceparent`, or empty.
    ///   - idempotencyKey: The same for every attempt of one write, or empty.
    ///   - isCancelled: Whether the call was cancelled there; asked often, from any thread.
    package init(
        id: UInt64, deadlineNanoseconds: Int64?, attempt: UInt32, traceParent: String,
        idempotencyKey: String, isCancelled: @escaping @Sendable () -> Bool
    ) {
        self.id = id
        self.deadlineNanoseconds = deadlineNanoseconds
        self.attempt = attempt
        self.traceParent = traceParent
        self.idempotencyKey = idempotencyKey
        isCancelledElsewhere = isCancelled
    }

    /// Tells the driver that nobody waits for the call any more.
    ///
    /// It may return late, or with success.
    public func cancel() { cancelled.store(true, ordering: .releasing) }

    /// Whether ``cancel()`` was called.
    public var isCancelled: Bool {
        cancelled.load(ordering: .acquiring) || isCancelledElsewhere?() == true
    }

    /// The current time of `CLOCK_MONOTONIC`, by which deadlines are given.
    public static func monotonicNanoseconds() -> Int64 {
        var now = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }

    /// Whether the driver should give up: cancelled, or past the deadline.
    var isOver: Bool {
        if isCancelled { return true }
        guard let deadlineNanoseconds else { return false }
        return Self.monotonicNanoseconds() >= deadlineNanoseconds
    }

    /// Keeps what the driver reported; the last report of a call counts.
    func report(_ failure: DriverFailure) {
        reported.withLock {
            $0 = failure
            hasReport.store(true, ordering: .releasing)
        }
    }

    /// The driver's report, which is then forgotten.
    func takeReport() -> DriverFailure? {
        guard hasReport.load(ordering: .acquiring) else { return nil }
        return reported.withLock { report in
            defer { report = nil }
            hasReport.store(false, ordering: .releasing)
            return report
        }
    }

    /// Drops what the driver reported, if anything.
    func forgetReport() {
        if hasReport.load(ordering: .acquiring) { _ = takeReport() }
    }

    /// Lends this context as the C struct of the interface.
    @inline(__always)
    func withC(
        _ body: (UnsafePointer<holdfast_call>) -> holdfast_status
    ) -> holdfast_status {
        // Most calls carry no texts, and lending one costs as much as all the rest.
        if traceParent.isEmpty && idempotencyKey.isEmpty {
            return unsafe withC(holdfast_text(), holdfast_text(), body)
        }
        return unsafe traceParent.withText { trace in
            unsafe idempotencyKey.withText { key in unsafe withC(trace, key, body) }
        }
    }

    @inline(__always)
    private func withC(
        _ trace: holdfast_text, _ key: holdfast_text,
        _ body: (UnsafePointer<holdfast_call>) -> holdfast_status
    ) -> holdfast_status {
        let me = unsafe UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
        var call = unsafe holdfast_call(
            size: UInt32(MemoryLayout<holdfast_call>.size), flags: 0, id: id,
            deadline_ns: deadlineNanoseconds ?? .max, attempt: attempt, reserved: 0,
            trace_parent: trace, idempotency_key: key, host_context: me)
        return withExtendedLifetime(self) { unsafe body(&call) }
    }

    /// The context that a driver's call belongs to.
    static func of(_ call: UnsafePointer<holdfast_call>?) -> CallContext? {
        guard let context = unsafe call?.pointee.host_context else { return nil }
        return unsafe Unmanaged<CallContext>.fromOpaque(context).takeUnretainedValue()
    }
}

private let lastID = Atomic<UInt64>(0)
