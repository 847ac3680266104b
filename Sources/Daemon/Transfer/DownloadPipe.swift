internal import Dispatch
internal import Host
internal import NIOCore
internal import State
internal import Synchronization

/// Carries a state's bytes from the pool thread that reads them to the connection's task.
///
/// At most a mebibyte is in it: `write` waits for the client.
final class DownloadPipe: Sendable {
    private struct State {
        var chunks = CircularBuffer<ByteBuffer>()
        var byteCount = 0
        var end: Result<Void, any Error>?
        var isCancelled = false
        var receiver: CheckedContinuation<Void, Never>?
    }

    /// Whose turn it is.
    let activity = StoreActivity()
    private let call: Call
    private let state = Mutex(State())
    private let drained = DispatchSemaphore(value: 0)
    private static let byteCountMax = 1 << 20
    private static let chunkByteCount = 128 << 10

    init(call: Call) { self.call = call }

    // MARK: The store's side

    /// Hands over bytes; waits while the pipe is full.
    func write(_ bytes: UnsafeRawBufferPointer) throws(StateError) {
        var rest = unsafe bytes[...]
        while unsafe !rest.isEmpty {
            let part = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(Self.chunkByteCount))
            unsafe rest = rest.dropFirst(part.count)
            try unsafe put(ByteBuffer(bytes: part))
        }
    }

    /// Ends the bytes, whole or not.
    func finish(_ end: Result<Void, any Error>) {
        let receiver = state.withLock { state in
            state.end = end
            return state.receiver.take()
        }
        receiver?.resume()
    }

    private func put(_ chunk: ByteBuffer) throws(StateError) {
        while true {
            let (isDone, receiver) = state.withLock { state in
                guard state.byteCount < Self.byteCountMax, !state.isCancelled else {
                    return (false, CheckedContinuation<Void, Never>?.none)
                }
                state.chunks.append(chunk)
                state.byteCount += chunk.readableBytes
                return (true, state.receiver.take())
            }
            receiver?.resume()
            if isDone { return activity.storeResumed() }
            activity.clientResumed()
            _ = drained.wait(timeout: .now() + .seconds(1))
            try checkWanted()
        }
    }

    private func checkWanted() throws(StateError) {
        do { try call.check() } catch { throw StateError(error) }
        guard state.withLock({ $0.isCancelled }) else { return }
        throw StateError(.host(.cancelled), "the client went away")
    }

    // MARK: The connection's side

    /// The next bytes; `nil` at the end.
    func next() async throws -> ByteBuffer? {
        while true {
            let step = state.withLock {
                state -> (chunk: ByteBuffer?, end: Result<Void, any Error>?) in
                guard let chunk = state.chunks.popFirst() else { return (nil, state.end) }
                state.byteCount -= chunk.readableBytes
                return (chunk, nil)
            }
            if let chunk = step.chunk {
                drained.signal()
                return chunk
            }
            if let end = step.end {
                try end.get()
                return nil
            }
            try Task.checkCancellation()
            await waitForBytes()
        }
    }

    /// Called when the connection wants no more.
    func cancel() {
        state.withLock { $0.isCancelled = true }
        drained.signal()
    }

    private func waitForBytes() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    let isReady =
                        !state.chunks.isEmpty || state.end != nil || Task.isCancelled
                    if !isReady { state.receiver = continuation }
                    return isReady
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.receiver.take() }?.resume()
        }
    }
}
