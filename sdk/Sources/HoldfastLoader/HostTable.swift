package import CHoldfast
internal import Synchronization

/// Where messages that drivers give for the operator's log go.
public enum DriverEvents {
    /// How serious a message is.
    public enum Severity: Sendable, Hashable {
        /// For who looks for a defect.
        case debug
        /// Worth a line in the log.
        case notice
        /// Something should be looked at.
        case warning
    }

    /// Receives a message and, where it belongs to one, the call's number.
    public typealias Handler =
        @Sendable (_ severity: Severity, _ message: String, _ call: UInt64?) -> Void

    /// Sets what receives the messages of all drivers of this process; `nil` drops them.
    ///
    /// - Parameter handler: Called on any thread, also those of drivers. It must not block.
    public static func setHandler(_ handler: Handler?) { current.withLock { $0 = handler } }

    fileprivate static let current = Mutex<Handler?>(nil)
}

/// The host's table, one for the process, because a driver keeps its address for ever.
@safe package struct HostTable: Sendable {
    // SAFETY: written once below, before any driver sees it, and never changed or freed.
    package nonisolated(unsafe) let pointer: UnsafePointer<holdfast_host>

    /// The table.
    package static let shared = HostTable()

    private init() {
        let table = UnsafeMutablePointer<holdfast_host>.allocate(capacity: 1)
        unsafe table.initialize(
            to: holdfast_host(
                size: UInt32(MemoryLayout<holdfast_host>.size), flags: 0,
                abi_minor: HOLDFAST_ABI_MINOR, draft: HOLDFAST_DRAFT,
                fail: { unsafe hostFail($0, $1) }, cancelled: { unsafe hostCancelled($0) },
                event: { unsafe hostEvent($0, $1, $2) }))
        unsafe pointer = UnsafePointer(table)
    }
}

private func hostFail(
    _ call: UnsafePointer<holdfast_call>?, _ error: UnsafePointer<holdfast_error>?
) {
    guard let context = unsafe CallContext.of(call), let error = unsafe error,
        unsafe Int(error.pointee.size) >= LeastSize.error
    else { return }
    unsafe context.report(DriverFailure(error))
}

private func hostCancelled(_ call: UnsafePointer<holdfast_call>?) -> Int32 {
    guard let context = unsafe CallContext.of(call) else { return 0 }
    return context.isOver ? 1 : 0
}

private func hostEvent(
    _ call: UnsafePointer<holdfast_call>?, _ severity: holdfast_severity, _ message: holdfast_text
) {
    guard let handler = DriverEvents.current.withLock({ $0 }) else { return }
    let level: DriverEvents.Severity =
        severity >= HOLDFAST_WARNING ? .warning : severity >= HOLDFAST_NOTICE ? .notice : .debug
    handler(level, unsafe String(message: message), unsafe CallContext.of(call)?.id)
}
