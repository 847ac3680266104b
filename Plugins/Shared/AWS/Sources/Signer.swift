public import SharedHTTP
internal import SharedJSON

/// Signs requests by AWS Signature Version 4.
public struct Signer: Sendable {
    /// What stands for the hash of a body that is not signed, in services that allow it.
    public static let unsignedPayload = "UNSIGNED-PAYLOAD"
    private static let algorithm = "AWS4-HMAC-SHA256"
    private static let emptyHash = Digest.hexadecimal(Digest.sha256([]))

    /// The service's name in signatures, such as `dynamodb`.
    public var service: String
    /// The region's name, such as `eu-central-1`.
    public var region: String
    /// Whether a path that is already escaped is escaped once more: everywhere but in S3.
    public var escapesPathTwice: Bool
    /// Whether the hash of the body is sent as a header of its own, as S3 wants it.
    public var sendsPayloadHash: Bool
    private let keys = SigningKeyCache()

    /// Makes a signer.
    public init(
        service: String, region: String, escapesPathTwice: Bool = true,
        sendsPayloadHash: Bool = false
    ) {
        self.service = service
        self.region = region
        self.escapesPathTwice = escapesPathTwice
        self.sendsPayloadHash = sendsPayloadHash
    }

    /// Adds the headers of a signature.
    ///
    /// - Parameters:
    ///   - request: The request with all other headers; its URL is escaped.
    ///   - credentials: Whose signature.
    ///   - seconds: The time, since 1970 UTC.
    ///   - payloadHash: The hash of a body that is a stream, or ``unsignedPayload``.
    public func sign(
        _ request: inout HTTPRequest, _ credentials: AWSCredentials, at seconds: Int64,
        payloadHash: String? = nil
    ) {
        let time = Timestamp.basic(seconds)
        let hash = payloadHash ?? self.hash(of: request.body)
        request.headers.append(("X-Amz-Date", time))
        if let token = credentials.sessionToken {
            request.headers.append(("X-Amz-Security-Token", token))
        }
        if sendsPayloadHash { request.headers.append(("X-Amz-Content-Sha256", hash)) }
        let url = SplitURL(request.url)
        let headers = signedHeaders(request, url)
        let names = headers.map(\.name).joined(separator: ";")
        var canonical: [UInt8] = []
        canonical.reserveCapacity(1024)
        for line in [request.method, canonicalPath(url.path), url.canonicalQuery] {
            canonical += line.utf8
            canonical.append(UInt8(ascii: "\n"))
        }
        for header in headers {
            canonical += header.name.utf8
            canonical.append(UInt8(ascii: ":"))
            canonical += header.value.utf8
            canonical.append(UInt8(ascii: "\n"))
        }
        canonical.append(UInt8(ascii: "\n"))
        canonical += names.utf8
        canonical.append(UInt8(ascii: "\n"))
        canonical += hash.utf8
        let signature = signature(of: canonical, credentials, time)
        let scope = "\(credentials.accessKeyID)/\(scope(time))"
        request.headers.append(
            (
                "Authorization",
                "\(Self.algorithm) Credential=\(scope), SignedHeaders=\(names), Signature=\(signature)"
            ))
    }

    /// A URL that carries its signature, for whoever has it.
    ///
    /// - Parameters:
    ///   - method: The only method that it allows.
    ///   - url: The escaped URL.
    ///   - credentials: Whose signature.
    ///   - seconds: The time, since 1970 UTC.
    ///   - lifetime: How long it is good for, in seconds.
    /// - Returns: The URL with the signature in its query.
    public func presigned(
        _ method: String, _ url: String, _ credentials: AWSCredentials, at seconds: Int64,
        lifetime: Int
    ) -> String {
        let time = Timestamp.basic(seconds)
        var items = [
            ("X-Amz-Algorithm", Self.algorithm),
            ("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope(time))"),
            ("X-Amz-Date", time), ("X-Amz-Expires", String(lifetime)),
            ("X-Amz-SignedHeaders", "host"),
        ]
        if let token = credentials.sessionToken { items.append(("X-Amz-Security-Token", token)) }
        let query = URLText.query(items)
        let full = url + (url.utf8.contains(UInt8(ascii: "?")) ? "&" : "?") + query
        let split = SplitURL(full)
        let canonical = [
            method, canonicalPath(split.path), split.canonicalQuery, "host:\(split.authority)\n",
            "host", Self.unsignedPayload,
        ].joined(separator: "\n")
        return full + "&X-Amz-Signature="
            + signature(of: Array(canonical.utf8), credentials, time)
    }

