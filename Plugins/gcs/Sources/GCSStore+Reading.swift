internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON
internal import SharedObjects

extension GCSStore {
    func head(_ key: ObjectKey, _ call: Call) throws(DriverError) -> ObjectInfo {
        guard let found = try find(key, call) else { throw notFound(key) }
        return found.info
    }

    func get(
        _ key: ObjectKey, _ range: ByteRange, into sink: ObjectSink, _ call: Call
    ) throws(DriverError) {
        while true {
            guard let found = try find(key, call) else { throw notFound(key) }
            let span = range.clamped(to: found.info.byteCount)
            if span.isEmpty { return try sink.begin(found.info) }
            let download = Download(service, key, names.key(key), found, span, into: sink, call)
            if try download.run() { return }
            // Somebody replaced the object between the two requests; nothing was sent, so start again.
            try call.check()
        }
    }

    /// What the service says of an object; `nil` when there is none.
    func find(_ key: ObjectKey, _ call: Call) throws(DriverError) -> Resource? {
        let name = names.key(key)
        let request = HTTPRequest("GET", service.url(name, [("fields", Resource.fields)]))
        do throws(ServiceFailure) {
            let document = try service.document(request, call)
            do throws(DriverError) {
                return try Resource(document, name)
            } catch {
                throw ServiceFailure(error)
            }
        } catch {
            if error.isMissingObject { return nil }
            throw error.ofRead.during("cannot read \(key.shown) in \(service.shown)")
        }
    }

    private func notFound(_ key: ObjectKey) -> DriverError {
        DriverError(.notFound, "there is no \(key.shown) in \(service.shown)")
    }
}

extension ServiceFailure {
    /// The error of something that changes nothing.
    var ofRead: DriverError {
        var error = error
        error.applied = .no
        return error
    }
}
