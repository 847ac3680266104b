/// Where a service answers: a scheme, a host and perhaps a port and a path.
public struct Endpoint: Sendable, Equatable {
    /// `http` or `https`.
    public var scheme: String
    /// The host, and the port where it is not the scheme's own.
    public var authority: String
    /// A path that all requests begin with, escaped, without a slash at its end.
    public var path: String

    /// Reads a URL without user, query and fragment; `nil` for anything else.
    ///
    /// - Parameter text: Such as `http://127.0.0.1:8000`.
    public init?(_ text: String) {
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            return nil
        }
        let lower = text.lowercased()
        guard let scheme = ["https", "http"].first(where: { lower.hasPrefix($0 + "://") }) else {
            return nil
        }
        let rest = text.dropFirst(scheme.count + 3)
        let authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count)
        guard Self.isAuthority(authority.lowercased()), !path.contains("?"), !path.contains("#")
        else {
            return nil
        }
        self.scheme = scheme
        self.path = String(path.dropLast(path.hasSuffix("/") ? 1 : 0))
        let standard = scheme == "https" ? ":443" : ":80"
        let name = authority.lowercased()
        self.authority = name.hasSuffix(standard) ? String(name.dropLast(standard.count)) : name
    }

    /// The whole URL without a slash at its end.
    public var url: String { "\(scheme)://\(authority)\(path)" }

    private static func isAuthority(_ text: String) -> Bool {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return false }
            let inside = text[text.index(after: text.startIndex)..<end]
            return !inside.isEmpty && inside.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
                && isPort(text[text.index(after: end)...])
        }
        let host = text.prefix { $0 != ":" }
        return !host.isEmpty
            && host.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_")].contains(byte)
            } && isPort(text.dropFirst(host.count))
    }

    private static func isPort(_ text: Substring) -> Bool {
        if text.isEmpty { return true }
        guard text.hasPrefix(":"), let port = UInt16(text.dropFirst()) else { return false }
        return port > 0
    }
}
