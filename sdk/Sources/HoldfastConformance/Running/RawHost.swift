internal import CHoldfast
internal import Glibc
internal import Synchronization

/// What a driver reported through a host's table that the kit made itself.
struct RawReport: Sendable {
    var status: holdfast_status
    var applied: holdfast_applied
    var message: String
    /// The message as it was given, cut behind what is allowed.
    var messageBytes: [UInt8]
    var retry: holdfast_retry
    /// How often `fail` was called in the call.
    var count = 1
}

/// The kit's own host, for checks that need other tables than the loader makes.
enum RawHost {
    private static let report = Mutex<RawReport?>(nil)
    private static let cancelled = Atomic<Bool>(false)

    /// Whether the call under way is no longer wanted.
    static var isCancelled: Bool {
        get { cancelled.load(ordering: .acquiring) }
        set { cancelled.store(newValue, ordering: .releasing) }
    }

    /// The last report, which is then forgotten.
    static func takeReport() -> RawReport? {
        report.withLock { report in
            defer { report = nil }
            return report
        }
    }

    /// A table that stays for the life of the process, because the driver keeps its address.
    ///
    /// - Parameter padding: Bytes of a newer host behind what this interface knows.
    /// - Returns: The table.
    static func table(padding: Int) -> UnsafePointer<holdfast_host> {
        let known = MemoryLayout<holdfast_host>.size
        let memory = UnsafeMutableRawPointer.allocate(byteCount: known + padding, alignment: 16)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: poison, count: known + padding)
        let table = unsafe memory.assumingMemoryBound(to: holdfast_host.self)
        unsafe table.initialize(
            to: holdfast_host(
                size: UInt32(known + padding), flags: padding == 0 ? 0 : ~0,
                abi_minor: HOLDFAST_ABI_MINOR + (padding == 0 ? 0 : 7), draft: HOLDFAST_DRAFT,
                fail: { unsafe rawFail($0, $1) }, cancelled: { unsafe rawCancelled($0) },
                event: { _, _, _ in }))
        return unsafe UnsafePointer(table)
    }

    fileprivate static func keep(_ error: RawReport) {
        report.withLock { report in
            let earlier = report?.count ?? 0
            report = error
            report?.count += earlier
        }
    }
}

/// What lies where a struct is longer than the driver knows: no address and no small number.
let poison: UInt8 = 0xa5

private func rawFail(
    _ call: UnsafePointer<holdfast_call>?, _ error: UnsafePointer<holdfast_error>?
) {
    guard let error = unsafe error?.pointee else { return }
    let text = unsafe error.message
    let bytes = unsafe UnsafeRawBufferPointer(
        start: text.data, count: text.data == nil ? 0 : Int(min(text.size, 4097)))
    unsafe RawHost.keep(
        RawReport(
            status: error.status, applied: error.applied,
            message: String(decoding: bytes, as: UTF8.self), messageBytes: Array(bytes),
            retry: error.retry))
}

private func rawCancelled(_ call: UnsafePointer<holdfast_call>?) -> Int32 {
    if RawHost.isCancelled { return 1 }
    guard let call = unsafe call?.pointee else { return 0 }
    var now = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    let time = Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    return unsafe time >= call.deadline_ns ? 1 : 0
}

/// Lends a struct that is followed by poison and says that it is that long.
///
/// Every struct of the interface starts with its size.
///
/// - Parameters:
///   - value: The struct.
///   - padding: Bytes behind it; 0 lends it as it is.
///   - body: Receives the address.
/// - Returns: What the closure returned.
func lend<Value, Result>(
    _ value: Value, padding: Int, _ body: (UnsafePointer<Value>) throws -> Result
) rethrows -> Result {
    let count = MemoryLayout<Value>.size + padding
    let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 16)
    defer {
        // A driver that kept the address finds poison there.
        unsafe memory.initializeMemory(as: UInt8.self, repeating: poison, count: count)
        unsafe memory.deallocate()
    }
    unsafe memory.initializeMemory(as: UInt8.self, repeating: poison, count: count)
    let place = unsafe memory.bindMemory(to: Value.self, capacity: 1)
    unsafe place.initialize(to: value)
    unsafe memory.storeBytes(of: UInt32(count), as: UInt32.self)
    return try unsafe body(UnsafePointer(place))
}

/// Text in memory that is poisoned as soon as it is no longer lent.
func lendText<Result>(
    _ text: String, _ body: (holdfast_text) throws -> Result
) rethrows -> Result {
    let bytes = Array(text.utf8)
    let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
    defer {
        unsafe memory.update(repeating: CChar(bitPattern: poison), count: bytes.count + 1)
        unsafe memory.deallocate()
    }
    for (index, byte) in bytes.enumerated() {
        unsafe (memory + index).initialize(to: CChar(bitPattern: byte))
    }
    unsafe (memory + bytes.count).initialize(to: CChar(bitPattern: poison))
    return try unsafe body(holdfast_text(data: memory, size: UInt64(bytes.count)))
}
