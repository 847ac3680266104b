internal import Glibc
internal import Host
internal import Synchronization

/// What happens when somebody presses Ctrl-C: the call is cancelled and the command ends in order.
///
/// Signals are blocked in every thread and taken by one that waits for them, because nothing that a
/// cancellation needs may be done in a signal handler.
final class Interruption: Sendable {
    /// A signal that asks the process to end.
    enum Signal: Int, Sendable {
        case interrupt = 2
        case terminate = 15
    }

    private let received = Atomic(0)

    /// The signal that came; `nil` for none.
    var signal: Signal? { Signal(rawValue: received.load(ordering: .acquiring)) }

    /// Starts to watch, on behalf of `call`.
    ///
    /// Call it before any other thread is started.
    func watch(for call: Call) {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGINT)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        let watcher = Watcher(interruption: self, call: call, signals: signals)
        var thread = pthread_t()
        let argument = unsafe Unmanaged.passRetained(watcher).toOpaque()
        let status = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Watcher>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, argument)
        guard status == 0 else {
            // Without a watcher the signals must keep their usual effect.
            unsafe Unmanaged<Watcher>.fromOpaque(argument).release()
            unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
            return
        }
        pthread_detach(thread)
    }

    fileprivate func receive(_ number: Int32) { received.store(Int(number), ordering: .releasing) }

    /// The thread that waits.
    private final class Watcher: Sendable {
        private let interruption: Interruption
        private let call: Call
        private let signals: sigset_t
        /// How long a cancelled command may take to end in order.
        private static let grace: Int = 5

        init(interruption: Interruption, call: Call, signals: sigset_t) {
            self.interruption = interruption
            self.call = call
            self.signals = signals
        }

        func run() {
            var signals = signals
            var number: Int32 = 0
            guard unsafe sigwait(&signals, &number) == 0 else { return }
            interruption.receive(number)
            call.cancel()
            // A second signal, or a driver that does not heed the first, ends the process at once.
            // Every change is atomic in its store, so this costs nothing but the answer.
            var limit = timespec(tv_sec: Self.grace, tv_nsec: 0)
            unsafe sigtimedwait(&signals, nil, &limit)
            _exit(128 + number)
        }
    }
}
