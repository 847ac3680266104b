internal import Glibc

/// Gives a driver the bytes of a put's source, which come ahead of its asking.
@safe final class Inlet {
    private let socket: MessageSocket
    private let window: Window
    private let buffer: MessageBuffer
    private var filling: WireFilling
    /// The number of the slot that is being read, and how much of it was.
    private var turn = 0
    private var taken = 0
    private var hasAsked = false

    init(
        _ socket: MessageSocket, _ window: Window, _ buffer: MessageBuffer, first: WireFilling
    ) {
        self.socket = socket
        self.window = window
        self.buffer = buffer
        filling = first
    }

    /// Fills the front of a buffer; 0 is the end.
    func read(_ target: UnsafeMutableRawBufferPointer) throws -> Int {
        try askAtFirst()
        while taken == Int(filling.byteCount) {
            switch filling.end {
            case .ended: return 0
            case .failed: throw CallerEnded()
            case .open: try next()
            }
        }
        let count = min(target.count, Int(filling.byteCount) - taken)
        let source = unsafe UnsafeRawBufferPointer(start: window.slot(turn) + taken, count: count)
        unsafe target.copyMemory(from: source)
        taken += count
        if taken == Int(filling.byteCount), filling.end == .open { try grant(1) }
        return count
    }

    /// So many bytes, which the source must have.
    func read(_ count: Int) throws -> [UInt8] {
        unsafe try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let space = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<count])
                let added = unsafe try read(space)
                guard added > 0 else { throw CallerEnded() }
                filled += added
            }
        }
    }

    /// Makes sure that nothing more will come.
    func expectEnd() throws {
        var byte: UInt8 = 0
        let count = try unsafe withUnsafeMutableBytes(of: &byte) { unsafe try read($0) }
        guard count == 0 else { throw CallerEnded() }
    }

    /// Only a driver that reads gets more than the first part.
    private func askAtFirst() throws {
        guard !hasAsked, filling.end == .open else { return }
        hasAsked = true
        try grant(UInt32(Window.slotCount - 1))
    }

    private func grant(_ slots: UInt32) throws {
        var credit = WireCredit()
        credit.slots = slots
        do { try socket.send(.credit(credit)) } catch { throw CallerEnded() }
    }

    private func next() throws {
        guard case .fill(let fill)? = try? buffer.receive(socket),
            fill.filling.byteCount <= Window.slotBytes
        else { throw CallerEnded() }
        filling = fill.filling
        turn += 1
        taken = 0
    }
}
