internal import CCurl

/// libcurl's handles with kept connections of their own, used by one call at a time.
@safe final class Line: @unchecked Sendable {
    // SAFETY: a line is in the hands of one call, or in the pool under its lock.
    let multi: OpaquePointer
    private let names: SharedNames
    /// The handles of transfers that no transfer is using.
    private var idle: [EasyHandle] = []

    init?(_ names: SharedNames) {
        guard let multi = unsafe curl_multi_init() else { return nil }
        unsafe self.multi = OpaquePointer(multi)
        self.names = names
    }

    deinit {
        // The handles go first: they know of this one.
        idle = []
        unsafe curl_multi_cleanup(UnsafeMutableRawPointer(multi))
    }

    /// A handle; `nil` without memory.
    func takeEasy() -> EasyHandle? {
        if let easy = idle.popLast() { return easy }
        guard let easy = EasyHandle() else { return nil }
        unsafe names.join(easy.pointer)
        return easy
    }

    /// Takes a handle back; it forgets what belonged to its transfer and keeps what all have in common.
    func giveEasy(_ easy: EasyHandle) {
        for option in [CURLOPT_HTTPHEADER, CURLOPT_POSTFIELDS] {
            unsafe holdfast_curl_set_pointer(easy.pointer, option, nil)
        }
        idle.append(easy)
    }
}

/// libcurl's handle of one transfer at a time.
@safe final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    /// Whether it has the settings that all transfers have in common.
    var isPrepared = false

    init?() {
        guard let pointer = unsafe curl_easy_init() else { return nil }
        unsafe self.pointer = pointer
    }

    deinit { unsafe curl_easy_cleanup(pointer) }
}

/// The addresses of names, which all lines of a client share: a look-up is a thread for libcurl.
@safe final class SharedNames: @unchecked Sendable {
    // SAFETY: the pointer never changes, and libcurl locks what it points at.
    private let names: UnsafeMutablePointer<holdfast_curl_names>?

    init() { unsafe names = holdfast_curl_names_make() }

    deinit { unsafe holdfast_curl_names_free(names) }

    /// Lets a handle share them.
    func join(_ easy: UnsafeMutableRawPointer) {
        guard let names = unsafe names else { return }
        unsafe holdfast_curl_set_pointer(
            easy, CURLOPT_SHARE, UnsafeMutableRawPointer(names.pointee.share))
    }
}

/// The lines that no call is using; the last used comes first, so that few connections stay warm.
@safe final class Lines: @unchecked Sendable {
    // SAFETY: `idle` changes under the lock only.

    /// More are closed when they come back; calls at once are not limited by it.
    private static let most = 64

    private let lock = PlainLock()
    private var idle: [Line] = []
    private let names = SharedNames()

    func take() -> Line? { lock.withLock { idle.popLast() } ?? Line(names) }

    func give(_ line: Line) {
        // What does not fit is closed outside the lock.
        let extra: Line? = lock.withLock {
            guard idle.count < Self.most else { return line }
            idle.append(line)
            return nil
        }
        _ = extra
    }

    func empty() {
        let all = lock.withLock {
            defer { idle = [] }
            return idle
        }
        _ = all
    }
}
