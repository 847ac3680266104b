internal import Glibc
internal import Synchronization

/// A call by another thread in the middle of a call.
///
/// It is used by the check's one thread; only the work runs on the other.
final class Rival<Value: Sendable>: @unchecked Sendable {
    // SAFETY: the work is sendable and its result is behind the lock; the rest is only touched by the
    // check's thread.
    private let work: @Sendable () throws -> Value
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private var thread: pthread_t?
    private var isFirst = false

    /// Makes a rival that will do this work.
    init(_ work: @escaping @Sendable () throws -> Value) { self.work = work }

    /// Starts the work and gives it a second: a driver may make it wait for the call in flight.
    func start() {
        go()
        for _ in 0..<1000 where !isDone { pause(milliseconds: 1) }
        isFirst = isDone
    }

    /// Starts the work.
    func go() {
        var thread = pthread_t()
        let job = RivalJob { [self] in
            let outcome = Result<Value, any Error> { try work() }
            result.withLock { $0 = outcome }
        }
        let context = unsafe Unmanaged.passRetained(job).toOpaque()
        let code = unsafe pthread_create(&thread, nil, { unsafe runJob($0) }, context)
        guard code == 0 else { return unsafe Unmanaged<RivalJob>.fromOpaque(context).release() }
        self.thread = thread
    }

    /// Starts the work at the first of several calls.
    func startOnce() { if thread == nil { start() } }

    private var isDone: Bool { result.withLock { $0 != nil } }

    /// Waits for the work.
    ///
    /// - Returns: Whether it was over before the call in flight went on, and what it returned.
    /// - Throws: What the work threw.
    func finish() throws -> (isFirst: Bool, value: Value) {
        guard let thread else { throw CheckFailure("the driver never asked for bytes") }
        _ = pthread_join(thread, nil)
        guard let result = result.withLock({ $0 }) else {
            throw CheckFailure("the kit lost the result of a thread")
        }
        return (isFirst, try result.get())
    }
}

/// What a thread runs.
private final class RivalJob: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runJob(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    unsafe Unmanaged<RivalJob>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
