internal import Glibc

/// Starts a thread that belongs to no Swift executor, so that what runs on it may block.
///
/// - Parameter body: What the thread runs.
/// - Returns: Whether there is such a thread.
func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    let start = unsafe Unmanaged.passRetained(ThreadBody(body))
    var handle = pthread_t()
    guard unsafe pthread_create(&handle, nil, runThread, start.toOpaque()) == 0 else {
        unsafe start.release()
        return false
    }
    pthread_detach(handle)
    return true
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

/// Sleeps.
func pause(microseconds: Int) {
    var time = timespec(tv_sec: microseconds / 1_000_000, tv_nsec: microseconds % 1_000_000 * 1000)
    _ = unsafe nanosleep(&time, nil)
}

/// The system's words for an error number.
func systemReason(_ number: Int32) -> String {
    unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
}
