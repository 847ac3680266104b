internal import CCurl

/// The headers of a request as libcurl's list, in one piece of memory.
///
/// libcurl only reads the list, so that it need not be made line by line.
@safe final class HeaderLines {
    private let nodes: UnsafeMutableBufferPointer<curl_slist>
    private let text: UnsafeMutableBufferPointer<CChar>
    private var nodeCount = 0
    private var byteCount = 0

    /// The list.
    var first: UnsafeMutablePointer<curl_slist>? {
        nodeCount == 0 ? nil : unsafe nodes.baseAddress
    }

    init(_ request: HTTPRequest) {
        // What libcurl would add by itself goes away, unless the caller gives it.
        var unwanted = request.asksFirst ? [] : ["Expect:"]
        if !request.hasHeader("accept") { unwanted.append("Accept:") }
        if !request.hasHeader("content-type") { unwanted.append("Content-Type:") }
        let unwantedBytes = unwanted.reduce(0) { $0 + $1.utf8.count + 1 }
        let bytes = request.headers.reduce(unwantedBytes) {
            $0 + $1.name.utf8.count + $1.value.utf8.count + 3
        }
        unsafe nodes = .allocate(capacity: unwanted.count + request.headers.count)
        unsafe text = .allocate(capacity: bytes)
        for line in unwanted { add(line, "", "") }
        for (name, value) in request.headers {
            // libcurl takes "Name:" for a removal; an empty value is written with a semicolon.
            add(name, value.isEmpty ? ";" : ": ", value)
        }
    }

    deinit {
        unsafe nodes.deallocate()
        unsafe text.deallocate()
    }

    private func add(_ name: String, _ separator: String, _ value: String) {
        let line = unsafe text.baseAddress.map { unsafe $0 + byteCount }
        for part in [name, separator, value] {
            for byte in part.utf8 {
                unsafe text[byteCount] = CChar(bitPattern: byte)
                byteCount += 1
            }
        }
        unsafe text[byteCount] = 0
        byteCount += 1
        unsafe (nodes.baseAddress.unsafelyUnwrapped + nodeCount).initialize(
            to: curl_slist(data: line, next: nil))
        if nodeCount > 0 {
            unsafe nodes[nodeCount - 1].next = nodes.baseAddress.unsafelyUnwrapped + nodeCount
        }
        nodeCount += 1
    }
}

extension HTTPRequest {
    /// Whether there is a header with a name, which is given in small letters.
    fileprivate func hasHeader(_ wanted: String) -> Bool {
        headers.contains { name, _ in
            name.utf8.count == wanted.utf8.count
                && zip(name.utf8, wanted.utf8).allSatisfy { $0 | 0x20 == $1 || $0 == $1 }
        }
    }
}
