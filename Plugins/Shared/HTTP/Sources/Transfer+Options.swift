internal import CCurl

extension Transfer {
    /// The request's headers as libcurl's list.
    func headerList() -> UnsafeMutablePointer<curl_slist>? {
        var list: UnsafeMutablePointer<curl_slist>?
        // What libcurl would add by itself goes away, unless the caller gives it.
        var lines = ["Accept:", "Content-Type:"].filter { line in
            !request.headers.contains { $0.name.lowercased() + ":" == line.lowercased() }
        }
        if !request.asksFirst { lines.append("Expect:") }
        // libcurl takes "Name:" for a removal; an empty value is written with a semicolon.
        lines += request.headers.map {
            $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)"
        }
        for line in lines { unsafe list = curl_slist_append(list, line) }
        return unsafe list
    }

    /// Sets everything that a transfer depends on.
    func configure(
        _ easy: UnsafeMutableRawPointer, _ settings: HTTPSettings,
        _ headers: UnsafeMutablePointer<curl_slist>?
    ) {
        unsafe setText(easy, CURLOPT_URL, request.url)
        unsafe setText(easy, CURLOPT_USERAGENT, settings.userAgent)
        unsafe setText(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        // An empty text keeps libcurl from reading http_proxy and its like.
        unsafe setText(easy, CURLOPT_PROXY, settings.proxy ?? "")
        unsafe setText(easy, CURLOPT_NOPROXY, "")
        if let file = settings.authorityFile { unsafe setText(easy, CURLOPT_CAINFO, file) }
        unsafe holdfast_curl_set_pointer(easy, CURLOPT_HTTPHEADER, headers)
        let numbers: [(CURLoption, Int)] = [
            (CURLOPT_NOSIGNAL, 1), (CURLOPT_FOLLOWLOCATION, 0), (CURLOPT_PATH_AS_IS, 1),
            (CURLOPT_SSL_VERIFYPEER, 1), (CURLOPT_SSL_VERIFYHOST, 2),
            (CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS)), (CURLOPT_TCP_KEEPALIVE, 1),
            (CURLOPT_CONNECTTIMEOUT_MS, settings.connectMilliseconds),
            // Servers close a connection that idles; sending on it would leave the answer unknown.
            (CURLOPT_MAXAGE_CONN, 20), (CURLOPT_BUFFERSIZE, 1 << 18),
            (CURLOPT_UPLOAD_BUFFERSIZE, 1 << 18),
            // A deadline during a look-up of a name must not wait for the resolver.
            (CURLOPT_QUICK_EXIT, 1),
        ]
        for (option, value) in numbers { unsafe holdfast_curl_set_number(easy, option, value) }
        unsafe setMethod(easy)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        for option in [CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_READDATA] {
            unsafe holdfast_curl_set_pointer(easy, option, context)
        }
        unsafe holdfast_curl_set_function(easy, CURLOPT_WRITEFUNCTION, takeBody)
        unsafe holdfast_curl_set_function(easy, CURLOPT_HEADERFUNCTION, takeHeader)
        unsafe holdfast_curl_set_begin(easy, beginRequest, context)
        unsafe holdfast_curl_set_function(easy, CURLOPT_READFUNCTION, giveBody)
    }

    private func setMethod(_ easy: UnsafeMutableRawPointer) {
        switch request.body {
        case .none where request.method == "GET":
            unsafe holdfast_curl_set_number(easy, CURLOPT_HTTPGET, 1)
        case .none where request.method == "HEAD":
            unsafe holdfast_curl_set_number(easy, CURLOPT_NOBODY, 1)
        case .none:
            let needsLength = ["POST", "PUT", "PATCH"].contains(request.method)
            if needsLength {
                unsafe holdfast_curl_set_number(easy, CURLOPT_POST, 1)
                unsafe holdfast_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, 0)
            }
            unsafe setText(easy, CURLOPT_CUSTOMREQUEST, request.method)
        case .bytes, .stream:
            unsafe holdfast_curl_set_number(easy, CURLOPT_POST, 1)
            unsafe holdfast_curl_set_size(
                easy, CURLOPT_POSTFIELDSIZE_LARGE, Int64(clamping: request.byteCount))
            unsafe setText(easy, CURLOPT_CUSTOMREQUEST, request.method)
        }
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
    unsafe transfer(context)?.response.take(line: String(decoding: line, as: UTF8.self))
    return size * count
}

private func giveBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    let space = unsafe UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
    return unsafe transfer(context)?.give(space) ?? Int(CURL_READFUNC_ABORT)
}