    private func hash(of body: HTTPRequest.Body) -> String {
        switch body {
        case .none: Self.emptyHash
        case .bytes(let bytes): Digest.hexadecimal(Digest.sha256(bytes))
        case .stream: Self.unsignedPayload
        }
    }

    private func scope(_ time: String) -> String {
        "\(date(time))/\(region)/\(service)/aws4_request"
    }

    private func date(_ time: String) -> Substring { Substring(time.utf8.prefix(8)) }

    private func signature(
        of canonical: [UInt8], _ credentials: AWSCredentials, _ time: String
    ) -> String {
        let text = [
            Self.algorithm, time, scope(time),
            Digest.hexadecimal(Digest.sha256(canonical)),
        ].joined(separator: "\n")
        let key = keys.key(
            SigningKey(
                secret: credentials.secretAccessKey, date: String(date(time)), region: region,
                service: service))
        return Digest.hexadecimal(Digest.hmac(key: key, Array(text.utf8)))
    }

    private func canonicalPath(_ path: String) -> String {
        guard !path.isEmpty else { return "/" }
        return escapesPathTwice ? URLText.escaped(path, keepsSlashes: true) : path
    }

    /// All headers but those that are changed on the way, in ascending order, values of one name together.
    private func signedHeaders(
        _ request: HTTPRequest, _ url: SplitURL
    ) -> [(name: String, value: String)] {
        var headers = [(name: "host", value: url.authority)]
        headers.reserveCapacity(request.headers.count + 1)
        for (name, value) in request.headers {
            let name = name.lowercased()
            switch name {
            case "host", "authorization", "expect", "user-agent", "x-amzn-trace-id": continue
            default: headers.append((name, Self.trimmed(value)))
            }
        }
        // Names are few and mostly in order; values of one name stay in theirs.
        for end in headers.indices.dropFirst() {
            var at = end
            while at > 0, headers[at].name < headers[at - 1].name {
                headers.swapAt(at, at - 1)
                at -= 1
            }
        }
        var merged: [(name: String, value: String)] = []
        merged.reserveCapacity(headers.count)
        for header in headers {
            if merged.last?.name == header.name {
                merged[merged.count - 1].value += "," + header.value
            } else {
                merged.append(header)
            }
        }
        return merged
    }

    /// A header's value without blanks around it, and with one blank for several inside.
    private static func trimmed(_ value: String) -> String {
        var isAfterBlank = true
        var isPlain = true
        for byte in value.utf8 {
            let isBlank = byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
            if isBlank, isAfterBlank || byte == UInt8(ascii: "\t") { isPlain = false }
            isAfterBlank = isBlank
        }
        if isPlain, !isAfterBlank || value.isEmpty { return value }
        return value.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
    }
}

/// The parts of an escaped URL.
private struct SplitURL {
    var authority: String
    var path: String
    var query: String

    init(_ url: String) {
        let bytes = url.utf8
        let rest = bytes.drop { $0 != UInt8(ascii: ":") }.dropFirst(3)
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        let path = rest[authority.endIndex...].prefix { $0 != UInt8(ascii: "?") }
        self.authority = String(Substring(authority))
        self.path = String(Substring(path))
        self.query = String(Substring(rest[path.endIndex...].dropFirst()))
    }

    /// The query with its items in ascending order of their bytes.
    var canonicalQuery: String {
        if query.isEmpty { return "" }
        var items: [(name: String, value: String)] = []
        for item in query.split(separator: "&") {
            let name = item.prefix { $0 != "=" }
            items.append((String(name), String(item.dropFirst(name.count + 1))))
        }
        // All of it is ASCII, so that Swift's order is that of the bytes.
        items.sort { $0.name == $1.name ? $0.value < $1.value : $0.name < $1.name }
        return items.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }
}
