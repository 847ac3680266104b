internal import HTTPTypes

/// Which names a request may call this daemon by.
///
/// A page on a foreign site can point its own name at 127.0.0.1 and then read a daemon there as its
/// own origin. The browser still sends that name as the Host, so an unknown name is refused.
struct HostRule: Sendable {
    private let standardNames: Set<String>
    private let allowedNames: Set<String>
    private let acceptsAnyIPAddress: Bool

    /// Makes a rule.
    ///
    /// - Parameters:
    ///   - boundAddress: The address that the daemon listens on. With a wildcard, every IP address
    ///     is accepted as a name: an address cannot be pointed elsewhere as a name can.
    ///   - allowedNames: Further names, from the operator.
    init(boundAddress: String, allowedNames: [String]) {
        standardNames = ["localhost", "127.0.0.1", "::1", boundAddress.lowercased()]
        self.allowedNames = Set(allowedNames.map { Authority($0).host })
        acceptsAnyIPAddress = boundAddress == "0.0.0.0" || boundAddress == "::"
    }

    /// Checks the Host of a request and, where a browser sent one, its Origin.
    ///
    /// - Throws: ``APIError``: 400 without a Host, 403 for an unknown one or a foreign Origin.
    func check(host: String?, origin: String?) throws(APIError) {
        guard let host, !host.isEmpty else {
            throw .badRequest("the request has no Host header")
        }
        let authority = Authority(host)
        guard isKnown(authority.host) else {
            throw APIError(
                .forbidden, "unknown-host", "this daemon does not answer to that Host",
                hint: "the operator can allow it with --allowed-host NAME")
        }
        guard let origin else { return }
        guard isOwn(origin: origin, of: authority) else {
            throw APIError(
                .forbidden, "foreign-origin", "the request comes from a page of another site",
                hint: "the operator can allow that site's name with --allowed-host NAME")
        }
    }

    private func isKnown(_ name: String) -> Bool {
        standardNames.contains(name) || allowedNames.contains(name)
            || (acceptsAnyIPAddress && IPAddress(name) != nil)
    }

    /// The port counts, unless the operator named the host: another port of localhost is another
    /// site, but a proxy may serve an allowed name on any port.
    private func isOwn(origin: String, of authority: Authority) -> Bool {
        guard let slashes = origin.firstRange(of: "://") else { return false }
        let source = Authority(String(origin[slashes.upperBound...]))
        return source == authority || allowedNames.contains(source.host)
    }
}

/// A host with an optional port, as in `Host` and in a URL.
struct Authority: Equatable {
    /// In lower case, without the brackets of IPv6 or a final dot.
    let host: String
    /// The digits after the colon; empty without one.
    let port: String

    init(_ text: String) {
        let lowered = text.lowercased()
        let name: Substring
        if lowered.hasPrefix("["), let end = lowered.firstIndex(of: "]") {
            name = lowered[lowered.index(after: lowered.startIndex)..<end]
            port = String(lowered[end...].dropFirst().drop { $0 == ":" })
        } else if let colon = lowered.lastIndex(of: ":"), colon == lowered.firstIndex(of: ":") {
            name = lowered[..<colon]
            port = String(lowered[colon...].dropFirst())
        } else {
            name = lowered[...]
            port = ""
        }
        host = String(name.hasSuffix(".") ? name.dropLast() : name)
    }
}
