internal import Synchronization

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
final class SigningKeyCache: Sendable {
    private let last = Mutex<(SigningKey, [UInt8])?>(nil)

    func key(_ key: SigningKey) -> [UInt8] {
        let kept = last.withLock { last in last.flatMap { $0.0 == key ? $0.1 : nil } }
        if let kept { return kept }
        let bytes = key.bytes
        last.withLock { $0 = (key, bytes) }
        return bytes
    }
}
