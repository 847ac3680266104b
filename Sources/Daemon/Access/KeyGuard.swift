internal import Crypto
internal import HTTPTypes
internal import Hummingbird
internal import Synchronization

/// Compares the key of a request with the configured one.
///
/// Only a digest of the key is kept: digests have one length and their comparison takes the same
/// time whatever they hold, so an answer's timing tells nothing of the key.
final class KeyGuard: Sendable {
    private let digest: Mutex<SHA256.Digest>

    /// Makes a guard for `key`.
    init(key: String) { digest = Mutex(Self.digest(of: key)) }

    /// From now on another key is the right one.
    func replaceKey(by key: String) { digest.withLock { $0 = Self.digest(of: key) } }

    private static func digest(of key: String) -> SHA256.Digest {
        SHA256.hash(data: Array(key.utf8))
    }

    /// Lets a request pass.
    ///
    /// - Throws: ``APIError``: 401 without a key, which Terraform reports as "requires auth", and
    ///   403 with a wrong one, which it reports as "invalid auth".
    func check(_ headers: HTTPFields) throws(APIError) {
        guard let offered = Self.offeredKey(in: headers) else {
            throw APIError(
                .unauthorized, "unauthenticated", "this daemon requires an API key",
                hint: "send X-API-Key, Authorization: Bearer, or Basic with the key as password",
                headers: [.wwwAuthenticate: #"Basic realm="holdfast", charset="UTF-8""#])
        }
        guard SHA256.hash(data: offered) == digest.withLock({ $0 }) else {
            throw APIError(
                .forbidden, "forbidden", "the API key is wrong",
                hint: "ask the operator of this daemon for the key")
        }
    }

    private static func offeredKey(in headers: HTTPFields) -> [UInt8]? {
        if let key = headers[.apiKey] { return Array(key.utf8) }
        guard let authorization = headers[.authorization],
            let space = authorization.firstIndex(of: " ")
        else { return nil }
        let credentials = authorization[authorization.index(after: space)...]
            .drop { $0 == " " }
        switch authorization[..<space].lowercased() {
        case "bearer": return Array(credentials.utf8)
        case "basic": return password(ofBasic: credentials)
        default: return nil
        }
    }

    /// The password of Basic credentials: all after the first colon, whoever the user is.
    private static func password(ofBasic credentials: Substring) -> [UInt8]? {
        guard let decoded = Base64.decode(credentials),
            let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        return Array(decoded[(colon + 1)...])
    }
}

extension KeyGuard {
    /// The user name of Basic credentials, for the record of who wrote; `nil` without one.
    static func userName(in headers: HTTPFields) -> String? {
        guard let authorization = headers[.authorization],
            authorization.lowercased().hasPrefix("basic "),
            let decoded = Base64.decode(authorization.dropFirst(6).drop { $0 == " " }),
            let colon = decoded.firstIndex(of: UInt8(ascii: ":")), colon > 0
        else { return nil }
        return String(validating: decoded[..<colon], as: UTF8.self)
    }
}
