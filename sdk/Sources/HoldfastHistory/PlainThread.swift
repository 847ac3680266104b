internal import Glibc

/// A thread that belongs to no Swift executor: what runs on it may block.
@safe struct PlainThread {
    private let handle: pthread_t

    /// Starts a thread.
    ///
    /// - Throws: ``WorkloadError`` when the system has no more threads.
    init(_ body: @escaping @Sendable () -> Void) throws(WorkloadError) {
        let start = unsafe Unmanaged.passRetained(ThreadBody(body))
        var handle = pthread_t()
        let status = unsafe pthread_create(&handle, nil, runThread, start.toOpaque())
        guard status == 0 else {
            unsafe start.release()
            throw WorkloadError(systemCode: status)
        }
        self.handle = handle
    }

    /// Waits for its end; call it once.
    consuming func join() { _ = pthread_join(handle, nil) }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument = unsafe argument else { return nil }
    unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}

/// Lets other threads run.
func yieldProcessor() { sched_yield() }
