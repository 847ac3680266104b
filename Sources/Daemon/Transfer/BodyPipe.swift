internal import Dispatch
internal import Host
internal import NIOCore
internal import Synchronization

/// Carries a request's body from the connection's task to the pool thread that stores it.
///
/// At most a mebibyte is in it: `send` waits for the store, and the connection is not read meanwhile.
final class BodyPipe: ByteSource, Sendable {
    private struct State {
        var chunks = CircularBuffer<ByteBuffer>()
        var byteCount = 0
        var isFinished = false
        var failure: HostError?
        var isAbandoned = false
        var sender: CheckedContinuation<Void, Never>?
    }

    /// The length that the client announced; `nil` for a chunked body.
    let length: UInt64?
    /// Whose turn it is.
    let activity = StoreActivity()
    private let call: Call
    private let state = Mutex(State())
    private let arrived = DispatchSemaphore(value: 0)
    private static let byteCountMax = 1 << 20

    init(length: UInt64?, call: Call) {
        self.length = length
        self.call = call
    }

    // MARK: The connection's side

    /// Hands over bytes; waits while the pipe is full.
    ///
    /// - Returns: `false` when nobody reads any more.
    func send(_ chunk: ByteBuffer) async -> Bool {
        state.withLock { state in
            state.chunks.append(chunk)
            state.byteCount += chunk.readableBytes
        }
        activity.storeResumed()
        arrived.signal()
        await waitForRoom()
        return !state.withLock { $0.isAbandoned }
    }

    /// Ends the body: it is whole.
    func finish() { end { $0.isFinished = true } }

    /// Ends the body: it is not whole, and the write must not happen.
    func fail(_ error: HostError) { end { $0.failure = error } }

    private func end(_ change: (inout State) -> Void) {
        state.withLock { change(&$0) }
        activity.storeResumed()
        arrived.signal()
    }

    private func waitForRoom() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let hasRoom = state.withLock { state in
                    let hasRoom =
                        state.byteCount < Self.byteCountMax || state.isAbandoned
                        || Task.isCancelled
                    if !hasRoom { state.sender = continuation }
                    return hasRoom
                }
                if hasRoom { continuation.resume() }
            }
        } onCancel: {
            takeSender()?.resume()
        }
    }

    private func takeSender() -> CheckedContinuation<Void, Never>? {
        state.withLock { $0.sender.take() }
    }

    // MARK: The store's side

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HostError) -> Int {
        while true {
            if let count = try unsafe takeAvailable(into: buffer) {
                activity.storeResumed()
                return count
            }
            activity.clientResumed()
            // A second at most, so that a cancelled call ends even if no byte ever comes.
            _ = arrived.wait(timeout: .now() + .seconds(1))
            try call.check()
        }
    }

    /// Called when the store is done with the pipe, whatever the outcome.
    func abandon() {
        let sender = state.withLock { state in
            state.isAbandoned = true
            state.chunks.removeAll()
            return state.sender.take()
        }
        sender?.resume()
    }

    private func takeAvailable(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(HostError) -> Int? {
        let (result, sender) = state.withLock { state in
            let result = unsafe Self.take(from: &state, into: buffer)
            let hasRoom = state.byteCount < Self.byteCountMax
            return (result, hasRoom ? state.sender.take() : nil)
        }
        sender?.resume()
        return try result.get()
    }

    private static func take(
        from state: inout State, into buffer: UnsafeMutableRawBufferPointer
    ) -> Result<Int?, HostError> {
        if let failure = state.failure { return .failure(failure) }
        var count = 0
        while count < buffer.count, var chunk = state.chunks.popFirst() {
            let part = min(chunk.readableBytes, buffer.count - count)
            let target = unsafe UnsafeMutableRawBufferPointer(
                rebasing: buffer[count..<count + part])
            unsafe chunk.readWithUnsafeReadableBytes { source in
                unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<part]))
                return part
            }
            count += part
            if chunk.readableBytes > 0 { state.chunks.prepend(chunk) }
        }
        state.byteCount -= count
        return .success(count > 0 ? count : state.isFinished ? 0 : nil)
    }
}
