internal import HoldfastDriver
internal import SharedHTTP
internal import SharedXML

/// An upload of one small part, to see what its completion does.
struct ScratchUpload {
    private let service: Service
    private let key: String
    private let call: Call

    init(_ service: Service, key: String, _ call: Call) {
        self.service = service
        self.key = key
        self.call = call
    }

    /// Completes an upload under a condition.
    ///
    /// - Parameter condition: A header.
    /// - Returns: `true`; a refusal is thrown.
    /// - Throws: ``ServiceFailure``.
    func complete(under condition: (String, String)) throws(ServiceFailure) -> Bool {
        let id = try begin()
        do throws(ServiceFailure) {
            let part = try sendPart(id)
            var request = ServiceRequest(.complete, "POST", key: key)
            request.query = [("uploadId", id)]
            request.headers = [(name: condition.0, value: condition.1)]
            request.body = .bytes(
                Array("<CompleteMultipartUpload>\(part.xml)</CompleteMultipartUpload>".utf8))
            let response = try service.perform(request, call)
            let document = try? XMLElement(
                Array(response.body.drop { [0x20, 0x09, 0x0a, 0x0d].contains($0) }))
            if document?.name == "Error" {
                throw ServiceFailure(response, document: document, request, service)
            }
            return true
        } catch {
            abort(id)
            throw error
        }
    }

    private func begin() throws(ServiceFailure) -> String {
        var request = ServiceRequest(.begin, "POST", key: key)
        request.query = [("uploads", "")]
        request.headers = service.encryption
        let answer = try service.perform(request, call)
        guard let id = try? XMLElement(answer.body).text("UploadId"), !id.isEmpty else {
            throw ServiceFailure(DriverError(.io, "the service named no upload"), .begin)
        }
        return id
    }

    private func sendPart(_ id: String) throws(ServiceFailure) -> Part {
        let part = Part(1, Array("part".utf8))
        var request = ServiceRequest(.part, "PUT", key: key)
        request.query = [("partNumber", "1"), ("uploadId", id)]
        request.body = .bytes(part.bytes)
        part.tag = try service.perform(request, call)["etag"] ?? ""
        return part
    }

    private func abort(_ id: String) {
        var request = ServiceRequest(.abort, "DELETE", key: key)
        request.query = [("uploadId", id)]
        _ = try? service.perform(request, call)
    }
}
