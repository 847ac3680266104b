package import Host

/// A source that neither knows its length nor can start again, in small pieces.
package final class StreamSource: ByteSource {
    private var rest: ArraySlice<UInt8>
    private let piece: Int
    private let failure: HostError?

    /// Makes a source; `failure` comes in the place of the end.
    package init(_ bytes: [UInt8], piece: Int = 3, failure: HostError? = nil) {
        rest = bytes[...]
        self.piece = piece
        self.failure = failure
    }

    package var length: UInt64? { nil }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(HostError) -> Int {
        let count = min(piece, buffer.count, rest.count)
        if count == 0, let failure { throw failure }
        buffer.copyBytes(from: rest.prefix(count))
        rest = rest.dropFirst(count)
        return count
    }
}

/// A source that promises another length than it has.
package final class LyingSource: ByteSource {
    private let base: StreamSource

    /// What it promises.
    package let length: UInt64?

    /// Makes a source of `bytes` that promises `length`.
    package init(_ bytes: [UInt8], length: UInt64) {
        base = StreamSource(bytes)
        self.length = length
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(HostError) -> Int {
        try base.read(into: buffer)
    }
}
