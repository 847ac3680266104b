internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Reads a request's body and knows whether it came whole.
///
/// The end of the stream alone does not say so: it also ends when the connection or the task does.
/// Its functions are concurrent because the framework's iterator is.
struct BodyReader {
    /// The length that the client announced; `nil` for a chunked body, 0 for none.
    let length: UInt64?
    private let exchange: Exchange
    private let limit: UInt64
    private var iterator: RequestBody.AsyncIterator
    private var byteCount: UInt64 = 0
    private var hasStarted = false

    /// Starts reading; nothing is asked of the client yet.
    ///
    /// - Throws: ``APIError`` with status 413 when the announced length is over `limit`.
    init(_ exchange: Exchange, limit: some BinaryInteger) throws(APIError) {
        self.exchange = exchange
        self.limit = UInt64(limit)
        length = try Self.length(of: exchange)
        if let length, length > self.limit { throw .bodyTooLarge("the body", limit: self.limit) }
        iterator = exchange.request.body.makeAsyncIterator()
    }

    /// The next bytes; `nil` at the end of a whole body.
    @concurrent
    mutating func next() async throws -> ByteBuffer? {
        if !hasStarted { exchange.continueIfExpected() }
        hasStarted = true
        guard let bytes = try await iterator.next() else {
            if Task.isCancelled { throw BodyFailure.truncated }
            if let length, byteCount != length { throw BodyFailure.truncated }
            return nil
        }
        byteCount += UInt64(bytes.readableBytes)
        if byteCount > limit { throw APIError.bodyTooLarge("the body", limit: limit) }
        return bytes
    }

    /// The start of the body: all of it, or the first bytes over `byteCount`.
    @concurrent
    mutating func start(upTo wanted: Int) async throws -> (bytes: ByteBuffer, isWhole: Bool) {
        var collected = ByteBuffer()
        while collected.readableBytes <= wanted {
            guard var bytes = try await next() else { return (collected, true) }
            if collected.readableBytes == 0 {
                collected = bytes
            } else {
                collected.writeBuffer(&bytes)
            }
        }
        return (collected, false)
    }

    /// The whole body, as bytes.
    @concurrent
    mutating func document() async throws -> [UInt8] {
        let (bytes, _) = try await start(upTo: Int(limit))
        return Array(bytes.readableBytesView)
    }

    private static func length(of exchange: Exchange) throws(APIError) -> UInt64? {
        guard exchange[.transferEncoding] == nil else { return nil }
        guard let text = exchange[.contentLength] else { return 0 }
        guard let length = UInt64(text) else { throw .badRequest("Content-Length is not a number") }
        return length
    }
}
