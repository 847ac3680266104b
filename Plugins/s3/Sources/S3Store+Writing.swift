internal import HoldfastDriver
internal import SharedHTTP
internal import SharedObjects

extension S3Store {
    /// The most bytes that are sent in one request from memory, and the bytes of a part.
    static let partByteCount = 8 << 20
    /// The most bytes that the service takes in one request.
    private static let requestByteCount: UInt64 = 5 << 30

    func put(
        _ request: PutRequest, from source: ObjectSource, _ call: Call
    ) throws(DriverError) -> ObjectInfo {
        if let length = source.length, length > Self.maximumByteCount { throw Self.tooLarge }
        let stamp = try Stamp(request.attributes, isUnique: request.isUnique)
        let write = Write(
            request, name: service.key(request.key), stamp,
            precondition: try precondition(request.condition, request.key, call))
        var reader = PieceReader(source, call)
        let first = try reader.next(Self.partByteCount)
        guard try reader.hasMore() else { return try putWhole(write, .bytes(first), call) }
        // A look before a large transfer may save it; what counts is checked at its end.
        if request.condition == .absent,
            let refusal = request.condition.refusal(of: try look(request.key, call), request.key)
        {
            throw refusal
        }
        guard request.condition == .none || verdict.completion else {
            return try putStreamed(write, first, reader, length: source.length, call)
        }
        let info = try MultipartUpload(service, write).send(first, &reader, call)
        collect(call)
        return info
    }

    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(DriverError) {
        if condition == .absent {
            throw DriverError(
                .invalid, "a removal of \(key.shown) cannot require that it is absent")
        }
        if condition != .none, !verdict.removal {
            throw unsupported("conditional removal", key)
        }
        var request = ServiceRequest(.delete, "DELETE", key: service.key(key))
        request.shown = key.shown
        request.headers = try precondition(condition, key, call)
        do throws(ServiceFailure) {
            _ = try service.perform(request, call)
        } catch {
            if condition == .none, error.isMissing { return }
            throw error.refusal(condition, key)
        }
    }

    /// The headers that hold a write to its condition, after a look at the object where that is needed.
    ///
    /// The service only compares ETags, which come from the bytes. Where those of the wanted version were
    /// unlike any other write's, that is enough. Elsewhere the version's token is compared here; between
    /// that and the write the same bytes could come back: the race that remains.
    private func precondition(
        _ condition: Condition, _ key: ObjectKey, _ call: Call
    ) throws(DriverError) -> [(name: String, value: String)] {
        switch condition {
        case .none: return []
        case .absent:
            guard verdict.absent else { throw unsupported("If-None-Match", key) }
            return [("If-None-Match", "*")]
        case .version:
            guard verdict.version else { throw unsupported("If-Match", key) }
            if case .version(let wanted) = condition, let tag = Stamp.uniqueTag(of: wanted) {
                return [("If-Match", tag)]
            }
            let current = try look(key, call)
            if let refusal = condition.refusal(of: current, key) { throw refusal }
            return [("If-Match", current?.tag ?? "")]
        }
    }

    private func unsupported(_ what: String, _ key: ObjectKey) -> DriverError {
        DriverError(
            .unsupported,
            "\(what) on \(key.shown) is refused: \(verdict.reason)")
    }

    private func putWhole(
        _ write: Write, _ body: HTTPRequest.Body, _ call: Call
    ) throws(DriverError) -> ObjectInfo {
        var request = write.request(.put, "PUT")
        request.headers += write.objectHeaders(service)
        request.body = body
        do throws(ServiceFailure) {
            let response = try service.perform(request, call)
            guard let tag = response["etag"], !tag.isEmpty else {
                throw ServiceFailure(
                    DriverError(.io, "the service sent no ETag", applied: .yes), .put)
            }
            let count: UInt64 =
                switch body {
                case .none: 0
                case .bytes(let bytes): UInt64(bytes.count)
                case .stream(let length, _): length
                }
            return write.info(tag: tag, byteCount: count, response)
        } catch {
            throw error.refusal(write.condition, write.key)
        }
    }

    /// Writes a large object under a condition where the service checks none at the end of an upload.
    private func putStreamed(
        _ write: Write, _ first: [UInt8], _ reader: PieceReader, length: UInt64?, _ call: Call
    ) throws(DriverError) -> ObjectInfo {
        guard let length, length <= Self.requestByteCount else {
            throw DriverError(
                .unsupported,
                "\(write.key.shown): the service does not honour a condition at the end of an upload in"
                    + " parts, and one request takes at most 5 GiB of known length")
        }
        var ahead = first[...]
        var reader = reader
        let body = HTTPRequest.Body.stream(length: length) { span throws(DriverError) in
            guard !ahead.isEmpty else { return try reader.read(into: &span) }
            let piece = ahead.prefix(span.byteCount)
            unsafe span.withUnsafeMutableBytes { unsafe $0.copyBytes(from: piece) }
            ahead = ahead.dropFirst(piece.count)
            return piece.count
        }
        return try putWhole(write, body, call)
    }

    static let tooLarge = DriverError(
        .tooLarge, "the object is over the limit of \(maximumByteCount >> 30) GiB")
}
