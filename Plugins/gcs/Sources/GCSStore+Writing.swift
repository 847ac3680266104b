internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON
internal import SharedObjects

extension GCSStore {
    func put(
        _ request: PutRequest, from source: ObjectSource, _ call: Call
    ) throws(DriverError) -> ObjectInfo {
        try call.check()
        guard let condition = request.condition.query else {
            throw refusal(request.condition, request.key, call)
        }
        if let length = source.length, length > Self.maximumByteCount { throw Self.tooLarge }
        let upload = try NewObject(service, names.key(request.key), request, condition)
        let action = "cannot write \(request.key.shown) in \(service.shown)"
        do throws(ServiceFailure) {
            return try write(upload, source, call).info
        } catch {
            if error.isCondition { throw refusal(request.condition, request.key, call) }
            throw error.error.during(action)
        }
    }

    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(DriverError) {
        try call.check()
        guard condition != .absent else {
            throw DriverError(.invalid, "an object cannot be removed under the condition absent")
        }
        guard let query = condition.query else { throw refusal(condition, key, call) }
        let request = HTTPRequest("DELETE", service.url(names.key(key), query))
        do throws(ServiceFailure) {
            _ = try service.send(request, call)
        } catch {
            if error.isMissingObject, condition == .none { return }
            if error.isMissingObject || error.isCondition {
                throw refusal(condition, key, call)
            }
            throw error.error.during("cannot remove \(key.shown) in \(service.shown)")
        }
    }

    /// Writes an object: in one request where it is small, in pieces where it is not.
    private func write(
        _ upload: NewObject, _ source: ObjectSource, _ call: Call
    ) throws(ServiceFailure) -> Resource {
        var reader = PieceReader(source, call)
        let first: [UInt8]
        let isLarge: Bool
        do throws(DriverError) {
            first = try reader.next(ResumableUpload.pieceByteCount)
            isLarge = try reader.hasMore()
        } catch {
            throw ServiceFailure(error)
        }
        guard isLarge else { return try upload.putWhole(first, call) }
        var resumable = try ResumableUpload(upload, length: source.length, call)
        return try resumable.run(first, &reader)
    }

    static let tooLarge = DriverError(.tooLarge, "the object is over the service's limit of 5 TiB")
}
