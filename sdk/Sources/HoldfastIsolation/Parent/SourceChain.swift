internal import CHoldfast

/// The sources of a commit, one behind the other, as one source.
///
/// A source whose length is known comes as it is, any other in pieces: each a number of 4 bytes, the
/// lowest first, and so many bytes, of which the last has none.
@safe struct SourceChain {
    private var sources: [UnsafePointer<holdfast_source>]
    /// Which source is read, and how much of it was.
    private var current = 0
    private var taken: UInt64 = 0
    /// What was read and did not fit.
    private var staged: ArraySlice<UInt8> = []

    private static let headBytes = 4
    /// In less space than this a piece is not read directly.
    private static let leastSpace = 64

    init(_ sources: [UnsafePointer<holdfast_source>]) { unsafe self.sources = sources }

    /// The bytes of all of it, where they are known.
    private var length: UInt64 {
        var sum: UInt64 = 0
        for index in unsafe sources.indices {
            let length = unsafe sources[index].pointee.length
            let (next, isTooLarge) = sum.addingReportingOverflow(length)
            if isTooLarge || length == .max { return .max }
            sum = next
        }
        return sum
    }

    /// Lends the source.
    mutating func withSource(
        _ body: (UnsafePointer<holdfast_source>) -> holdfast_status
    ) -> holdfast_status {
        let length = length
        return unsafe withUnsafeMutablePointer(to: &self) { chain in
            var source = unsafe holdfast_source(
                size: UInt32(MemoryLayout<holdfast_source>.size), flags: 0, context: chain,
                length: length, read: { unsafe readChain($0, $1, $2, $3) })
            return unsafe body(&source)
        }
    }

    /// Why no more can be read; what the source said.
    struct Failed: Error { var status: holdfast_status }

    /// Fills the front of a buffer; 0 is the end of all of it.
    mutating func read(_ space: UnsafeMutableRawBufferPointer) throws(Failed) -> Int {
        while unsafe staged.isEmpty && current < sources.count {
            let source = unsafe sources[current]
            let length = unsafe source.pointee.length
            if length == .max {
                let count = try unsafe readPiece(source, space)
                if count > 0 { return count }
            } else {
                let most = Int(min(UInt64(space.count), length - taken))
                let count = try unsafe readKnown(source, space, most)
                if count > 0 { return count }
            }
        }
        let count = min(staged.count, space.count)
        unsafe space.copyBytes(from: staged.prefix(count))
        staged = staged.dropFirst(count)
        return count
    }

    /// Reads from a source of known length, and makes sure of its end together with its last byte.
    private mutating func readKnown(
        _ source: UnsafePointer<holdfast_source>, _ space: UnsafeMutableRawBufferPointer,
        _ most: Int
    ) throws(Failed) -> Int {
        let length = unsafe source.pointee.length
        var count = 0
        if most > 0 {
            count = try unsafe fill(
                source, UnsafeMutableRawBufferPointer(rebasing: space[..<most]))
            guard count > 0 else { throw Failed(status: HOLDFAST_SOURCE) }
        }
        taken += UInt64(count)
        guard taken == length else { return count }
        var byte: [UInt8] = [0]
        let more = try unsafe byte.withUnsafeMutableBufferPointer { byte throws(Failed) in
            try unsafe fill(source, UnsafeMutableRawBufferPointer(byte))
        }
        guard more == 0 else { throw Failed(status: HOLDFAST_SOURCE) }
        next()
        return count
    }

    /// Reads a piece with its head; 0 when it was staged.
    private mutating func readPiece(
        _ source: UnsafePointer<holdfast_source>, _ space: UnsafeMutableRawBufferPointer
    ) throws(Failed) -> Int {
        if space.count < Self.leastSpace {
            var bytes = [UInt8](repeating: 0, count: Self.leastSpace)
            let count = try unsafe bytes.withUnsafeMutableBufferPointer { bytes throws(Failed) in
                try unsafe readPiece(source, UnsafeMutableRawBufferPointer(bytes))
            }
            staged = bytes[..<count]
            return 0
        }
        let count = try unsafe fill(
            source, UnsafeMutableRawBufferPointer(rebasing: space[Self.headBytes...]))
        unsafe space.storeBytes(of: UInt32(count).littleEndian, as: UInt32.self)
        if count == 0 { next() }
        return count + Self.headBytes
    }

    private mutating func next() {
        current += 1
        taken = 0
    }

    private func fill(
        _ source: UnsafePointer<holdfast_source>, _ space: UnsafeMutableRawBufferPointer
    ) throws(Failed) -> Int {
        var count: UInt64 = 0
        let status = unsafe source.pointee.read(
            source.pointee.context, space.baseAddress?.assumingMemoryBound(to: UInt8.self),
            UInt64(space.count), &count)
        guard status == HOLDFAST_OK else { throw Failed(status: status) }
        guard count <= UInt64(space.count) else { throw Failed(status: HOLDFAST_SOURCE) }
        return Int(count)
    }
}

private func readChain(
    _ context: UnsafeMutableRawPointer?, _ buffer: UnsafeMutablePointer<UInt8>?,
    _ capacity: UInt64, _ count: UnsafeMutablePointer<UInt64>?
) -> holdfast_status {
    guard let chain = unsafe context?.assumingMemoryBound(to: SourceChain.self),
        let buffer = unsafe buffer, let count = unsafe count
    else { return HOLDFAST_INTERNAL }
    let space = unsafe UnsafeMutableRawBufferPointer(start: buffer, count: Int(clamping: capacity))
    do throws(SourceChain.Failed) {
        unsafe count.pointee = UInt64(try unsafe chain.pointee.read(space))
        return HOLDFAST_OK
    } catch {
        return error.status
    }
}
