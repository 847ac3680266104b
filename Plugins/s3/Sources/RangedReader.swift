internal import HoldfastDriver
internal import SharedHTTP

/// Reads an object, or a range of it: a first piece, then the others side by side.
///
/// All pieces are of the version of the first one, because each of the others asks for its ETag. They are
/// held in memory until those before them were handed over. Where the first one comes so fast that the way to
/// the service is not what takes the time, the rest comes in one request, and nothing of it is held.
struct RangedReader {
    /// The bytes of a piece.
    private static let pieceByteCount: UInt64 = 8 << 20
    /// The most pieces in memory.
    private static let window = 5
    /// How often a piece is asked for: reading is harmless to repeat.
    private static let tries = 4
    /// Bytes in a microsecond from which on one stream is enough.
    private static let fastRate: Int64 = 400

    private let service: Service
    private let key: ObjectKey
    private let range: ByteRange
    private let sink: ObjectSink
    private let call: Call

    init(
        _ service: Service, _ key: ObjectKey, _ range: ByteRange, _ sink: ObjectSink, _ call: Call
    ) {
        self.service = service
        self.key = key
        self.range = range
        self.sink = sink
        self.call = call
    }

    func read() throws(DriverError) {
        let started = monotonicNanoseconds()
        guard let (found, first) = try readFirst() else { return }
        var next = first
        let end = range.clamped(to: found.info.byteCount).upperBound
        let microseconds = (monotonicNanoseconds() - started) / 1000 + 1
        if next < end, Int64(first - range.offset) / microseconds >= Self.fastRate {
            next = try readStream(next..<end, found)
        }
        if next < end { try readRest(next..<end, found) }
    }

    /// Reads bytes in one stream.
    ///
    /// - Returns: The first byte that is still missing, after a failure that may pass.
    private func readStream(
        _ bytes: Range<UInt64>, _ found: Found
    ) throws(DriverError) -> UInt64 {
        let stream = Stream(bytes, sink, call)
        do throws(ServiceFailure) {
            _ = try service.perform(request(bytes, ofTag: found.tag), call) {
                response, span throws(DriverError) in
                guard response.status == 206, try stream.take(span) else { throw otherRange }
            }
        } catch {
            if let failure = stream.failure { throw failure }
            guard error.isPassing, !call.isOver else { throw readFailure(error) }
        }
        return stream.next
    }

    private var otherRange: DriverError {
        DriverError(.io, "\(key.shown): the service sent another range than asked for")
    }

    private func readFailure(_ failure: ServiceFailure) -> DriverError {
        guard failure.isCondition || failure.isMissing || failure.status == 416 else {
            return failure.error
        }
        return DriverError(
            .conflict, "\(key.shown) was replaced or removed while it was read",
            retry: .same(afterNanoseconds: 0))
    }

    private func request(_ bytes: Range<UInt64>, ofTag tag: String?) -> ServiceRequest {
        var request = ServiceRequest(.get, "GET", key: service.key(key))
        request.shown = key.shown
        request.headers = [("Range", "bytes=\(bytes.lowerBound)-\(bytes.upperBound - 1)")]
        if let tag {
            request.headers.append(("If-Match", tag))
            // The first piece is often the only one, and small.
            request.isBulk = true
        }
        return request
    }

    /// Reads the first piece, or everything where the service knows no ranges.
    ///
    /// Returns: the object and the first byte that is missing; `nil` when all is done.
    private func readFirst() throws(DriverError) -> (Found, UInt64)? {
        let count = min(range.length, Self.pieceByteCount)
        let (end, isOver) = range.offset.addingReportingOverflow(count)
        // Services compute with signed numbers; no object reaches so far.
        guard !isOver, end < 1 << 62 else { return try begin() }
        let start = FirstPiece(range, sink, call)
        let response: HTTPResponse
        do throws(ServiceFailure) {
            response = try service.perform(request(range.offset..<end, ofTag: nil), call) {
                response, span throws(DriverError) in
                try start.take(response, span)
            }
        } catch {
            if error.isMissing { throw S3Store.missing(key) }
            // Past the end there are no bytes, and no error.
            if error.status == 416 { return try begin() }
            throw error.error
        }
        let found = try start.end(response)
        return response.status == 206 ? (found, start.next) : nil
    }

    /// Sends the information of an object without any of its bytes.
    private func begin() throws(DriverError) -> (Found, UInt64)? {
        do throws(ServiceFailure) {
            let response = try service.perform(
                ServiceRequest(.head, "HEAD", key: service.key(key)), call)
            try pass { () throws(DriverError) in try sink.begin(S3Store.foundInfo(response)) }
        } catch {
            throw error.isMissing ? S3Store.missing(key) : error.error
        }
        return nil
    }

    private func pass(_ body: () throws(DriverError) -> Void) throws(ServiceFailure) {
        do throws(DriverError) { try body() } catch { throw ServiceFailure(error) }
    }

    private func readRest(_ bytes: Range<UInt64>, _ found: Found) throws(DriverError) {
        let line = PieceLine(bytes, Self.pieceByteCount, window: Self.window)
        try service.performAll(most: Self.window, call) { () throws(DriverError) in
            guard let piece = line.start() else { return nil }
            return ServiceExchange(request: request(piece.bytes, ofTag: found.tag)) {
                response, span throws(DriverError) in
                // A service that ignores the range would otherwise fill the memory.
                guard response.status == 206, piece.take(span) else { throw otherRange }
            } completion: { result throws(DriverError) in
                try arrived(piece, result)
                try line.handOver(to: sink, call)
            }
        }
    }

    private func arrived(
        _ piece: Piece, _ result: Result<HTTPResponse, ServiceFailure>
    ) throws(DriverError) {
        switch result {
        case .success:
            guard piece.isWhole else {
                throw DriverError(.io, "\(key.shown): the service sent fewer bytes than asked for")
            }
            piece.state = .here
        case .failure(let failure):
            piece.tries += 1
            guard failure.isPassing, piece.tries < Self.tries else { throw readFailure(failure) }
            // The others go on meanwhile only as far as the window lets them; a short pause is enough.
            guard call.pause(50_000_000 << piece.tries) else {
                throw call.overError("reading \(key.shown)", applied: .no)
            }
            piece.again()
        }
    }
}

extension S3Store {
    /// What the head of an answer to a HEAD tells.
    static func foundInfo(_ response: HTTPResponse) throws(DriverError) -> ObjectInfo {
        do throws(ServiceFailure) { return try found(response).info } catch { throw error.error }
    }
}
