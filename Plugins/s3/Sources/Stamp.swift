internal import HoldfastDriver
internal import SharedAWS
internal import SharedDatabase
internal import SharedHTTP
internal import SharedObjects

/// What this driver keeps beside an object's bytes: in its metadata, where `aws s3api head-object` shows it.
struct Stamp {
    private static let tokenHeader = "x-amz-meta-holdfast"
    private static let attributesHeader = "x-amz-meta-holdfast-attributes"
    /// The service takes 2 KB of names and values, of which the names and the token need 59 bytes.
    private static let attributesByteCount = 1980

    /// What the token of a write starts with whose bytes no other write has.
    private static let uniqueMark = "u"

    /// A random text that no other write has.
    ///
    /// The service's ETag comes from the bytes: were they written, replaced and written once more, it would
    /// be the old one.
    let token: String
    private let attributes: String

    /// A new stamp for a write.
    ///
    /// - Parameters:
    ///   - attributes: The object's.
    ///   - isUnique: Whether no other write has the same bytes, and so the same ETag.
    /// - Throws: ``DriverError`` with code `tooLarge` when the attributes do not fit.
    init(_ attributes: [Attribute], isUnique: Bool) throws(DriverError) {
        guard let text = attributes.headerValue(most: Self.attributesByteCount) else {
            throw DriverError(
                .tooLarge,
                "the \(attributes.count) attributes do not fit into the 2 KB of metadata that S3 keeps"
            )
        }
        // Random tokens are hexadecimal.
        token = (isUnique ? Self.uniqueMark : "") + String(decoding: randomToken(), as: UTF8.self)
        self.attributes = text
    }

    /// The headers of the write.
    var headers: [(name: String, value: String)] {
        let token = [(name: Self.tokenHeader, value: token)]
        return attributes.isEmpty ? token : token + [(Self.attributesHeader, attributes)]
    }

    /// Whether an object, of which this is the head, has this stamp.
    func isOf(_ response: HTTPResponse) -> Bool { response[Self.tokenHeader] == token }

    /// Reads an object's information from the head of an answer.
    ///
    /// - Parameters:
    ///   - response: The answer to a HEAD, or to a GET of the object or a part of it.
    ///   - byteCount: The whole object's length.
    /// - Returns: The information.
    /// - Throws: ``DriverError`` when the metadata is damaged.
    static func info(_ response: HTTPResponse, byteCount: UInt64) throws(DriverError) -> ObjectInfo
    {
        guard let tag = response["etag"], !tag.isEmpty else {
            throw DriverError(.io, "the service sent an object without an ETag")
        }
        let token = response[tokenHeader] ?? ""
        let text = response[attributesHeader] ?? ""
        guard let attributes = [Attribute](headerValue: text) else {
            throw DriverError(.corrupt, "the object's metadata \(attributesHeader) cannot be read")
        }
        let seconds = response["last-modified"].flatMap(HTTPDate.seconds) ?? 0
        return ObjectInfo(
            version: version(tag: tag, token: token), byteCount: byteCount,
            modifiedNanoseconds: seconds * 1_000_000_000, attributes: attributes)
    }

    /// The version: the ETag, so that the service can check it, and the token, so that it never comes back.
    static func version(tag: String, token: String) -> Version {
        let bare = tag.utf8.filter { $0 != UInt8(ascii: "\"") }
        // An ETag of a stranger's may be of any length.
        let short = bare.count <= 128 ? bare : Array(Digest.hexadecimal(Digest.sha256(bare)).utf8)
        let known =
            token.utf8.count <= 64 ? token : Digest.hexadecimal(Digest.sha256(Array(token.utf8)))
        return Version(token: short + Array(".".utf8) + Array(known.utf8))
    }

    /// The ETag that alone tells whether an object still has a version; `nil` where a look is needed,
    /// because the same bytes could have been written again.
    static func uniqueTag(of version: Version) -> String? {
        let parts = version.token.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].starts(with: uniqueMark.utf8),
            parts[1].count == 1 + randomTokenByteCount, (1...128).contains(parts[0].count),
            parts[0].allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return "\"\(String(decoding: parts[0], as: UTF8.self))\""
    }
}

/// An object as it is now.
struct Found {
    let info: ObjectInfo
    /// The ETag as the service writes it.
    let tag: String

    init(_ response: HTTPResponse, byteCount: UInt64) throws(DriverError) {
        info = try Stamp.info(response, byteCount: byteCount)
        tag = response["etag"] ?? ""
    }
}
