internal import HoldfastDriver

/// Reads a source in pieces of a wanted size, and holds it to its length.
struct Intake {
    private static let stepByteCount = 1 << 18

    private let source: ObjectSource
    private let call: Call
    /// The bytes so far.
    private(set) var byteCount: UInt64 = 0
    private var isAtEnd = false
    /// What was read past the last piece.
    private var ahead: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: stepByteCount)

    init(_ source: ObjectSource, _ call: Call) {
        self.source = source
        self.call = call
    }

    /// The next piece: `count` bytes, fewer only at the end.
    mutating func next(_ count: Int) throws(DriverError) -> [UInt8] {
        while ahead.count < count, !isAtEnd { try fill() }
        guard ahead.count > count else {
            defer { ahead = [] }
            return ahead
        }
        let piece = Array(ahead[..<count])
        ahead.removeSubrange(..<count)
        return piece
    }

    /// Whether there is more.
    mutating func hasMore() throws(DriverError) -> Bool {
        while ahead.isEmpty, !isAtEnd { try fill() }
        return !ahead.isEmpty
    }

    private mutating func fill() throws(DriverError) {
        // A source may trickle for ever.
        try call.check()
        let read = try source.read(into: &buffer)
        byteCount += UInt64(read)
        isAtEnd = read == 0
        ahead.append(contentsOf: buffer[..<read])
        guard let length = source.length else { return }
        if byteCount > length || isAtEnd && byteCount < length {
            let word = isAtEnd ? "fewer" : "more"
            throw DriverError(.source, "the source has \(word) bytes than its length, \(length)")
        }
    }
}
