internal import CIsolation
internal import Glibc

/// Why nothing more goes through a socket.
enum SocketError: Error {
    /// The other side is gone.
    case gone
    /// The other side sent what is no message.
    case malformed(FrameError)
    /// The system refused.
    case system(Int32)
}

/// One end of a socket that keeps messages apart; closes with its owner.
///
/// One thread at a time receives; any may send.
final class MessageSocket: Sendable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { _ = close(number) }

    /// Two connected ends.
    static func pair() throws(SocketError) -> (MessageSocket, MessageSocket) {
        var ends: [Int32] = [-1, -1]
        let code = unsafe isolation_socket_pair(&ends)
        guard code == 0 else { throw .system(-code) }
        return (MessageSocket(ends[0]), MessageSocket(ends[1]))
    }

    /// Sends a message, and descriptors with it.
    func send(_ message: Message, _ descriptors: [Int32] = []) throws(SocketError) {
        let frame: [UInt8]
        do throws(FrameError) { frame = try message.encoded() } catch { throw .malformed(error) }
        try send(frame, descriptors)
    }

    /// Sends a message that was encoded before.
    func send(_ frame: [UInt8], _ descriptors: [Int32] = []) throws(SocketError) {
        let code = unsafe isolation_send(
            number, frame, frame.count, descriptors, Int32(descriptors.count))
        switch -code {
        case 0: return
        case EPIPE, ECONNRESET: throw .gone
        default: throw .system(-code)
        }
    }

    /// Lets the other side see the end of what is sent.
    func finish() { _ = shutdown(number, Int32(SHUT_WR)) }
}

/// What one thread receives with.
final class MessageBuffer {
    private var bytes = [UInt8](repeating: 0, count: Message.mostBytes)
    /// The descriptors that came with the last message; the receiver owns them.
    private(set) var descriptors: [Int32] = []

    /// Receives a message.
    ///
    /// - Parameters:
    ///   - socket: Where from.
    ///   - wait: How long, in milliseconds; -1 for ever.
    /// - Returns: The message, or `nil` when none came.
    /// - Throws: ``SocketError``.
    func receive(
        _ socket: MessageSocket, wait: Int32 = -1
    ) throws(SocketError) -> Message? {
        var found: [Int32] = [-1, -1]
        var count: Int32 = 0
        let size = unsafe isolation_receive(
            socket.number, &bytes, bytes.count, &found, &count, wait)
        descriptors = Array(found.prefix(Int(count)))
        switch size {
        case 0: throw .gone
        case Int(-EAGAIN): return nil
        case Int(-EMSGSIZE): throw .malformed(.frame)
        case ..<0: throw .system(Int32(-size))
        default: break
        }
        do throws(FrameError) {
            return try Message(decoding: bytes, count: size)
        } catch {
            closeDescriptors()
            throw .malformed(error)
        }
    }

    /// Closes descriptors that nobody wants.
    func closeDescriptors() {
        for descriptor in descriptors { _ = close(descriptor) }
        descriptors = []
    }
}
