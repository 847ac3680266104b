internal import HoldfastDriver
internal import SharedHTTP

/// The rest of a large blob: several ranges at once, handed over in their order.
final class RangedRead {
    /// The ranges on their way or waiting for an earlier one; with their size the memory of a read.
    private static let atOnce = 4
    private static let attemptCount = 4
    private static let stepByteCount = 131_072

    private let blob: String
    private let tag: String
    private let end: UInt64
    private let pieceByteCount: UInt64
    /// The first byte that nobody asked for.
    private var asked: UInt64
    /// The first byte that the sink does not have.
    private var sent: UInt64
    private var waiting: [UInt64: [UInt8]] = [:]
    /// Ranges that failed, with the times that they were tried, and those of them to ask for now.
    private var failed: [(start: UInt64, attempts: Int)] = []
    private var again: [(start: UInt64, attempts: Int)] = []

    init(_ blob: String, _ version: Version, _ span: Range<UInt64>, pieceByteCount: UInt64) {
        self.blob = blob
        // It came from the service.
        tag = BlobInfo.tag(version) ?? ""
        (asked, sent, end) = (span.lowerBound, span.lowerBound, span.upperBound)
        self.pieceByteCount = pieceByteCount
    }

    func run(_ service: Service, _ sink: ObjectSink, _ call: Call) throws(DriverError) {
        repeat {
            if let attempts = failed.map(\.attempts).max(), !call.pauseToRepeat(attempts) {
                throw call.overError("waiting for the service", applied: .no)
            }
            (again, failed) = (failed, [])
            try service.sendAll(most: Self.atOnce, call) { () throws(DriverError) in
                guard let (start, attempts) = self.take() else { return nil }
                return (
                    self.action(start),
                    { outcome throws(DriverError) in
                        try self.finish(start, attempts, outcome, sink, call)
                    }
                )
            }
        } while sent < end
    }

    /// The start of the next range to ask for.
    private func take() -> (start: UInt64, attempts: Int)? {
        if let range = again.popLast() { return range }
        // Not more ahead of the sink than memory is meant for.
        guard asked < end, asked - sent < pieceByteCount * UInt64(Self.atOnce) else { return nil }
        defer { asked = min(end, asked + pieceByteCount) }
        return (asked, 0)
    }

    private func stop(of start: UInt64) -> UInt64 { min(end, start + pieceByteCount) }

    private func action(_ start: UInt64) -> Service.Action {
        var action = Service.Action("GET", blob)
        action.headers = [
            ("If-Match", tag), ("x-ms-range", "bytes=\(start)-\(stop(of: start) - 1)"),
        ]
        return action
    }

    /// Sends a range in pieces, so that the end of a call is seen in between.
    private func send(
        _ bytes: [UInt8], to sink: ObjectSink, _ call: Call
    ) throws(DriverError) {
        for start in stride(from: 0, to: bytes.count, by: Self.stepByteCount) {
            try call.check()
            let end = min(start + Self.stepByteCount, bytes.count)
            try unsafe sink.write(bytes.span.bytes.extracting(start..<end))
        }
        sent += UInt64(bytes.count)
    }

    private func finish(
        _ start: UInt64, _ attempts: Int, _ outcome: Result<HTTPResponse, ServiceFailure>,
        _ sink: ObjectSink, _ call: Call
    ) throws(DriverError) {
        switch outcome {
        case .success(let response):
            guard response.status == 206, UInt64(response.body.count) == stop(of: start) - start
            else { throw BlobInfo.unreadable }
            waiting[start] = response.body
            while let bytes = waiting.removeValue(forKey: sent) {
                try send(bytes, to: sink, call)
            }
        case .failure(let failure):
            if failure.isCondition || failure.isNoBlob || failure.isNoRange {
                throw DriverError(
                    .conflict, "it was replaced while it was being read",
                    retry: .same(afterNanoseconds: 0))
            }
            guard failure.isPassing, attempts + 1 < Self.attemptCount else { throw failure.error }
            failed.append((start, attempts + 1))
        }
    }
}

extension Call {
    /// Waits before something harmless is done once more; `false` when the call is over.
    func pauseToRepeat(_ attempts: Int) -> Bool {
        let most: Int64 = 50_000_000 << Int64(min(attempts, 6))
        return pause(Int64.random(in: most / 2...most))
    }
}
