internal import Glibc
internal import NIOPosix
internal import Synchronization

/// Writes lines to stderr from a thread of its own.
///
/// A reader of stderr that has stopped would otherwise stop every request. At most a mebibyte waits;
/// what comes beyond it is counted and dropped.
final class LogSink: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        var isWriting = false
        var droppedCount = 0
    }

    private let state = Mutex(State())
    private let thread: NIOThreadPool
    private static let waitingByteCountMax = 1 << 20

    init() {
        thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
    }

    /// Adds a line, which ends with a newline.
    func write(_ line: [UInt8]) {
        let mustStart = state.withLock { state in
            guard state.waiting.count + line.count <= Self.waitingByteCountMax else {
                state.droppedCount += 1
                return false
            }
            state.waiting.append(contentsOf: line)
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if mustStart { thread.submit { [self] _ in drain() } }
    }

    /// Waits until what was added is written, two seconds at most.
    func flush() {
        for _ in 0..<200 where state.withLock({ $0.isWriting }) { usleep(10_000) }
    }

    private func drain() {
        while let bytes = takeWaiting() {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = unsafe rest.withUnsafeBytes {
                    unsafe Glibc.write(2, $0.baseAddress, $0.count)
                }
                if count < 0, errno != EINTR { break }
                rest = rest.dropFirst(max(0, count))
            }
        }
    }

    private func takeWaiting() -> [UInt8]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isWriting = false
                return nil
            }
            var bytes: [UInt8] = []
            swap(&bytes, &state.waiting)
            if state.droppedCount > 0 {
                bytes.append(contentsOf: droppedNote(state.droppedCount))
                state.droppedCount = 0
            }
            return bytes
        }
    }

    private func droppedNote(_ count: Int) -> [UInt8] {
        var line = JSONObject()
        line.add("level", "warning")
        line.add("message", "log lines were dropped because stderr was not read")
        line.add("count", count)
        return line.finished() + [UInt8(ascii: "\n")]
    }
}
