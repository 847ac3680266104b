internal import Glibc
internal import HoldfastLoader
internal import Synchronization

/// A write by another thread in the middle of a call.
final class Rival: @unchecked Sendable {
    // SAFETY: the bench holds only sendable values; the thread's result is behind the lock.
    private let bench: Bench
    private let result = Mutex<Result<ObjectInfo, any Error>?>(nil)
    private var thread: pthread_t?
    private var path = ""
    private var bytes: [UInt8] = []
    private var isFirst = false

    /// Makes a rival that writes through this bench.
    init(_ bench: Bench) { self.bench = bench }

    /// Starts the write and gives it a second: a driver may make it wait for the call in flight.
    func start(_ path: String, _ bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
        var thread = pthread_t()
        let me = unsafe Unmanaged.passRetained(self).toOpaque()
        let code = unsafe pthread_create(&thread, nil, { unsafe runRival($0) }, me)
        guard code == 0 else { return unsafe Unmanaged<Rival>.fromOpaque(me).release() }
        self.thread = thread
        for _ in 0..<1000 where !isDone { pause(milliseconds: 1) }
        isFirst = isDone
    }

    private var isDone: Bool { result.withLock { $0 != nil } }

    /// Waits for the write.
    ///
    /// - Returns: Whether it was over before the call went on, and what it wrote.
    /// - Throws: What the write threw.
    func finish() throws -> (isFirst: Bool, info: ObjectInfo) {
        guard let thread else { throw CheckFailure("the source of the put was never read") }
        _ = pthread_join(thread, nil)
        guard let result = result.withLock({ $0 }) else {
            throw CheckFailure("the kit lost the result of a thread")
        }
        return (isFirst, try result.get())
    }

    fileprivate func run() {
        let outcome = Result<ObjectInfo, any Error> { try bench.put(path, bytes) }
        result.withLock { $0 = outcome }
    }
}

private func runRival(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    unsafe Unmanaged<Rival>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
