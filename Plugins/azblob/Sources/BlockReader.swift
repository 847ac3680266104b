internal import HoldfastDriver

/// Reads a source in blocks of a wanted size, and holds it to its length.
struct BlockReader {
    private static let stepByteCount = 262_144

    private let source: ObjectSource
    /// The bytes so far.
    private(set) var byteCount: UInt64 = 0
    private var isAtEnd = false
    /// What was read past the last block.
    private var ahead: [UInt8] = []
    private var buffer: [UInt8] = []

    init(_ source: ObjectSource) { self.source = source }

    /// The next block: `count` bytes, fewer only at the end.
    mutating func next(_ count: Int, _ call: Call) throws(DriverError) -> [UInt8] {
        var block = ahead
        ahead = []
        if let length = source.length {
            block.reserveCapacity(min(count, Int(clamping: length)) + Self.stepByteCount)
        }
        while block.count < count, !isAtEnd {
            let read = try fill(call)
            block += buffer[..<read]
        }
        if block.count > count {
            ahead = Array(block[count...])
            block.removeSubrange(count...)
        }
        return block
    }

    /// Whether there is more.
    mutating func hasMore(_ call: Call) throws(DriverError) -> Bool {
        while ahead.isEmpty, !isAtEnd {
            let read = try fill(call)
            ahead += buffer[..<read]
        }
        return !ahead.isEmpty
    }

    private mutating func fill(_ call: Call) throws(DriverError) -> Int {
        // A source may trickle for ever.
        try call.check()
        if buffer.isEmpty {
            let length = source.length.map { Int(clamping: $0) + 1 } ?? Self.stepByteCount
            buffer = [UInt8](repeating: 0, count: min(length, Self.stepByteCount))
        }
        let read = try source.read(into: &buffer)
        byteCount += UInt64(read)
        isAtEnd = read == 0
        if byteCount > AzureBlobStore.maximumByteCount { throw AzureBlobStore.tooLarge }
        guard let length = source.length else { return read }
        if byteCount > length || isAtEnd && byteCount < length {
            let word = isAtEnd ? "fewer" : "more"
            throw DriverError(.source, "the source has \(word) bytes than its length, \(length)")
        }
        return read
    }
}
