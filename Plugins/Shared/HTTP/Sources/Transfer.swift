internal import CCurl
internal import HoldfastDriver

/// One request on its way.
///
/// libcurl calls back on the thread that runs the transfer, and only while it runs.
@safe final class Transfer {
    let request: HTTPRequest
    private let limit: Int
    private let receiver: HTTPClient.Receiver?
    var response = HTTPResponse()
    /// Why a callback ended the transfer.
    var failure: DriverError?
    /// The bytes of the body that libcurl took.
    var taken = 0
    /// What libcurl looks at until the transfer is over.
    let headers: HeaderLines
    /// The same of a small body.
    var smallBody: UnsafeMutableRawBufferPointer?
    /// Whether a connection was there and the request began to be sent.
    private(set) var hasBegun = false
    /// Told when a connection is there.
    private let whenBegun: (() -> Void)?

    init(
        _ request: HTTPRequest, limit: Int, _ receiver: HTTPClient.Receiver?,
        whenBegun: (() -> Void)? = nil
    ) {
        self.request = request
        self.limit = limit
        self.receiver = receiver
        self.whenBegun = whenBegun
        headers = HeaderLines(request)
    }

    deinit { unsafe smallBody?.deallocate() }

    func run(
        on line: Line, _ settings: HTTPSettings, _ control: some CallControl
    ) -> Result<HTTPResponse, DriverError> {
        guard let handle = line.takeEasy() else { return .failure(noMemory) }
        defer { line.giveEasy(handle) }
        let easy = unsafe handle.pointer
        configure(handle, settings)
        let multi = unsafe UnsafeMutableRawPointer(line.multi)
        guard unsafe curl_multi_add_handle(multi, easy) == CURLM_OK else {
            return .failure(DriverError(.internalError, "libcurl refused a transfer"))
        }
        defer { unsafe curl_multi_remove_handle(multi, easy) }
        return withExtendedLifetime(self) { unsafe drive(multi, control) }
    }

    private func drive(
        _ multi: UnsafeMutableRawPointer, _ control: some CallControl
    ) -> Result<HTTPResponse, DriverError> {
        var running: Int32 = 0
        while true {
            let status = unsafe curl_multi_perform(multi, &running)
            var result = CURLE_OK
            var easy: UnsafeMutableRawPointer?
            if unsafe holdfast_curl_finished(multi, &easy, &result) != 0 {
                return finished(result)
            }
            guard status == CURLM_OK, running > 0 else {
                return .failure(DriverError(.internalError, "libcurl lost a transfer"))
            }
            if control.isOver {
                return .failure(control.overError("waiting for \(server)", applied: appliedNow))
            }
            unsafe waitForSockets(multi, control)
        }
    }

    func finished(_ result: CURLcode) -> Result<HTTPResponse, DriverError> {
        if result == CURLE_OK { return .success(response) }
        if var failure {
            // A source that failed never completed the request; a sink may fail after it was done.
            failure.applied = appliedNow
            return .failure(failure)
        }
        return .failure(transferError(result, server: server, applied: appliedNow))
    }

    /// What the server can have done: nothing unless it has the head and the whole body.
    ///
    /// libcurl's own counters speak of its last try, and are no help.
    var appliedNow: DriverError.Applied {
        !hasBegun || UInt64(taken) < request.byteCount ? .no : .unknown
    }

    /// The scheme, host and port of the URL: what a message may show of it.
    var server: String {
        guard let start = request.url.range(ofASCII: "://") else { return "the server" }
        let rest = request.url[start...]
        return String(request.url[..<start]) + rest.prefix { $0 != "/" && $0 != "?" }
    }

    // MARK: - Callbacks

    /// Begins to send the request; `false` for a second time.
    ///
    /// libcurl would repeat a request when a kept connection breaks before a byte of the answer.
    func begin() -> Bool {
        defer { hasBegun = true }
        if !hasBegun { whenBegun?() }
        return !hasBegun
    }

    /// Takes a piece of the answer's body.
    func receive(_ span: RawSpan) -> Bool {
        do throws(DriverError) {
            if let receiver, response.isSuccess {
                try receiver(response, span)
            } else {
                guard response.body.count + span.byteCount <= limit else {
                    throw DriverError(
                        .io, "\(server) sent an answer of more than \(limit) bytes",
                        vendorCode: Int64(response.status))
                }
                unsafe span.withUnsafeBytes { unsafe response.body.append(contentsOf: $0) }
            }
            return true
        } catch {
            failure = error
            return false
        }
    }

    /// Gives the next bytes of the body; `nil` when there are none because the source failed.
    func give(_ space: UnsafeMutableRawBufferPointer) -> Int? {
        switch request.body {
        case .none: return 0
        case .bytes(let bytes):
            let count = min(bytes.count - taken, space.count)
            unsafe bytes.withUnsafeBytes { bytes in
                let piece = unsafe UnsafeRawBufferPointer(rebasing: bytes[taken..<taken + count])
                unsafe space.copyMemory(from: piece)
            }
            taken += count
            return count
        case .stream(let length, let read):
            do throws(DriverError) {
                var span = unsafe MutableRawSpan(_unsafeBytes: space)
                let count = try read(&span)
                taken += count
                guard taken <= length, count > 0 || taken == length else {
                    throw DriverError(.source, "the source has another length than it said")
                }
                return count
            } catch {
                failure = error
                return nil
            }
        }
    }
}

/// Waits until something moves, at most for the longest time between two looks at a call's cancellation.
func waitForSockets(_ multi: UnsafeMutableRawPointer, _ control: some CallControl) {
    let left = control.remainingNanoseconds / 1_000_000 + 1
    unsafe curl_multi_poll(multi, nil, 0, Int32(min(left, 50)), nil)
}

extension String {
    /// The index behind the first occurrence of `text`.
    fileprivate func range(ofASCII text: String) -> Index? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
