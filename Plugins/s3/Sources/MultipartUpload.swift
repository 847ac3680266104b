internal import HoldfastDriver
internal import SharedHTTP
internal import SharedObjects
internal import SharedXML

/// A large object that is sent in parts, several at once; nobody sees any of it before it is complete.
struct MultipartUpload {
    /// The most parts in memory.
    private static let window = 4
    /// How often a part is sent: the same part again replaces itself.
    private static let tries = 5
    private static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

    private let service: Service
    private let write: Write

    init(_ service: Service, _ write: Write) {
        self.service = service
        self.write = write
    }

    /// Sends an object.
    ///
    /// - Parameters:
    ///   - first: The bytes of its first part.
    ///   - reader: The rest of them.
    ///   - call: The call.
    /// - Returns: The new information.
    /// - Throws: ``DriverError``; then the parts are taken away, now or by a collector.
    func send(
        _ first: [UInt8], _ reader: inout PieceReader, _ call: Call
    ) throws(DriverError) -> ObjectInfo {
        let id = try begin(call)
        do throws(DriverError) {
            let parts = try hidden { () throws(DriverError) in
                try sendParts(id, first, &reader, call)
            }
            return try complete(id, parts, reader.byteCount, call)
        } catch {
            // Where nobody knows whether it was completed, the parts may be the object.
            if error.applied == .no { abort(id) }
            throw error
        }
    }

    /// Does what nobody sees: whatever became of it, no object was changed.
    private func hidden<Result>(_ body: () throws(DriverError) -> Result) throws(DriverError)
        -> Result
    {
        do throws(DriverError) {
            return try body()
        } catch {
            var error = error
            error.applied = .no
            throw error
        }
    }

    private func begin(_ call: Call) throws(DriverError) -> String {
        var request = ServiceRequest(.begin, "POST", key: write.name)
        request.shown = write.key.shown
        request.query = [("uploads", "")]
        request.headers = write.objectHeaders(service) + service.uploadHeaders
        do throws(ServiceFailure) {
            let answer = try service.perform(request, call)
            guard let id = try? XMLElement(answer.body).text("UploadId"), !id.isEmpty else {
                throw ServiceFailure(DriverError(.io, "the service named no upload"), .begin)
            }
            return id
        } catch {
            throw error.error
        }
    }

    private func sendParts(
        _ id: String, _ first: [UInt8], _ reader: inout PieceReader, _ call: Call
    ) throws(DriverError) -> [Part] {
        let hashes = service.sendsChecksums ? nil : PartHashes()
        defer { hashes?.end() }
        let parts = PartList(first, reader, hashes)
        try service.performAll(most: Self.window, call) { () throws(DriverError) in
            guard let part = try parts.next() else { return nil }
            return ServiceExchange(request: request(part, of: id)) { result throws(DriverError) in
                try sent(part, result, parts, call)
            }
        }
        reader = parts.reader
        return parts.sent.sorted { $0.number < $1.number }
    }

    private func request(_ part: Part, of id: String) -> ServiceRequest {
        var request = ServiceRequest(.part, "PUT", key: write.name)
        request.shown = "part \(part.number) of \(write.key.shown)"
        request.query = [("partNumber", String(part.number)), ("uploadId", id)]
        request.body = .bytes(part.bytes)
        request.payloadHash = part.hash
        request.isBulk = true
        return request
    }

    private func sent(
        _ part: Part, _ result: Result<HTTPResponse, ServiceFailure>, _ parts: PartList,
        _ call: Call
    ) throws(DriverError) {
        switch result {
        case .success(let response):
            guard let tag = response["etag"], !tag.isEmpty else {
                throw DriverError(.io, "the service sent no ETag of part \(part.number)")
            }
            service.complete(part, tag: tag)
            parts.isSent(part)
        case .failure(let failure):
            part.tries += 1
            if failure.isMissing { throw Self.collected }
            guard failure.isPassing || failure.error.code == .io, part.tries < Self.tries else {
                throw failure.error
            }
            guard call.pause(50_000_000 << part.tries) else {
                throw call.overError("writing \(write.key.shown)", applied: .no)
            }
            parts.again(part)
        }
    }

    private func complete(
        _ id: String, _ parts: [Part], _ byteCount: UInt64, _ call: Call
    ) throws(DriverError) -> ObjectInfo {
        var request = write.request(.complete, "POST")
        request.query = [("uploadId", id)]
        let body = parts.map(\.xml).joined()
        request.body = .bytes(
            Array(
                "<CompleteMultipartUpload xmlns=\"\(Self.namespace)\">\(body)</CompleteMultipartUpload>"
                    .utf8))
        do throws(ServiceFailure) {
            let response = try service.perform(request, call)
            // A success may begin before the service knows how it ends, and then say that it failed.
            let body = response.body.drop { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
            let document = try? XMLElement(Array(body))
            if document?.name == "Error" {
                throw ServiceFailure(response, document: document, request, service)
            }
            guard let document, let tag = document.text("ETag") else {
                throw ServiceFailure(
                    DriverError(.io, "the answer cannot be read", applied: .unknown), .complete)
            }
            let known = tag.isEmpty ? try lookForTag(call) : tag
            return write.info(tag: known, byteCount: byteCount, response)
        } catch {
            if error.name == "NoSuchUpload" { throw Self.collected }
            throw error.refusal(write.condition, write.key)
        }
    }

    /// The ETag of the object that is complete, for services such as Ceph that do not tell it then.
    ///
    /// Returns: nothing where somebody was faster: then the version is one that the object had, and has no more.
    private func lookForTag(_ call: Call) throws(ServiceFailure) -> String {
        do throws(ServiceFailure) {
            let now = try service.perform(ServiceRequest(.head, "HEAD", key: write.name), call)
            return write.isOwn(now) ? now["etag"] ?? "" : ""
        } catch {
            if error.isMissing { return "" }
            var failure = error
            failure.error.applied = .yes
            throw failure
        }
    }

    /// Takes the parts away; what fails here is left to the collector.
    private func abort(_ id: String) {
        var request = ServiceRequest(.abort, "DELETE", key: write.name)
        request.query = [("uploadId", id)]
        _ = try? service.perform(request, GraceControl())
    }

    static let collected = DriverError(
        .conflict, "the upload was removed as abandoned before it was complete",
        retry: .same(afterNanoseconds: 0))
}

/// The short time in which a call that is over may still clean up behind itself.
struct GraceControl: CallControl {
    private let end = monotonicNanoseconds() + 400_000_000

    var isOver: Bool { remainingNanoseconds == 0 }
    var remainingNanoseconds: Int64 { max(0, end - monotonicNanoseconds()) }
}
