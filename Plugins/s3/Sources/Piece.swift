internal import HoldfastDriver
internal import SharedHTTP

/// A piece of an object on its way.
final class Piece {
    enum State {
        case waiting
        case asked
        case here
    }

    let bytes: Range<UInt64>
    var state = State.waiting
    var tries = 0
    private(set) var content: [UInt8]

    init(_ bytes: Range<UInt64>, _ space: [UInt8]) {
        self.bytes = bytes
        content = space
        content.reserveCapacity(bytes.count)
    }

    var isWhole: Bool { content.count == bytes.count }

    /// Takes the next bytes; `false` when there are too many.
    func take(_ span: RawSpan) -> Bool {
        guard content.count + span.byteCount <= bytes.count else { return false }
        unsafe span.withUnsafeBytes { unsafe content.append(contentsOf: $0) }
        return true
    }

    /// Begins anew.
    func again() {
        content.removeAll(keepingCapacity: true)
        state = .waiting
    }

    /// Gives the memory to the next piece.
    func giveSpace() -> [UInt8] {
        defer { content = [] }
        content.removeAll(keepingCapacity: true)
        return content
    }
}

/// The pieces of an object in their order.
final class PieceLine {
    /// The most bytes that the consumer gets at a time.
    private static let stepByteCount = 256 << 10

    private let end: UInt64
    private let step: UInt64
    private let window: Int
    private var next: UInt64
    private var pieces: [Piece] = []
    private var spaces: [[UInt8]] = []

    init(_ bytes: Range<UInt64>, _ step: UInt64, window: Int) {
        next = bytes.lowerBound
        end = bytes.upperBound
        self.step = step
        self.window = window
    }

    /// The next piece to ask for; `nil` while there is none, or no room for it.
    func start() -> Piece? {
        let piece: Piece
        if let waiting = pieces.first(where: { $0.state == .waiting }) {
            piece = waiting
        } else {
            guard next < end, pieces.count < window else { return nil }
            let bytes = next..<min(end, next + step)
            next = bytes.upperBound
            piece = Piece(bytes, spaces.popLast() ?? [])
            pieces.append(piece)
        }
        piece.state = .asked
        return piece
    }

    /// Sends what is here without a gap before it.
    func handOver(to sink: ObjectSink, _ call: Call) throws(DriverError) {
        while let piece = pieces.first, piece.state == .here {
            try unsafe hand(piece.content.span.bytes, to: sink, call)
            pieces.removeFirst()
            spaces.append(piece.giveSpace())
        }
    }

    private func hand(
        _ bytes: RawSpan, to sink: ObjectSink, _ call: Call
    ) throws(DriverError) {
        for start in stride(from: 0, to: bytes.byteCount, by: Self.stepByteCount) {
            // A consumer may be slow.
            try call.check()
            try sink.write(
                bytes.extracting(start..<min(start + Self.stepByteCount, bytes.byteCount)))
        }
    }
}

/// Bytes that are handed over as they come.
final class Stream {
    private let end: UInt64
    private let sink: ObjectSink
    private let call: Call
    /// The first byte that was not handed over.
    private(set) var next: UInt64
    /// What the consumer or the call ended it with.
    private(set) var failure: DriverError?

    init(_ bytes: Range<UInt64>, _ sink: ObjectSink, _ call: Call) {
        next = bytes.lowerBound
        end = bytes.upperBound
        self.sink = sink
        self.call = call
    }

    /// Hands over the next bytes; `false` when there are too many.
    func take(_ span: RawSpan) throws(DriverError) -> Bool {
        guard UInt64(span.byteCount) <= end - next else { return false }
        do throws(DriverError) {
            try call.check()
            try sink.write(span)
        } catch {
            failure = error
            throw error
        }
        next += UInt64(span.byteCount)
        return true
    }
}

/// The first piece, whose answer tells what the object is.
final class FirstPiece {
    private let range: ByteRange
    private let sink: ObjectSink
    private var found: Found?
    /// Bytes of a whole object that lie before the wanted ones.
    private var skipped: UInt64 = 0
    private var left: UInt64 = 0
    private var expected: UInt64 = 0
    private var received: UInt64 = 0
    /// The first byte that was not received.
    var next: UInt64 { range.offset + received }

    private let call: Call

    init(_ range: ByteRange, _ sink: ObjectSink, _ call: Call) {
        self.range = range
        self.sink = sink
        self.call = call
    }

    func take(_ response: HTTPResponse, _ span: RawSpan) throws(DriverError) {
        if found == nil { try begin(response) }
        received += UInt64(span.byteCount)
        let before = Int(min(skipped, UInt64(span.byteCount)))
        skipped -= UInt64(before)
        let count = Int(min(left, UInt64(span.byteCount - before)))
        left -= UInt64(count)
        // A consumer may be slow, and libcurl comes here many times before it looks up.
        try call.check()
        try sink.write(span.extracting(before..<(before + count)))
    }

    /// The object, after the last byte of the answer.
    func end(_ response: HTTPResponse) throws(DriverError) -> Found {
        if found == nil { try begin(response) }
        guard received == expected, let found else {
            throw DriverError(
                .io, "the service sent \(received) bytes where \(expected) were announced")
        }
        return found
    }

    private func begin(_ response: HTTPResponse) throws(DriverError) {
        let object: Found
        if response.status == 206 {
            guard let (bytes, total) = contentRange(response["content-range"] ?? ""),
                bytes.lowerBound == range.offset
            else { throw DriverError(.io, "the service sent another range than asked for") }
            object = try Found(response, byteCount: total)
            expected = UInt64(bytes.count)
            left = expected
        } else {
            guard let length = response["content-length"].flatMap({ UInt64($0) }) else {
                throw DriverError(.io, "the service sent an object without its length")
            }
            object = try Found(response, byteCount: length)
            let wanted = range.clamped(to: length)
            (expected, skipped, left) = (length, wanted.lowerBound, UInt64(wanted.count))
        }
        found = object
        try sink.begin(object.info)
    }
}

/// The bytes and the whole length of a header such as `bytes 0-99/1234`.
func contentRange(_ text: String) -> (bytes: Range<UInt64>, total: UInt64)? {
    let words = text.split(whereSeparator: { " -/".contains($0) })
    guard words.count == 4, words[0] == "bytes", let first = UInt64(words[1]),
        let last = UInt64(words[2]), let total = UInt64(words[3]), first <= last, last < total
    else { return nil }
    return (first..<(last + 1), total)
}
