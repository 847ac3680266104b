internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON
internal import SharedObjects

/// What a put makes: a name, what goes with the bytes, and under which condition.
struct NewObject {
    /// The most bytes of the metadata; with its key the service takes 8 KiB.
    private static let metadataByteCount = 8000

    let service: Service
    let name: String
    private let condition: [(String, String)]
    private let members: [String: JSONValue]
    private let contentType: String

    init(
        _ service: Service, _ name: String, _ request: PutRequest, _ condition: [(String, String)]
    ) throws(DriverError) {
        self.service = service
        self.name = name
        self.condition = condition
        // Browsers and Google's own tools show what they know as text.
        contentType = name.hasSuffix(".json") ? "application/json" : "application/octet-stream"
        var members: [String: JSONValue] = ["contentType": .string(contentType)]
        if !request.attributes.isEmpty {
            guard let text = request.attributes.headerValue(most: Self.metadataByteCount) else {
                throw DriverError(.tooLarge, "the attributes are more than the service keeps")
            }
            members["metadata"] = .object([Resource.attributesKey: .string(text)])
        }
        self.members = members
    }

    private func url(_ kind: String, _ more: [(String, String)] = []) -> String {
        service.url(nil, upload: true, [("uploadType", kind), ("name", name)] + condition + more)
    }

    /// Writes all bytes in one request, which the service does wholly or not at all.
    func putWhole(_ bytes: [UInt8], _ call: Call) throws(ServiceFailure) -> Resource {
        var sum = Checksum()
        unsafe sum.add(bytes.span.bytes)
        let members = members.merging(["crc32c": .string(sum.text)]) { $1 }
        let boundary = "holdfast-\(UInt64.random(in: 0 ... .max))-\(UInt64.random(in: 0 ... .max))"
        let between = "\r\n--\(boundary)\r\nContent-Type: \(contentType)\r\n\r\n"
        var body = Array(
            "--\(boundary)\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n".utf8)
        body.reserveCapacity(bytes.count + 16_384)
        body += JSONValue.object(members).bytes
        body += Array(between.utf8)
        body += bytes
        body += Array("\r\n--\(boundary)--\r\n".utf8)
        let request = HTTPRequest(
            "POST", url("multipart", [("fields", Resource.fields)]),
            headers: [("Content-Type", "multipart/related; boundary=\(boundary)")],
            body: .bytes(body))
        return try resource(try service.document(request, call), UInt64(bytes.count), sum)
    }

    /// Begins an upload in pieces.
    ///
    /// - Parameters:
    ///   - length: The bytes in all; `nil` when nobody knows yet.
    ///   - call: The call.
    /// - Returns: The address of the upload's session.
    /// - Throws: ``ServiceFailure``.
    func begin(_ length: UInt64?, _ call: Call) throws(ServiceFailure) -> String {
        var request = HTTPRequest(
            "POST", url("resumable"),
            headers: [
                ("Content-Type", "application/json; charset=UTF-8"),
                ("X-Upload-Content-Type", contentType),
            ], body: .bytes(JSONValue.object(members).bytes))
        if let length { request.headers.append(("X-Upload-Content-Length", String(length))) }
        guard let address = try service.send(request, call)["location"] else {
            throw ServiceFailure(DriverError(.io, "the service began an upload without an address"))
        }
        return address
    }

    /// Reads the service's answer to a write, and compares what it stored with what was sent.
    func resource(
        _ document: JSONValue, _ byteCount: UInt64, _ sum: Checksum
    ) throws(ServiceFailure) -> Resource {
        let made: Resource
        do throws(DriverError) {
            made = try Resource(document, name)
        } catch {
            throw ServiceFailure(error)
        }
        guard made.info.byteCount == byteCount, made.sum ?? sum.text == sum.text else {
            throw ServiceFailure(
                DriverError(
                    .io, "the service stored other bytes than were sent", applied: .unknown,
                    vendorName: "crc32c"))
        }
        return made
    }
}
