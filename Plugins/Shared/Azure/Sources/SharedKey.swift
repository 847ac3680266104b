package import SharedHTTP
internal import SharedJSON

/// An account's name and key, which sign requests (Shared Key of the Blob service).
package struct SharedKey: Sendable, Equatable {
    /// The account's name, which is no secret.
    package let account: String
    private let key: [UInt8]

    /// Takes a key as the portal shows it.
    ///
    /// - Parameters:
    ///   - account: The account's name.
    ///   - key: The key in Base64; `nil` is returned for anything else.
    package init?(account: String, key: String) {
        guard let bytes = Base64.decode(key), !bytes.isEmpty else { return nil }
        self.account = account
        self.key = bytes
    }

    /// Adds the headers of a signature.
    ///
    /// - Parameters:
    ///   - request: The request with all other headers; its URL is escaped.
    ///   - seconds: The time, since 1970 UTC.
    package func sign(_ request: inout HTTPRequest, at seconds: Int64) {
        request.headers.append(("x-ms-date", HTTPDate.text(seconds)))
        let signature = AzureDigest.hmac(key: key, Array(stringToSign(request).utf8))
        request.headers.append(
            ("Authorization", "SharedKey \(account):\(Base64.encode(signature))"))
    }

    /// What is signed, as the service's documentation puts it together.
    package func stringToSign(_ request: HTTPRequest) -> String {
        var values: [String: String] = [:]
        for (name, value) in request.headers { values[name.lowercased()] = value }
        let length = request.body.length
        values["content-length"] = length == 0 ? "" : String(length)
        let standard = [
            "content-encoding", "content-language", "content-length", "content-md5", "content-type",
            "date", "if-modified-since", "if-match", "if-none-match", "if-unmodified-since",
            "range",
        ]
        let own = values.keys.filter { $0.hasPrefix("x-ms-") }.sorted(by: precedes)
        let (path, query) = Self.split(request.url)
        var lines = [request.method] + standard.map { values[$0] ?? "" }
        lines += own.map { "\($0):\(values[$0] ?? "")" }
        return (lines + ["/\(account)\(path)"] + Self.canonical(query)).joined(separator: "\n")
    }

    /// The path of a URL as it is sent, and its query.
    private static func split(_ url: String) -> (path: String, query: Substring.UTF8View) {
        let bytes = Array(url.utf8)
        let start = (bytes.firstIndex(of: UInt8(ascii: ":")) ?? 0) + 3
        let rest = bytes.dropFirst(start).drop {
            $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?")
        }
        let path = rest.prefix { $0 != UInt8(ascii: "?") }
        let query = String(decoding: rest.dropFirst(path.count + 1), as: UTF8.self)
        return (path.isEmpty ? "/" : String(decoding: path, as: UTF8.self), Substring(query).utf8)
    }

    /// The query's items, unescaped, one on a line in the order of their names.
    private static func canonical(_ query: Substring.UTF8View) -> [String] {
        var values: [String: [String]] = [:]
        for item in query.split(separator: UInt8(ascii: "&")) {
            let name = item.prefix { $0 != UInt8(ascii: "=") }
            let value = item.dropFirst(name.count + 1)
            values[unescaped(name).lowercased(), default: []].append(unescaped(value))
        }
        return values.keys.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }.map {
            "\($0):\(values[$0, default: []].sorted().joined(separator: ","))"
        }
    }

    private static func unescaped(_ text: Substring.UTF8View) -> String {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            let digits = String(rest.prefix(2)) ?? ""
            if byte == UInt8(ascii: "%"), let value = UInt8(digits, radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension SharedKey: CustomStringConvertible, CustomReflectable {
    /// The account only, so that no message can show the key by accident.
    package var description: String { "the key of \(account)" }

    /// Nothing: a dump must not show the key either.
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The service's order of headers, in which a hyphen weighs less than any other character.
private func precedes(_ left: String, _ right: String) -> Bool {
    func weight(_ text: String) -> [UInt8] { text.utf8.filter { $0 != UInt8(ascii: "-") } }
    let (first, second) = (weight(left), weight(right))
    return first == second ? left < right : first.lexicographicallyPrecedes(second)
}

extension HTTPRequest.Body {
    fileprivate var length: UInt64 {
        switch self {
        case .none: 0
        case .bytes(let bytes): UInt64(bytes.count)
        case .stream(let length, _): length
        }
    }
}
