package import HoldfastDriver

/// Reads a source in pieces of a wanted size, and holds it to its length.
package struct PieceReader {
    /// What is made room for at first where the length is not known.
    private static let firstByteCount = 65_536

    private let source: ObjectSource
    private let call: Call
    /// The bytes so far.
    package private(set) var byteCount: UInt64 = 0
    private var isAtEnd = false
    /// What was read to see whether there is more: one byte or none.
    private var ahead: [UInt8] = []

    /// Reads a source for a call.
    package init(_ source: ObjectSource, _ call: Call) {
        self.source = source
        self.call = call
    }

    /// The next piece.
    ///
    /// - Parameter count: How many bytes, at least 1.
    /// - Returns: As many bytes, fewer only at the end.
    /// - Throws: ``DriverError`` of the source, or because the call is over.
    package mutating func next(_ count: Int) throws(DriverError) -> [UInt8] {
        var piece = [UInt8](repeating: 0, count: firstRoom(count))
        var filled = 0
        if let first = ahead.popLast() {
            piece[0] = first
            filled = 1
        }
        while filled < count, !isAtEnd {
            if filled == piece.count {
                let more = min(count - filled, filled)
                piece.append(contentsOf: [UInt8](repeating: 0, count: more))
            }
            filled += try read(into: &piece, at: filled)
        }
        piece.removeLast(piece.count - filled)
        return piece
    }

    /// Whether there is more; at the end it sees that the length was right.
    package mutating func hasMore() throws(DriverError) -> Bool {
        if ahead.isEmpty, !isAtEnd {
            var byte: [UInt8] = [0]
            if try read(into: &byte, at: 0) == 1 { ahead = byte }
        }
        return !ahead.isEmpty
    }

    /// Reads the next bytes into the front of `span`; 0 at the end.
    package mutating func read(into span: inout MutableRawSpan) throws(DriverError) -> Int {
        if let byte = ahead.popLast() {
            span.storeBytes(of: byte, as: UInt8.self)
            return 1
        }
        try call.check()
        return try count(try source.read(into: &span))
    }

    private func firstRoom(_ count: Int) -> Int {
        guard let length = source.length else { return min(count, Self.firstByteCount) }
        let left = length - byteCount + UInt64(ahead.count)
        return max(1, Int(min(UInt64(count), left)))
    }

    private mutating func read(into piece: inout [UInt8], at start: Int) throws(DriverError) -> Int {
        // A source may trickle for ever.
        try call.check()
        let source = source
        let count = try unsafe piece.withUnsafeMutableBufferPointer { bytes throws(DriverError) in
            let rest = unsafe UnsafeMutableBufferPointer(rebasing: bytes[start...])
            var span = unsafe MutableRawSpan(_unsafeBytes: UnsafeMutableRawBufferPointer(rest))
            return try source.read(into: &span)
        }
        return try self.count(count)
    }

    private mutating func count(_ count: Int) throws(DriverError) -> Int {
        byteCount += UInt64(count)
        isAtEnd = count == 0
        if let length = source.length, byteCount > length || isAtEnd && byteCount < length {
            let word = isAtEnd ? "fewer" : "more"
            throw DriverError(.source, "the source has \(word) bytes than its length, \(length)")
        }
        return count
    }
}
