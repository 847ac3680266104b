package import HoldfastDriver

/// Reads a source in pieces of a wanted size, and holds it to its length.
package struct PieceReader {
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
        try next(count, reusing: [])
    }

    /// The next piece, in the memory of one that nobody needs any more where that fits.
    ///
    /// - Parameters:
    ///   - count: How many bytes, at least 1.
    ///   - old: The old piece.
    /// - Returns: As many bytes, fewer only at the end.
    /// - Throws: ``DriverError`` of the source, or because the call is over.
    package mutating func next(
        _ count: Int, reusing old: consuming [UInt8]
    ) throws(DriverError) -> [UInt8] {
        let room = room(count)
        var failure: DriverError?
        guard old.count == room else {
            // The memory is not touched before bytes come into it.
            let piece = unsafe [UInt8](unsafeUninitializedCapacity: room) { space, filled in
                unsafe (filled, failure) = fill(UnsafeMutableRawBufferPointer(space))
            }
            if let failure { throw failure }
            return piece
        }
        var piece = old
        var filled = 0
        unsafe piece.withUnsafeMutableBytes { unsafe (filled, failure) = fill($0) }
        if let failure { throw failure }
        piece.removeLast(room - filled)
        return piece
    }

    /// Fills memory from its front, wholly unless the source ends.
    private mutating func fill(_ space: UnsafeMutableRawBufferPointer) -> (Int, DriverError?) {
        var filled = 0
        if let first = ahead.popLast() {
            unsafe space[0] = first
            filled = 1
        }
        do throws(DriverError) {
            while filled < space.count, !isAtEnd {
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: space[filled...])
                var span = unsafe MutableRawSpan(_unsafeBytes: rest)
                filled += try readNext(into: &span)
            }
            return (filled, nil)
        } catch {
            return (filled, error)
        }
    }

    /// Whether there is more; at the end it sees that the length was right.
    package mutating func hasMore() throws(DriverError) -> Bool {
        if ahead.isEmpty, !isAtEnd {
            var byte: UInt8 = 0
            let count = try unsafe withUnsafeMutableBytes(of: &byte) { bytes throws(DriverError) in
                var span = unsafe MutableRawSpan(_unsafeBytes: bytes)
                return try readNext(into: &span)
            }
            if count == 1 { ahead = [byte] }
        }
        return !ahead.isEmpty
    }

    /// Reads the next bytes into the front of `span`; 0 at the end.
    package mutating func read(into span: inout MutableRawSpan) throws(DriverError) -> Int {
        if let byte = ahead.popLast() {
            span.storeBytes(of: byte, as: UInt8.self)
            return 1
        }
        return try readNext(into: &span)
    }

    private func room(_ count: Int) -> Int {
        guard let length = source.length else { return count }
        let left = length - byteCount + UInt64(ahead.count)
        return max(1, Int(min(UInt64(count), left)))
    }

    private mutating func readNext(into span: inout MutableRawSpan) throws(DriverError) -> Int {
        // A source may trickle for ever.
        try call.check()
        return try count(try source.read(into: &span))
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
