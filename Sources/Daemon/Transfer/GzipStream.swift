internal import CZlib
internal import NIOCore

/// Makes the gzip format of bytes as they come; for one thread.
///
/// With zlib itself, on the pool's thread: the compressor of swift-nio-extras works on the event loop,
/// where one large state would hold up every other connection.
@safe
final class GzipStream {
    /// Smaller bodies are sent as they are.
    static let worthwhileByteCount = 1024

    // zlib keeps a pointer to the stream, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let buffer: UnsafeMutableBufferPointer<UInt8>

    /// Starts a stream; `nil` without memory.
    init?() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        unsafe buffer = .allocate(capacity: 64 << 10)
        // The fastest level: on a local network the client waits for us, not for the line, and JSON
        // shrinks to a tenth even so.
        guard unsafe holdfast_gzip_start(stream, Z_BEST_SPEED) == Z_OK else { return nil }
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
        unsafe buffer.deallocate()
    }

    /// Compresses bytes; `body` gets what has become ready.
    func add<E: Error>(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        let input = unsafe bytes.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        unsafe stream.pointee.avail_in = UInt32(bytes.count)
        try unsafe run(Z_NO_FLUSH, body)
    }

    /// Ends the stream.
    func finish<E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> Void) throws(E) {
        unsafe stream.pointee.avail_in = 0
        try unsafe run(Z_FINISH, body)
    }

    private func run<E: Error>(
        _ flush: Int32, _ body: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        repeat {
            unsafe stream.pointee.next_out = buffer.baseAddress
            unsafe stream.pointee.avail_out = UInt32(buffer.count)
            _ = unsafe deflate(stream, flush)
            let count = unsafe buffer.count - Int(stream.pointee.avail_out)
            if count > 0 {
                try unsafe body(
                    UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: buffer[..<count])))
            }
        } while unsafe stream.pointee.avail_out == 0
    }

    /// The gzip format of bytes in memory; `nil` without memory for it.
    static func compress(_ bytes: ByteBuffer) -> ByteBuffer? {
        guard let gzip = GzipStream() else { return nil }
        var result = ByteBuffer()
        result.reserveCapacity(bytes.readableBytes / 4 + 64)
        unsafe bytes.withUnsafeReadableBytes { input in
            unsafe gzip.add(input) { _ = unsafe result.writeBytes($0) }
        }
        unsafe gzip.finish { _ = unsafe result.writeBytes($0) }
        return result
    }
}
