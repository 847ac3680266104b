internal import Glibc
internal import HoldfastLoader
internal import Synchronization

/// Takes a driver's messages for the operator's log to the host.
///
/// Those of a call, from its own thread, go where its result will go, and so arrive before it. All
/// others go through the control socket.
final class EventRoute: Sendable {
    private struct Place: Sendable {
        var thread: pthread_t
        var socket: MessageSocket
    }

    private let control: MessageSocket
    private let calls = Mutex<[UInt64: Place]>([:])

    init(_ control: MessageSocket) { self.control = control }

    /// Runs a call of this thread, whose messages go to `socket`.
    func during<Value>(_ call: UInt64, _ socket: MessageSocket, _ body: () -> Value) -> Value {
        calls.withLock { $0[call] = Place(thread: pthread_self(), socket: socket) }
        defer { _ = calls.withLock { $0.removeValue(forKey: call) } }
        return body()
    }

    func send(_ severity: DriverEvents.Severity, _ text: String, call: UInt64?) {
        var event = WireEvent()
        switch severity {
        case .debug: event.severity = 10
        case .notice: event.severity = 20
        case .warning: event.severity = 30
        }
        event.text = text
        let place = call.flatMap { call in calls.withLock { $0[call] } }
        let isOwn = place.map { pthread_equal($0.thread, pthread_self()) != 0 } ?? false
        try? (isOwn ? place?.socket ?? control : control).send(.event(event))
    }
}
