internal import HoldfastDriver
internal import SharedHTTP

extension S3Store {
    func head(_ key: ObjectKey, _ call: Call) throws(DriverError) -> ObjectInfo {
        guard let found = try look(key, call) else { throw Self.missing(key) }
        return found.info
    }

    func get(
        _ key: ObjectKey, _ range: ByteRange, into sink: ObjectSink, _ call: Call
    ) throws(DriverError) {
        guard range.length > 0 else {
            guard let found = try look(key, call) else { throw Self.missing(key) }
            return try sink.begin(found.info)
        }
        try RangedReader(service, key, range, sink, call).read()
    }

    /// The object as it is now; `nil` when there is none.
    func look(_ key: ObjectKey, _ call: Call) throws(DriverError) -> Found? {
        let name = service.key(key)
        var failure: ServiceFailure
        do throws(ServiceFailure) {
            let response = try service.perform(ServiceRequest(.head, "HEAD", key: name), call)
            return try Self.found(response)
        } catch {
            if error.isMissing { return nil }
            failure = error
        }
        // The answer to a HEAD has no words: a read of one byte says why.
        guard [400, 403].contains(failure.status) else { throw failure.error }
        var request = ServiceRequest(.get, "GET", key: name)
        request.headers = [("Range", "bytes=0-0")]
        do throws(ServiceFailure) {
            _ = try service.perform(request, call)
        } catch {
            failure = error
        }
        throw failure.error
    }

    /// What the head of an answer to a HEAD tells.
    static func found(_ response: HTTPResponse) throws(ServiceFailure) -> Found {
        do throws(DriverError) {
            guard let length = response["content-length"].flatMap({ UInt64($0) }) else {
                throw DriverError(.io, "the service sent an object without its length")
            }
            return try Found(response, byteCount: length)
        } catch {
            throw ServiceFailure(error, .head)
        }
    }

    static func missing(_ key: ObjectKey) -> DriverError {
        DriverError(.notFound, "there is no \(key.shown)")
    }
}

extension ObjectKey {
    /// For messages.
    var shown: String {
        workspace.isEmpty ? "\(collection)/\(path)" : "\(collection)/\(path) of \(workspace)"
    }
}
