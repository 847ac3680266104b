internal import HoldfastDriver
internal import SharedAzure
internal import SharedHTTP
internal import SharedObjects

/// What the service tells of a blob, as the interface has it.
enum BlobInfo {
    /// The metadata under which a blob has its object's attributes.
    static let attributes = "holdfast"
    /// The service allows 8 KB for all metadata of a blob.
    static let attributeByteCount = 7900

    /// The information in the headers of an answer.
    ///
    /// - Parameters:
    ///   - response: The answer to a read or a write.
    ///   - byteCount: The blob's length.
    /// - Returns: What is known of the object.
    /// - Throws: ``DriverError`` when the answer is not the service's.
    static func of(
        _ response: HTTPResponse, byteCount: UInt64
    ) throws(DriverError) -> ObjectInfo {
        guard let tag = response["etag"], let version = version(tag) else { throw unreadable }
        return ObjectInfo(
            version: version, byteCount: byteCount,
            modifiedNanoseconds: nanoseconds(response["last-modified"]),
            attributes: attributes(response["x-ms-meta-\(attributes)"]))
    }

    /// The length of the whole blob, from the answer to a read of a part or of its head.
    static func byteCount(_ response: HTTPResponse) throws(DriverError) -> UInt64 {
        let text =
            response["content-range"].map { $0.split(separator: "/").last.map { String($0) } ?? "" }
            ?? response["content-length"]
        guard let count = text.flatMap({ UInt64($0) }) else { throw unreadable }
        return count
    }

    /// The version of a blob's tag, with or without quotation marks.
    static func version(_ tag: String) -> Version? {
        let text = tag.utf8.filter { $0 != UInt8(ascii: "\"") }
        return (1...200).contains(text.count) ? Version(token: text) : nil
    }

    /// The tag of a version; `nil` when no blob can have had it.
    static func tag(_ version: Version) -> String? {
        let isTag = version.token.allSatisfy { byte in
            byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: ",")
                && byte != UInt8(ascii: "*")
        }
        return isTag ? "\"" + String(decoding: version.token, as: UTF8.self) + "\"" : nil
    }

    /// The attributes in a metadata's value; none where another tool made it.
    static func attributes(_ value: String?) -> [Attribute] {
        value.flatMap { [Attribute](headerValue: $0) } ?? []
    }

    /// The time of a `Last-Modified`, 0 for none.
    static func nanoseconds(_ date: String?) -> Int64 {
        (date.flatMap { HTTPDate.seconds($0) } ?? 0) * 1_000_000_000
    }

    static let unreadable = DriverError(
        .io, "the answer is not that of the Blob service: check the endpoint", applied: .unknown)
}
