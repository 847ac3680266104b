internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON
internal import SharedObjects

/// An upload in pieces, which goes on where it was after a lost piece or answer.
///
/// The object appears with the last piece, under the condition, and a session makes it once at most: so what
/// is repeated here cannot be done twice. A session that is given up ends after a week without a trace.
struct ResumableUpload {
    /// The bytes of a piece, a multiple of the service's 256 KiB; and of an object written in one request.
    static let pieceByteCount = 8 << 20
    /// The most failures in a row.
    private static let tryCount = 8

    private let object: NewObject
    private let call: Call
    private let address: String
    private var sum = Checksum()
    /// The bytes that the service has.
    private var stored: UInt64 = 0
    /// Where the piece in memory begins.
    private var start: UInt64 = 0
    private var piece: [UInt8] = []
    /// The bytes in all, once the end of the source is known.
    private var total: UInt64?
    /// Whether a request that makes the object may have come through.
    private var mayBeDone = false
    private var failures = 0

    /// Begins an upload.
    init(_ object: NewObject, length: UInt64?, _ call: Call) throws(ServiceFailure) {
        self.object = object
        self.call = call
        address = try Self.persistently(call) { () throws(ServiceFailure) in
            // A session that nobody knows of harms nothing.
            try object.begin(length, call)
        }
    }

    /// Sends everything.
    ///
    /// - Parameters:
    ///   - first: The first piece.
    ///   - reader: The rest of the source.
    /// - Returns: The object that was made.
    /// - Throws: ``ServiceFailure``; *applied* in it is true.
    mutating func run(_ first: [UInt8], _ reader: inout PieceReader) throws(ServiceFailure)
        -> Resource
    {
        do throws(ServiceFailure) {
            var next = first
            while true {
                let isLast: Bool
                let following: [UInt8]
                do throws(DriverError) {
                    following = try reader.next(Self.pieceByteCount)
                    isLast = following.isEmpty
                    guard reader.byteCount <= GCSStore.maximumByteCount else {
                        throw GCSStore.tooLarge
                    }
                } catch {
                    throw ServiceFailure(error)
                }
                take(next, isLast: isLast)
                if let made = try sendPiece() { return made }
                next = following
            }
        } catch {
            throw givenUp(error)
        }
    }

    private mutating func take(_ bytes: [UInt8], isLast: Bool) {
        start += UInt64(piece.count)
        piece = bytes
        unsafe sum.add(bytes.span.bytes)
        if isLast { total = end }
    }

    private var end: UInt64 { start + UInt64(piece.count) }

    /// Sends the piece until the service has all of it; after the last one returns the object.
    private mutating func sendPiece() throws(ServiceFailure) -> Resource? {
        failures = 0
        var isSure = true
        while true {
            let answer: HTTPResponse
            do throws(ServiceFailure) {
                answer = isSure ? try sendRest() : try ask()
                isSure = true
            } catch {
                try goOn(after: error)
                isSure = false
                continue
            }
            if answer.isSuccess {
                return try object.resource(
                    try object.service.document(of: answer), total ?? end, sum)
            }
            let before = stored
            try note(answer)
            if stored == end, total == nil { return nil }
            if stored > before { failures = 0 } else { try countFailure() }
        }
    }

    /// Sends what the service does not have of the piece.
    private mutating func sendRest() throws(ServiceFailure) -> HTTPResponse {
        let rest = stored == start ? piece : Array(piece[Int(stored - start)...])
        let whole = total.map { String($0) } ?? "*"
        let span = rest.isEmpty ? "*" : "\(stored)-\(end - 1)"
        var request = HTTPRequest(
            "PUT", address, headers: [("Content-Range", "bytes \(span)/\(whole)")],
            body: rest.isEmpty ? .none : .bytes(rest))
        if total != nil { request.headers.append(("X-Goog-Hash", "crc32c=\(sum.text)")) }
        do throws(ServiceFailure) {
            return try object.service.sendToSession(request, call)
        } catch {
            if total != nil, error.error.applied == .unknown { mayBeDone = true }
            throw error
        }
    }

    /// Asks how far the upload is; it is over where the object has been made.
    private mutating func ask() throws(ServiceFailure) -> HTTPResponse {
        let whole = total.map { String($0) } ?? "*"
        // Where the service has everything, the question makes the object.
        if total != nil { mayBeDone = true }
        return try object.service.sendToSession(
            HTTPRequest("PUT", address, headers: [("Content-Range", "bytes */\(whole)")]), call)
    }

    /// Takes note of what the service has by now.
    private mutating func note(_ answer: HTTPResponse) throws(ServiceFailure) {
        var has: UInt64 = 0
        if let range = answer["range"] {
            guard let last = range.split(separator: "-").last.flatMap({ UInt64($0) }),
                range.hasPrefix("bytes=0-"), last < end
            else { throw ServiceFailure(Self.strange) }
            has = last + 1
        }
        // What it said that it has must stay: it is no longer in memory.
        guard has >= start else { throw ServiceFailure(Self.strange) }
        stored = has
        // The object is made by the answer that is not this one.
        mayBeDone = false
    }

    // MARK: - Failures

    private mutating func countFailure() throws(ServiceFailure) {
        failures += 1
        guard failures < Self.tryCount else {
            throw ServiceFailure(
                DriverError(
                    .unavailable, "the service takes no more of the upload",
                    retry: .same(afterNanoseconds: 1_000_000_000)))
        }
    }

    private mutating func goOn(after failure: ServiceFailure) throws(ServiceFailure) {
        if failure.status == 404 || failure.status == 410 {
            throw ServiceFailure(
                DriverError(
                    .unavailable, "the service gave the upload up before it was complete",
                    retry: .same(afterNanoseconds: 0), vendorCode: Int64(failure.status)))
        }
        failures += 1
        guard failures < Self.tryCount, Self.pause(after: failure, failures, call) else {
            throw failure
        }
    }

    /// Says truthfully whether the object may have been made, and ends the session where it cannot.
    private func givenUp(_ failure: ServiceFailure) -> ServiceFailure {
        var failure = failure
        let isRefused = failure.isCondition || failure.error.code == .io
        if mayBeDone, !isRefused {
            failure.error.applied = .unknown
            return failure
        }
        if failure.error.code != .io { failure.error.applied = .no }
        if !call.isOver {
            _ = try? object.service.sendToSession(HTTPRequest("DELETE", address), call)
        }
        return failure
    }

    private static let strange = DriverError(
        .io, "the service lost a part of the upload that it had confirmed")

    /// Waits before another try; `false` when there is none.
    private static func pause(after failure: ServiceFailure, _ count: Int, _ call: Call) -> Bool {
        guard failure.isPassing, case .same(let least) = failure.error.retry else { return false }
        let wait = Int64(50_000_000) << min(count, 6)
        let pause = max(Int64(clamping: least), Int64.random(in: wait / 2...wait))
        return pause < call.remainingNanoseconds && call.pause(pause)
    }

    /// Does something that is harmless to repeat, until it works.
    private static func persistently<Result>(
        _ call: Call, _ body: () throws(ServiceFailure) -> Result
    ) throws(ServiceFailure) -> Result {
        var count = 0
        while true {
            do throws(ServiceFailure) {
                return try body()
            } catch {
                count += 1
                guard count < tryCount, pause(after: error, count, call) else {
                    var failure = error
                    failure.error.applied = .no
                    throw failure
                }
            }
        }
    }
}
