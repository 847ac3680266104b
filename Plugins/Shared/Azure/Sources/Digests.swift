internal import CCrypto

/// Hashes, by libcrypto.
package enum AzureDigest {
    /// HMAC with SHA-256 (RFC 2104).
    static func hmac(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 32) { digest, filled in
            let isDone = unsafe key.withUnsafeBytes { key in
                unsafe bytes.withUnsafeBytes { bytes in
                    unsafe holdfast_hmac_sha256(
                        key.baseAddress, key.count, bytes.baseAddress, bytes.count,
                        digest.baseAddress)
                }
            }
            precondition(isDone == 1, "libcrypto has no HMAC with SHA-256")
            filled = 32
        }
    }

    /// MD5, which the service checks what it gets against.
    ///
    /// - Parameter bytes: Any bytes.
    /// - Returns: `nil` where the machine's policy forbids MD5.
    package static func md5(_ bytes: [UInt8]) -> [UInt8]? {
        let digest = unsafe [UInt8](unsafeUninitializedCapacity: 16) { digest, filled in
            let isDone = unsafe bytes.withUnsafeBytes { bytes in
                unsafe EVP_Digest(
                    bytes.baseAddress, bytes.count, digest.baseAddress, nil, EVP_md5(), nil)
            }
            filled = isDone == 1 ? 16 : 0
        }
        return digest.isEmpty ? nil : digest
    }
}
