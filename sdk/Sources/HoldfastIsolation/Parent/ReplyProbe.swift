internal import CHoldfast
internal import CIsolation
internal import Glibc

/// The host's side of a call without a process, for tests of what it does with wrong answers.
@safe package final class ReplyProbe {
    private var handler = ReplyHandler()
    private var info: holdfast_info_sink
    private var bytes: holdfast_sink
    private var entries: holdfast_entry_sink
    private var capabilities: holdfast_capability_sink
    private var clock: holdfast_clock_sink
    private var cursor: holdfast_cursor_sink
    private var commit: holdfast_commit_sink
    /// Whether the call is a commit, as every other is.
    private var isCommit = false
    private let connection: Connection?
    /// How many tables of operations were made; they are never freed.
    private var tables = 0

    /// Makes a call whose sinks take everything.
    package init() {
        func size<Value>(_: Value.Type) -> UInt32 { UInt32(MemoryLayout<Value>.size) }
        unsafe info = holdfast_info_sink(
            size: unsafe size(holdfast_info_sink.self), flags: 0, context: nil,
            info: { _, info in
                unsafe (info?.pointee.version.size).map { $0 <= 256 } == true ? 0 : -18
            })
        unsafe bytes = holdfast_sink(
            size: unsafe size(holdfast_sink.self), flags: 0, context: nil, write: { _, _, _ in 0 })
        unsafe entries = holdfast_entry_sink(
            size: unsafe size(holdfast_entry_sink.self), flags: 0, context: nil,
            entries: { _, _, _, _ in 0 })
        unsafe capabilities = holdfast_capability_sink(
            size: unsafe size(holdfast_capability_sink.self), flags: 0, context: nil,
            capability: { _, _ in 0 })
        unsafe clock = holdfast_clock_sink(
            size: unsafe size(holdfast_clock_sink.self), flags: 0, context: nil,
            clock: { _, _ in 0 })
        unsafe cursor = holdfast_cursor_sink(
            size: unsafe size(holdfast_cursor_sink.self), flags: 0, context: nil,
            cursor: { _, text in
                unsafe (text?.pointee.size).map { (1...256).contains($0) } == true ? 0 : -18
            })
        unsafe commit = holdfast_commit_sink(
            size: unsafe size(holdfast_commit_sink.self), flags: 0, context: nil,
            info: { _, place, _ in place == 0 || place == 2 ? 0 : -18 })
        let memory = isolation_memory(Window.byteCount)
        let window = try? Window(memory)
        _ = close(memory)
        let socket = try? MessageSocket.pair().0
        connection = window.flatMap { window in socket.map { Connection($0, window) } }
    }

    /// Takes an answer, in a new call after one that ended.
    ///
    /// - Parameter message: Any message.
    /// - Returns: Whether the call allows it.
    package func take(_ message: Message) -> Bool {
        guard let connection else { return false }
        return unsafe withUnsafePointer(to: &info) { info in
            unsafe withUnsafePointer(to: &bytes) { bytes in
                unsafe withUnsafePointer(to: &entries) { entries in
                    unsafe withUnsafePointer(to: &capabilities) { capabilities in
                        unsafe withUnsafePointer(to: &clock) { clock in
                            unsafe handler.streams.info = info
                            unsafe handler.streams.bytes = bytes
                            unsafe handler.streams.entries = entries
                            unsafe handler.streams.capabilities = capabilities
                            unsafe handler.streams.clock = clock
                            return takeWithMore(message, connection)
                        }
                    }
                }
            }
        }
    }

    private func takeWithMore(_ message: Message, _ connection: Connection) -> Bool {
        unsafe withUnsafePointer(to: &cursor) { cursor in
            unsafe withUnsafePointer(to: &commit) { commit in
                unsafe handler.streams.cursor = cursor
                if isCommit { unsafe handler.streams.commit = (commit, [0, 2]) }
                if handler.streams.operations == nil { handler.streams.operations = [] }
                if handler.streams.extensions == nil { handler.streams.extensions = 0 }
                return take(message, connection)
            }
        }
    }

    /// Makes the table of what was declared.
    private func declare(_ end: CallEnd) {
        guard let all = handler.streams.operations, !all.isEmpty, tables < 1000 else { return }
        tables += 1
        _ = ProxyOperations(all, end)
    }

    private func take(_ message: Message, _ connection: Connection) -> Bool {
        do throws(Breach) {
            let reaction = try unsafe handler.take(message, connection.window, connection.copy)
            if case .end(let end) = reaction {
                declare(end)
                begin()
            }
            return true
        } catch {
            begin()
            return false
        }
    }

    private func begin() {
        handler = ReplyHandler()
        isCommit.toggle()
    }
}
