internal import HoldfastDriver
internal import SharedHTTP

extension AzureBlobStore {
    /// The bytes of one request of a read: what is not longer takes one.
    private static var pieceByteCount: UInt64 { 4 << 20 }

    func head(_ key: ObjectKey, _ call: Call) throws(DriverError) -> ObjectInfo {
        guard let info = try find(key, call) else { throw notFound(key) }
        return info
    }

    /// The information of an object; `nil` when there is none.
    func find(_ key: ObjectKey, _ call: Call) throws(DriverError) -> ObjectInfo? {
        let response: HTTPResponse
        do throws(ServiceFailure) {
            response = try service.send(Service.Action("HEAD", try blobName(key)), call)
        } catch {
            if error.isNoBlob { return nil }
            throw error.ofRead.during("cannot read \(key.shown) in \(service.shown)")
        }
        do throws(DriverError) {
            return try BlobInfo.of(response, byteCount: try BlobInfo.byteCount(response))
        } catch {
            throw error.ofRead
        }
    }

    func get(
        _ key: ObjectKey, _ range: ByteRange, into sink: ObjectSink, _ call: Call
    ) throws(DriverError) {
        guard range.length > 0 else { return try sink.begin(try head(key, call)) }
        let first = FirstPiece(range, most: Self.pieceByteCount, sink)
        do throws(ServiceFailure) {
            try first.read(try blobName(key), service, call)
        } catch {
            if error.isNoBlob { throw notFound(key) }
            // An empty blob has no first byte either.
            if error.isNoRange, first.info == nil {
                return try sink.begin(try head(key, call))
            }
            guard error.isPassing, !call.isOver, first.info != nil else {
                throw error.ofRead.during("cannot read \(key.shown) in \(service.shown)")
            }
        }
        guard let info = first.info else { throw BlobInfo.unreadable.ofRead }
        let span = range.clamped(to: info.byteCount)
        if first.position < span.upperBound {
            let rest = RangedRead(
                try blob(key), info.version, first.position..<span.upperBound,
                pieceByteCount: Self.pieceByteCount)
            do throws(DriverError) {
                try rest.run(service, sink, call)
            } catch {
                throw error.ofRead.during("cannot read \(key.shown) in \(service.shown)")
            }
        }
    }

    /// The name of the blob of an object, where only failures of the service are expected.
    func blobName(_ key: ObjectKey) throws(ServiceFailure) -> String {
        do throws(DriverError) { return try blob(key) } catch { throw ServiceFailure(error) }
    }
}

/// The first request of a read: it brings the information, and for most objects all bytes.
private final class FirstPiece {
    private let range: ByteRange
    private let most: UInt64
    private let sink: ObjectSink
    /// The information, once the sink has it.
    private(set) var info: ObjectInfo?
    /// The first byte that the sink does not have.
    private(set) var position: UInt64

    init(_ range: ByteRange, most: UInt64, _ sink: ObjectSink) {
        self.range = range
        self.most = most
        self.sink = sink
        position = range.offset
    }

    func read(_ blob: String, _ service: Service, _ call: Call) throws(ServiceFailure) {
        var action = Service.Action("GET", blob)
        let (end, isPast) = range.offset.addingReportingOverflow(min(range.length, most) - 1)
        action.headers = [
            ("x-ms-range", "bytes=\(range.offset)-\(isPast ? UInt64(Int64.max) : end)")
        ]
        let response = try service.send(action, call) { response, span throws(DriverError) in
            try call.check()
            try self.begin(response)
            try self.sink.write(span)
            self.position += UInt64(span.byteCount)
        }
        do throws(DriverError) { try begin(response) } catch { throw ServiceFailure(error) }
    }

    private func begin(_ response: HTTPResponse) throws(DriverError) {
        guard info == nil else { return }
        guard response.status == 206 else { throw BlobInfo.unreadable }
        let info = try BlobInfo.of(response, byteCount: try BlobInfo.byteCount(response))
        self.info = info
        try sink.begin(info)
    }
}
