public import HoldfastDriver

/// One request.
public struct HTTPRequest {
    /// Where the bytes of a body come from.
    public enum Body {
        /// No body.
        case none
        /// Bytes in memory.
        case bytes([UInt8])
        /// A stream of known length, read once from front to back.
        ///
        /// The closure fills the front of the span and returns the number of bytes; 0 at the end.
        case stream(length: UInt64, read: (inout MutableRawSpan) throws(DriverError) -> Int)
    }

    /// The method, such as `POST`.
    public var method: String
    /// The whole URL, already escaped.
    public var url: String
    /// Headers in the order in which they are sent; `Host` and `Content-Length` come by themselves.
    public var headers: [(name: String, value: String)]
    /// The body.
    public var body: Body
    /// Whether the server is asked before a body is sent (`Expect: 100-continue`).
    public var asksFirst = false
    /// Whether many bytes come or go, for which large buffers are worth their memory.
    public var isBulk = false

    /// Makes a request.
    public init(
        _ method: String, _ url: String, headers: [(name: String, value: String)] = [],
        body: Body = .none
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    /// The body's length.
    var byteCount: UInt64 {
        switch body {
        case .none: 0
        case .bytes(let bytes): UInt64(bytes.count)
        case .stream(let length, _): length
        }
    }

    /// What must never be sent: text that would end a line or the request's head.
    var flaw: String? {
        if !method.utf8.allSatisfy(isTokenByte) || method.isEmpty { return "the method" }
        if !url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) { return "the URL" }
        for (name, value) in headers {
            if name.isEmpty || !name.utf8.allSatisfy(isTokenByte) { return "a header's name" }
            if value.utf8.contains(where: { $0 < 0x20 && $0 != 9 || $0 == 0x7f }) {
                return "the header \(name)"
            }
        }
        return nil
    }
}

/// Whether a byte may stand in a method or in a header's name (RFC 9110, `tchar`).
private func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "-"): true
    default: Array("!#$%&'*+.^_`|~".utf8).contains(byte)
    }
}
