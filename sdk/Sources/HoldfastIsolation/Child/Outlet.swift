internal import Glibc
internal import HoldfastLoader

/// The caller's own sink or source ended the call, or the host is gone.
struct CallerEnded: Error {}

/// Sends what a driver hands out in one call, in batches and ahead of the answers.
@safe final class Outlet {
    private let socket: MessageSocket
    private let window: Window
    private let buffer: MessageBuffer
    /// What was handed out and not sent.
    private(set) var batch = WireBatch()
    /// About how large `batch` is as part of a frame.
    private var batchBytes = 0
    /// How many deliveries were sent, and answered.
    private var sent = 0
    private var answered = 0
    private var isStopped = false

    private static let mostBatchBytes = 32 * 1024

    init(_ socket: MessageSocket, _ window: Window, _ buffer: MessageBuffer) {
        self.socket = socket
        self.window = window
        self.buffer = buffer
    }

    func add(_ info: ObjectInfo) throws -> SinkAnswer {
        if batch.byteCount > 0 { try flush() }
        if batch.infos.count == 8 { try flush() }
        batch.infos.append(WireInfo(info))
        return isStopped ? .stop : .more
    }

    func add(_ entry: Entry) throws -> SinkAnswer {
        var wire = WireEntry()
        wire.path = entry.path
        wire.info = WireInfo(entry.info)
        batch.entries.append(wire)
        batchBytes += entry.path.utf8.count + 512
        for attribute in entry.info.attributes {
            batchBytes += attribute.name.utf8.count + attribute.value.utf8.count + 8
        }
        if batchBytes >= Self.mostBatchBytes || batch.entries.count == 64 { try flush() }
        return isStopped ? .stop : .more
    }

    func add(_ operation: DriverOperation) throws {
        if batchBytes > 0 { try flush() }
        batch.operation = WireOperation(operation)
        batchBytes = operation.resultSchema.utf8.count + 512
        for parameter in operation.parameters {
            let wire = WireParameter(parameter)
            if batchBytes + wire.mostBytes > Self.mostBatchBytes { try flush() }
            batch.parameters.append(wire)
            batchBytes += wire.mostBytes
        }
    }

    func add(_ bytes: RawSpan) throws -> SinkAnswer {
        var rest = bytes
        while rest.byteCount > 0 && !isStopped {
            if batch.byteCount == 0 { try waitForSlot() }
            let filled = Int(batch.byteCount)
            let count = min(rest.byteCount, Window.slotBytes - filled)
            unsafe rest.withUnsafeBytes { source in
                guard let start = source.baseAddress else { return }
                unsafe (window.slot(sent) + filled).copyMemory(from: start, byteCount: count)
            }
            batch.byteCount += UInt32(count)
            rest = rest.extracting(droppingFirst: count)
            if Int(batch.byteCount) == Window.slotBytes { try flush() }
        }
        return isStopped ? .stop : .more
    }

    /// Sends the batch; the driver goes on while the caller takes it.
    private func flush() throws {
        try waitForSlot()
        var delivery = WireDelivery()
        delivery.batch = batch
        try send(.delivery(delivery))
        sent += 1
        batch = WireBatch()
        batchBytes = 0
        while answered < sent, try takeAnswer(wait: 0) {}
    }

    private func send(_ message: Message) throws {
        do {
            try socket.send(message)
        } catch SocketError.malformed {
            throw DriverFailure(.internalError, "the driver gave more than fits into a message")
        } catch {
            throw CallerEnded()
        }
    }

    private func waitForSlot() throws {
        while sent - answered >= Window.slotCount { _ = try takeAnswer(wait: -1) }
    }

    private func takeAnswer(wait: Int32) throws -> Bool {
        guard let message = try? buffer.receive(socket, wait: wait) else {
            guard wait < 0 else { return false }
            throw CallerEnded()
        }
        guard case .answer(let answer) = message else { throw CallerEnded() }
        answered += 1
        if answer.status < 0 { throw CallerEnded() }
        if answer.status > 0 { isStopped = true }
        return true
    }
}
