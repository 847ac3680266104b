/// Where a put takes its bytes from: read once, front to back, on the calling thread.
package protocol ByteSource: AnyObject {
    /// How many bytes there are; `nil` when that shows only at the end.
    var length: UInt64? { get }

    /// Fills the start of `buffer`, which is not empty; 0 is the end.
    ///
    /// - Throws: ``HostError``; it drops the write and reaches the caller of the put unchanged.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HostError) -> Int

    /// Goes back to the start, so that a failed write can be tried again; `false` when it cannot.
    func rewind() -> Bool
}

extension ByteSource {
    package func rewind() -> Bool { false }
}

/// A source of bytes that are in memory already.
package final class MemorySource: ByteSource {
    private let bytes: [UInt8]
    private var position = 0

    /// Makes a source of `bytes`.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var length: UInt64? { UInt64(bytes.count) }

    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - position)
        unsafe buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }

    package func rewind() -> Bool {
        position = 0
        return true
    }
}
