internal import Glibc
internal import HoldfastDriver

/// Whether bytes can be kept as text, which people and SQLite's JSON functions can read.
///
/// A zero byte would end the text for them.
func isText(_ bytes: [UInt8]) -> Bool {
    let hasZero = unsafe bytes.withUnsafeBytes { bytes in
        unsafe bytes.baseAddress.map { unsafe memchr($0, 0, bytes.count) != nil } ?? false
    }
    return !hasZero && (try? UTF8Span(validating: bytes.span)) != nil
}

/// Reads a source in pieces of a wanted size, and holds it to its length.
struct Intake {
    /// What is asked for when the source gives less than all at once.
    private static let stepByteCount = 65_536

    private let source: ObjectSource
    /// The bytes so far.
    private(set) var byteCount: UInt64 = 0
    private var isAtEnd = false
    /// What was read past the last piece, to see whether there is more.
    private var ahead: [UInt8] = []

    private let call: Call

    init(_ source: ObjectSource, _ call: Call) {
        self.source = source
        self.call = call
    }

    /// The next piece: `count` bytes, fewer only at the end.
    mutating func next(_ count: Int) throws(DriverError) -> [UInt8] {
        var piece = ahead
        ahead = []
        var buffer: [UInt8] = []
        while piece.count < count, !isAtEnd {
            // A source may trickle for ever.
            try call.check()
            let limit = piece.isEmpty ? count : min(count - piece.count, Self.stepByteCount)
            let read = try fill(&buffer, limit)
            if piece.isEmpty {
                // What comes in one turn is never copied.
                swap(&piece, &buffer)
                piece.removeSubrange(read...)
            } else {
                piece.append(contentsOf: buffer[..<read])
            }
        }
        return piece
    }

    /// Whether there is more.
    mutating func hasMore() throws(DriverError) -> Bool {
        if ahead.isEmpty { ahead = try next(1) }
        return !ahead.isEmpty
    }

    /// Reads once, into the front of `buffer`.
    private mutating func fill(_ buffer: inout [UInt8], _ limit: Int) throws(DriverError) -> Int {
        // One byte more than the source should have left, so that one that has more is found out.
        let left = source.length.map { Int(clamping: $0 - byteCount) + 1 } ?? Self.stepByteCount
        let wanted = min(limit, left)
        if buffer.count != wanted { buffer = [UInt8](repeating: 0, count: wanted) }
        let read = try source.read(into: &buffer)
        byteCount += UInt64(read)
        isAtEnd = read == 0
        guard let length = source.length else { return read }
        if byteCount > length || isAtEnd && byteCount < length {
            let word = isAtEnd ? "fewer" : "more"
            throw DriverError(.source, "the source has \(word) bytes than its length, \(length)")
        }
        return read
    }
}
