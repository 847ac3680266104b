internal import HoldfastDriver
internal import SharedHTTP

/// Sends a span of one generation of an object to a sink, in order.
///
/// Reading harms nothing, so that a download whose connection breaks goes on where it was.
final class Download {
    /// The bytes of one of several requests at once, and from how many on there are several.
    private static let pieceByteCount: UInt64 = 8 << 20
    private static let parallelByteCount: UInt64 = 16 << 20
    /// The most requests at once, and with them the most bytes in memory.
    private static let requestCount = 4
    /// The most bytes that the sink gets at once.
    private static let sliceByteCount = 1 << 16
    /// The most tries without a single byte.
    private static let tryCount = 5

    private let service: Service
    private let key: ObjectKey
    private let url: String
    private let found: Resource
    private let span: Range<UInt64>
    private let sink: ObjectSink
    private let call: Call
    /// How far the sink has got.
    private var position: UInt64
    private var hasBegun = false
    private var sum = Checksum()
    private var usesPieces = true
    /// Pieces that came before those in front of them.
    private var early: [UInt64: [UInt8]] = [:]

    init(
        _ service: Service, _ key: ObjectKey, _ name: String, _ found: Resource,
        _ span: Range<UInt64>, into sink: ObjectSink, _ call: Call
    ) {
        self.service = service
        self.key = key
        url = service.url(name, [("alt", "media"), ("generation", found.generation)])
        self.found = found
        self.span = span
        self.sink = sink
        self.call = call
        position = span.lowerBound
    }

    /// Does it.
    ///
    /// - Returns: `false` when the generation was gone before anything was sent.
    func run() throws(DriverError) -> Bool {
        var fruitless = 0
        while position < span.upperBound {
            let before = position
            do throws(ServiceFailure) {
                try usesPieces && span.upperBound - position > Self.parallelByteCount
                    ? fetchPieces() : fetchRest()
            } catch {
                if error.isMissingObject, !hasBegun { return false }
                fruitless = position > before ? 0 : fruitless + 1
                try goOn(after: error, fruitless)
            }
        }
        try checkSum()
        return true
    }

    /// Waits before another try, or throws what there is no try after.
    private func goOn(after failure: ServiceFailure, _ fruitless: Int) throws(DriverError) {
        let action = "cannot read \(key.shown) in \(service.shown)"
        if failure.isMissingObject {
            throw DriverError(
                .conflict, "\(key.shown) was replaced while it was being read",
                retry: .same(afterNanoseconds: 0))
        }
        if failure.status == 401, usesPieces {
            // One request at a time gets itself a new token.
            usesPieces = false
            return
        }
        let error = failure.ofRead.during(action)
        // Before the first byte of a small object the caller can begin anew as well, and may not want to.
        let isUnderWay = hasBegun || UInt64(span.count) > Self.parallelByteCount
        guard isUnderWay, failure.isPassing, fruitless < Self.tryCount,
            case .same(let least) = error.retry
        else { throw error }
        let pause = max(Int64(clamping: least), 50_000_000 << fruitless)
        guard pause < call.remainingNanoseconds, call.pause(pause) else { throw error }
    }

    // MARK: - Requests

    private func request(_ range: Range<UInt64>) -> HTTPRequest {
        // Without this header the service would unpack what others stored packed.
        var request = HTTPRequest("GET", url, headers: [("Accept-Encoding", "gzip")])
        if range != 0..<found.info.byteCount {
            request.headers.append(
                ("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"))
        }
        return request
    }

    private func fetchRest() throws(ServiceFailure) {
        let isWhole = position == 0 && span.upperBound == found.info.byteCount
        _ = try service.send(request(position..<span.upperBound), call) {
            [self] response, bytes throws(DriverError) in
            guard response.status == (isWhole ? 200 : 206) || isWhole else { throw ignoredRange }
            try deliver(bytes)
        }
        guard position == span.upperBound else { throw ServiceFailure(tooShort) }
    }

    private func fetchPieces() throws(ServiceFailure) {
        early = [:]
        var next = position
        var failure: ServiceFailure?
        do throws(DriverError) {
            try service.sendAll(most: Self.requestCount, call) { [self] () throws(DriverError) in
                let ahead = UInt64(Self.requestCount) * Self.pieceByteCount
                guard next < span.upperBound, next < position + ahead else { return nil }
                let range = next..<min(next + Self.pieceByteCount, span.upperBound)
                next = range.upperBound
                return (
                    request(range), Int(Self.pieceByteCount),
                    { [self] result throws(DriverError) in
                        switch result {
                        case .success(let response): try take(response, range)
                        case .failure(let found):
                            failure = found
                            throw found.error
                        }
                    }
                )
            }
        } catch {
            throw failure ?? ServiceFailure(error)
        }
    }

    private func take(_ response: HTTPResponse, _ range: Range<UInt64>) throws(DriverError) {
        guard response.status == 206 else { throw ignoredRange }
        guard response.body.count == Int(range.upperBound - range.lowerBound) else {
            throw tooShort
        }
        early[range.lowerBound] = response.body
        while let piece = early.removeValue(forKey: position) {
            try unsafe deliver(piece.span.bytes)
        }
    }

    private func deliver(_ bytes: RawSpan) throws(DriverError) {
        guard UInt64(bytes.byteCount) <= span.upperBound - position else { throw ignoredRange }
        if !hasBegun {
            hasBegun = true
            try sink.begin(found.info)
        }
        sum.add(bytes)
        var rest = bytes
        while rest.byteCount > 0 {
            // A consumer may be slow, and the call be over meanwhile.
            try call.check()
            let count = min(rest.byteCount, Self.sliceByteCount)
            try sink.write(rest.extracting(first: count))
            position += UInt64(count)
            rest = rest.extracting(droppingFirst: count)
        }
    }

    // MARK: - What can be wrong

    private func checkSum() throws(DriverError) {
        guard span == 0..<found.info.byteCount, let wanted = found.sum, wanted != sum.text else {
            return
        }
        throw DriverError(
            .io, "\(key.shown) was damaged on its way from \(service.shown)",
            retry: .same(afterNanoseconds: 0), vendorName: "crc32c")
    }

    private var ignoredRange: DriverError {
        DriverError(.io, "\(service.shown) sent other bytes of \(key.shown) than it was asked for")
    }

    private var tooShort: DriverError {
        DriverError(
            .unavailable, "\(service.shown) sent fewer bytes of \(key.shown) than it was asked for",
            retry: .same(afterNanoseconds: 50_000_000))
    }
}
