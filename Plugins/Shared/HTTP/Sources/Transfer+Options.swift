internal import CCurl

extension Transfer {
    /// The longest body that libcurl takes at once, and sends together with the head.
    private static let smallBodyByteCount = 32 << 10

    /// Sets everything that a transfer depends on.
    func configure(_ handle: EasyHandle, _ settings: HTTPSettings) {
        let easy = unsafe handle.pointer
        if !handle.isPrepared {
            unsafe setCommon(easy, settings)
            handle.isPrepared = true
        }
        unsafe setText(easy, CURLOPT_URL, request.url)
        unsafe holdfast_curl_set_pointer(easy, CURLOPT_HTTPHEADER, headers.first)
        unsafe setBuffers(easy)
        unsafe setMethod(easy)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe holdfast_curl_set_context(easy, context)
    }

    /// Sets what is the same for all transfers of a client.
    private func setCommon(_ easy: UnsafeMutableRawPointer, _ settings: HTTPSettings) {
        unsafe setText(easy, CURLOPT_USERAGENT, settings.userAgent)
        unsafe setText(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        // An empty text keeps libcurl from reading http_proxy and its like.
        unsafe setText(easy, CURLOPT_PROXY, settings.proxy ?? "")
        unsafe setText(easy, CURLOPT_NOPROXY, "")
        if let file = settings.authorityFile { unsafe setText(easy, CURLOPT_CAINFO, file) }
        let numbers: [(CURLoption, Int)] = [
            (CURLOPT_NOSIGNAL, 1), (CURLOPT_FOLLOWLOCATION, 0), (CURLOPT_PATH_AS_IS, 1),
            (CURLOPT_SSL_VERIFYPEER, 1), (CURLOPT_SSL_VERIFYHOST, 2),
            (CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS)), (CURLOPT_TCP_KEEPALIVE, 1),
            (CURLOPT_CONNECTTIMEOUT_MS, settings.connectMilliseconds),
            // Servers close a connection that idles; sending on it would leave the answer unknown.
            (CURLOPT_MAXAGE_CONN, 20),
            // A deadline during a look-up of a name must not wait for the resolver.
            (CURLOPT_QUICK_EXIT, 1),
        ]
        for (option, value) in numbers { unsafe holdfast_curl_set_number(easy, option, value) }
        unsafe holdfast_curl_set_function(easy, CURLOPT_WRITEFUNCTION, takeBody)
        unsafe holdfast_curl_set_function(easy, CURLOPT_HEADERFUNCTION, takeHeader)
        unsafe holdfast_curl_set_function(easy, CURLOPT_READFUNCTION, giveBody)
        unsafe holdfast_curl_set_begin(easy, beginRequest)
    }

    private func setBuffers(_ easy: UnsafeMutableRawPointer) {
        let count = request.isBulk ? 512 << 10 : 64 << 10
        unsafe holdfast_curl_set_number(easy, CURLOPT_BUFFERSIZE, count)
        unsafe holdfast_curl_set_number(easy, CURLOPT_UPLOAD_BUFFERSIZE, count)
    }

    /// Sets method and body, and takes back what the transfer before set of them.
    private func setMethod(_ easy: UnsafeMutableRawPointer) {
        unsafe holdfast_curl_set_number(easy, CURLOPT_HTTPGET, 1)
        unsafe holdfast_curl_set_pointer(easy, CURLOPT_CUSTOMREQUEST, nil)
        switch request.body {
        case .none where request.method == "GET": return
        case .none where request.method == "HEAD":
            unsafe holdfast_curl_set_number(easy, CURLOPT_NOBODY, 1)
            return
        case .none where !["POST", "PUT", "PATCH"].contains(request.method): break
        case .none, .bytes, .stream:
            unsafe holdfast_curl_set_number(easy, CURLOPT_POST, 1)
            unsafe holdfast_curl_set_size(
                easy, CURLOPT_POSTFIELDSIZE_LARGE, Int64(clamping: request.byteCount))
            unsafe setSmallBody(easy)
        }
        unsafe setText(easy, CURLOPT_CUSTOMREQUEST, request.method)
    }

    /// Hands over a body that is small and in memory.
    ///
    /// From then on it counts as taken: nobody can tell how far it came when its connection breaks.
    private func setSmallBody(_ easy: UnsafeMutableRawPointer) {
        guard case .bytes(let bytes) = request.body, !bytes.isEmpty, !request.asksFirst,
            bytes.count <= Self.smallBodyByteCount
        else { return }
        let copy = UnsafeMutableRawBufferPointer.allocate(
            byteCount: bytes.count, alignment: 1)
        unsafe copy.copyBytes(from: bytes)
        unsafe smallBody = copy
        unsafe holdfast_curl_set_pointer(easy, CURLOPT_POSTFIELDS, copy.baseAddress)
        taken = bytes.count
    }

    private func setText(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ text: String) {
        _ = unsafe text.withCString { unsafe holdfast_curl_set_text(easy, option, $0) }
    }
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    unsafe context.map { unsafe Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
}

private func beginRequest(
    _ context: UnsafeMutableRawPointer?, _: UnsafeMutablePointer<CChar>?,
    _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32
) -> Int32 {
    let mayBegin = unsafe transfer(context)?.begin() ?? false
    return mayBegin ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

/// libcurl ends the transfer when a piece is not taken whole.
private func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    let piece = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    let isTaken = unsafe transfer(context)?.receive(RawSpan(_unsafeBytes: piece)) ?? false
    return isTaken ? size * count : (size * count == 0 ? 1 : 0)
}

private func takeHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    unsafe transfer(context)?.response.take(line: RawSpan(_unsafeBytes: line))
    return size * count
}

private func giveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    let space = unsafe UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
    return unsafe transfer(context)?.give(space) ?? Int(CURL_READFUNC_ABORT)
}
