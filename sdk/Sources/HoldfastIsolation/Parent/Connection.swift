internal import Glibc

/// A socket and a window over which a driver's process takes one call at a time.
@safe final class Connection: Sendable {
    let socket: MessageSocket
    let window: Window
    // SAFETY: these two are used only by the one thread that makes the call.
    nonisolated(unsafe) let buffer = MessageBuffer()
    /// Where the bytes of a slot are looked at: here the other process cannot change them.
    nonisolated(unsafe) let copy: UnsafeMutableRawBufferPointer

    init(_ socket: MessageSocket, _ window: Window) {
        self.socket = socket
        self.window = window
        unsafe copy = .allocate(byteCount: Window.slotBytes, alignment: 64)
    }

    /// Puts what was filled into `copy` into the window.
    func put(_ filling: WireFilling, _ turn: Int) {
        guard filling.byteCount > 0, let start = unsafe copy.baseAddress else { return }
        unsafe window.slot(turn).copyMemory(from: start, byteCount: Int(filling.byteCount))
    }

    deinit { unsafe copy.deallocate() }
}
