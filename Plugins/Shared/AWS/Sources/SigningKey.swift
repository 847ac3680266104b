internal import SharedHTTP

/// What a signing key is made of; it is good for one day.
struct SigningKey: Sendable, Equatable {
    let secret: String
    let date: String
    let region: String
    let service: String

    /// The key: four hashes.
    var bytes: [UInt8] {
        [date, region, service, "aws4_request"].reduce(Array("AWS4\(secret)".utf8)) { key, part in
            Digest.hmac(key: key, Array(part.utf8))
        }
    }
}

/// The last signing key, because the next request of the day needs the same.
@safe final class SigningKeyCache: @unchecked Sendable {
    // SAFETY: `last` changes under the lock only.
    private let lock = PlainLock()
    private var last: (key: SigningKey, bytes: [UInt8])?

    func key(_ key: SigningKey) -> [UInt8] {
        // Compared outside of the lock.
        if let kept = lock.withLock({ last }), kept.key == key { return kept.bytes }
        let bytes = key.bytes
        lock.withLock { last = (key, bytes) }
        return bytes
    }
}
