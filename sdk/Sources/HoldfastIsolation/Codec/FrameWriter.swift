/// Writes the fields of a frame.
struct FrameWriter {
    private(set) var bytes: [UInt8] = []
    /// Whether a value was over its limit, so that nobody would accept the frame.
    private(set) var isTooLarge = false

    init() { bytes.reserveCapacity(512) }

    mutating func number<Number: FixedWidthInteger>(_ number: Number) {
        var rest = number
        for _ in 0..<MemoryLayout<Number>.size {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest = MemoryLayout<Number>.size == 1 ? 0 : rest >> 8
        }
    }

    mutating func bool(_ value: Bool) { number(UInt8(value ? 1 : 0)) }

    mutating func count(_ count: Int, most: Int) {
        if count > most { isTooLarge = true }
        number(UInt32(truncatingIfNeeded: count))
    }

    mutating func bytes(_ value: [UInt8], most: Int) {
        count(value.count, most: most)
        bytes.append(contentsOf: value)
    }

    mutating func text(_ value: String, most: Int) {
        count(value.utf8.count, most: most)
        bytes.append(contentsOf: value.utf8)
    }
}

extension Message {
    /// The frame of this message.
    ///
    /// - Returns: Its bytes.
    /// - Throws: ``FrameError`` when a value is over its limit.
    package func encoded() throws(FrameError) -> [UInt8] {
        var writer = FrameWriter()
        write(to: &writer)
        guard !writer.isTooLarge else { throw .size }
        guard writer.bytes.count <= Self.mostBytes else { throw .frame }
        return writer.bytes
    }

    /// Reads a frame.
    ///
    /// - Parameters:
    ///   - bytes: The frame, and perhaps something behind it.
    ///   - count: How many bytes the frame has; `nil` for all.
    /// - Throws: ``FrameError``.
    package init(decoding bytes: [UInt8], count: Int? = nil) throws(FrameError) {
        let count = count ?? bytes.count
        guard count <= Self.mostBytes else { throw .frame }
        var reader = FrameReader(bytes, count: count)
        let number = try reader.number(UInt8.self)
        try self.init(number: number, from: &reader)
        guard reader.isAtEnd else { throw .long }
    }
}
