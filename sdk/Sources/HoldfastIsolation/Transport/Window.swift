internal import CIsolation
internal import Glibc

/// Memory that a host and a driver's process share for one call at a time.
///
/// Bytes go through slots, in turn; the word at the front tells the driver that its call is cancelled.
/// What the other process wrote is copied before it is looked at, because it may change at any time.
@safe final class Window: Sendable {
    /// The bytes of one slot.
    static let slotBytes = 256 * 1024
    /// How many slots there are, so that both sides can copy at the same time.
    static let slotCount = 4
    private static let headBytes = 4096
    /// The bytes of the whole.
    static let byteCount = headBytes + slotBytes * slotCount

    // SAFETY: mapped until `deinit`; what the processes may do with it is said above.
    private nonisolated(unsafe) let start: UnsafeMutableRawPointer

    /// Maps memory; the descriptor is not needed afterwards.
    init(_ memory: Int32) throws(SocketError) {
        var address: UnsafeMutableRawPointer?
        let code = unsafe isolation_map(memory, Self.byteCount, &address)
        guard code == 0, let address = unsafe address else { throw .system(-code) }
        unsafe start = address
    }

    deinit { _ = unsafe munmap(start, Self.byteCount) }

    private var flag: UnsafeMutablePointer<UInt32> {
        unsafe start.assumingMemoryBound(to: UInt32.self)
    }

    /// Whether the call in flight is cancelled.
    var isCancelled: Bool {
        get { unsafe isolation_load(flag) != 0 }
        set { unsafe isolation_store(flag, newValue ? 1 : 0) }
    }

    /// Where the bytes with this turn's number lie.
    func slot(_ turn: Int) -> UnsafeMutableRawPointer {
        unsafe start + Self.headBytes + turn % Self.slotCount * Self.slotBytes
    }
}
