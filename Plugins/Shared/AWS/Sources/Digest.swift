internal import CCrypto

/// Hashes, by libcrypto.
public enum Digest {
    /// SHA-256 of bytes.
    public static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 32) { digest, filled in
            let isDone = unsafe bytes.withUnsafeBytes { bytes in
                unsafe holdfast_sha256(bytes.baseAddress, bytes.count, digest.baseAddress)
            }
            precondition(isDone == 1, "libcrypto has no SHA-256")
            filled = 32
        }
    }

    /// HMAC with SHA-256 (RFC 2104).
    public static func hmac(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
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

    /// Bytes as small hexadecimal digits.
    public static func hexadecimal(_ bytes: [UInt8]) -> String {
        func digit(_ value: UInt8) -> UInt8 {
            value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
        }
        return unsafe String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for (index, byte) in bytes.enumerated() {
                unsafe text[2 * index] = digit(byte >> 4)
                unsafe text[2 * index + 1] = digit(byte & 15)
            }
            return bytes.count * 2
        }
    }
}
