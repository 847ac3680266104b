internal import Host

/// A large body on its way into the store: counted, hashed, scanned and held to what was promised.
///
/// It fails before the last byte leaves it, so that the store drops a write whose body is too long,
/// too short or not what its checksum says.
final class CheckedSource: ByteSource {
    /// Why this source failed the write, in words for the caller.
    private(set) var failure: StateError?
    /// How many bytes have passed.
    private(set) var byteCount: UInt64 = 0
    let length: UInt64?

    private var start: ArraySlice<UInt8>
    private let rest: any ByteSource
    private let limit: UInt64
    private let md5: [UInt8]?
    private let promise: Promise?
    private let path: StatePath
    private var digest: BodyDigest

    /// Of a copy of a stored version: what its bytes must be.
    private struct Promise {
        var sha256: String
        var key: ObjectKey
    }

    /// - Parameters:
    ///   - start: The bytes that were taken from `rest` already.
    ///   - rest: The source.
    ///   - limit: The most bytes.
    ///   - md5: What the body's MD5 must be; `nil` when nobody said.
    ///   - path: The state, for messages.
    init(
        start: [UInt8], rest: any ByteSource, limit: UInt64, md5: [UInt8]?, path: StatePath
    ) {
        self.start = start[...]
        self.rest = rest
        self.limit = limit
        self.md5 = md5
        self.path = path
        promise = nil
        length = rest.length
        digest = BodyDigest(wantsMD5: md5 != nil)
    }

    /// A stored version on its way to another place, which must still be what was written.
    init(copying source: ObjectSource, sha256: String, key: ObjectKey, path: StatePath) {
        start = []
        rest = source
        limit = .max
        md5 = nil
        self.path = path
        promise = Promise(sha256: sha256, key: key)
        length = source.length
        digest = BodyDigest(wantsMD5: false)
    }

    /// A copy can start again; a body from outside cannot.
    func rewind() -> Bool {
        guard promise != nil, rest.rewind() else { return false }
        digest = BodyDigest(wantsMD5: false)
        byteCount = 0
        return true
    }

    /// The SHA-256 of what has passed, in hexadecimal.
    var sha256: String { digest.sha256Text }

    /// What the body says of itself, once it has passed.
    var facts: StateFacts { digest.facts }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HostError) -> Int {
        let count = unsafe try take(into: buffer)
        byteCount += UInt64(count)
        if byteCount > limit { throw fail(bodyTooLarge(limit: limit, path)) }
        unsafe digest.consume(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        if let length, byteCount > length || (count == 0 && byteCount < length) {
            throw fail(bodyOfWrongLength(byteCount, promised: length, path))
        }
        // A store may stop asking once it has all that was promised.
        if count == 0 || byteCount == length { try checkDigests() }
        return count
    }

    private func checkDigests() throws(HostError) {
        if let md5, digest.md5Bytes != md5 { throw fail(bodyOfWrongChecksum(path)) }
        if let promise, digest.sha256Text != promise.sha256 {
            throw fail(damagedVersion(promise.key, found: digest.sha256Text, promise.sha256, path))
        }
    }

    private func take(into buffer: UnsafeMutableRawBufferPointer) throws(HostError) -> Int {
        guard !start.isEmpty else { return unsafe try rest.read(into: buffer) }
        let count = min(start.count, buffer.count)
        unsafe buffer.copyBytes(from: start.prefix(count))
        start = start.dropFirst(count)
        return count
    }

    private func fail(_ error: StateError) -> HostError {
        failure = error
        return HostError(.source, error.message)
    }
}

/// A body over the limit of its kind.
func bodyTooLarge(limit: UInt64, _ path: StatePath) -> StateError {
    StateError(
        .tooLarge, "the body for '\(path)' is over the limit of \(limit) bytes", path: path)
}

/// A body that ended early, or did not end.
func bodyOfWrongLength(_ count: UInt64, promised: UInt64, _ path: StatePath) -> StateError {
    let what = count < promised ? "ended after \(count)" : "went past the"
    return StateError(
        .host(.source), "the body for '\(path)' \(what) of \(promised) bytes; nothing was changed",
        advice: "send it again", path: path)
}

/// A body that does not match the MD5 that came with it.
func bodyOfWrongChecksum(_ path: StatePath) -> StateError {
    StateError(
        .checksumMismatch,
        "the body for '\(path)' does not match its Content-MD5; nothing was changed",
        advice: "send it again; if that fails too, something on the way changes bytes", path: path)
}

/// A stored version whose bytes are not those that were written.
func damagedVersion(
    _ key: ObjectKey, found: String, _ promised: String, _ path: StatePath
) -> StateError {
    StateError(
        .integrity, "\(key) is damaged: its SHA-256 is \(found), but \(promised) was written",
        advice: "look at the legible copy, which may hold the right bytes, and at a backup",
        path: path)
}
