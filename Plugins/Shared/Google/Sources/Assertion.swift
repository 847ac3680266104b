internal import CCrypto
internal import SharedJSON

/// A signed statement (RFC 7515) by which a service account asks for a token (RFC 7523).
public enum Assertion {
    /// The longest time that the token endpoint takes.
    private static let lifetimeSeconds: Int64 = 3600

    /// Makes an assertion.
    ///
    /// - Parameters:
    ///   - account: The e-mail address of the service account.
    ///   - key: Its private key, PEM.
    ///   - keyID: The key's id.
    ///   - audience: The token endpoint's URL.
    ///   - scope: What the token shall allow.
    ///   - seconds: Now, in seconds since 1970.
    /// - Returns: `nil` when the key is no RSA key in PEM.
    public static func make(
        account: String, key: String, keyID: String, audience: String, scope: String,
        at seconds: Int64
    ) -> String? {
        let header = JSONValue.object([
            "alg": .string("RS256"), "typ": .string("JWT"), "kid": .string(keyID),
        ])
        let claims = JSONValue.object([
            "iss": .string(account), "scope": .string(scope), "aud": .string(audience),
            "iat": .number(String(seconds)), "exp": .number(String(seconds + lifetimeSeconds)),
        ])
        let text = "\(encoded(header.bytes)).\(encoded(claims.bytes))"
        guard let signature = sign(Array(text.utf8), Array(key.utf8)) else { return nil }
        return "\(text).\(encoded(signature))"
    }

    private static func sign(_ bytes: [UInt8], _ key: [UInt8]) -> [UInt8]? {
        let signature = unsafe [UInt8](unsafeUninitializedCapacity: 1024) { signature, filled in
            filled = unsafe key.withUnsafeBytes { key in
                unsafe bytes.withUnsafeBytes { bytes in
                    unsafe holdfast_rsa_sha256_sign(
                        key.baseAddress, key.count, bytes.baseAddress, bytes.count,
                        signature.baseAddress, signature.count)
                }
            }
        }
        return signature.isEmpty ? nil : signature
    }

    /// Base64 for URLs, without padding (RFC 4648, section 5).
    private static func encoded(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for byte in Base64.encode(bytes).utf8 {
            switch byte {
            case UInt8(ascii: "+"): text.append(UInt8(ascii: "-"))
            case UInt8(ascii: "/"): text.append(UInt8(ascii: "_"))
            case UInt8(ascii: "="): break
            default: text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
