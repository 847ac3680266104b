internal import CCurl
internal import Synchronization

/// A libcurl handle with its own kept connections, used by one call at a time.
@safe final class Line: @unchecked Sendable {
    // SAFETY: a line is in the hands of one call, or in the pool under its lock.
    let multi: OpaquePointer
    let easy: UnsafeMutableRawPointer

    init?() {
        guard let multi = unsafe curl_multi_init() else { return nil }
        guard let easy = unsafe curl_easy_init() else {
            unsafe curl_multi_cleanup(multi)
            return nil
        }
        unsafe self.multi = OpaquePointer(multi)
        unsafe self.easy = easy
    }

    deinit {
        unsafe curl_easy_cleanup(easy)
        unsafe curl_multi_cleanup(UnsafeMutableRawPointer(multi))
    }
}

/// The lines that no call is using; the last used comes first, so that few connections stay warm.
final class Lines: Sendable {
    /// More are closed when they come back; calls at once are not limited by it.
    private static let most = 64

    private let idle = Mutex<[Line]>([])

    func take() -> Line? { idle.withLock { $0.popLast() } ?? Line() }

    func give(_ line: Line) {
        // What does not fit is closed outside the lock.
        let extra: Line? = idle.withLock { idle in
            guard idle.count < Self.most else { return line }
            idle.append(line)
            return nil
        }
        _ = extra
    }

    func empty() {
        let all = idle.withLock { idle in
            defer { idle = [] }
            return idle
        }
        _ = all
    }
}
