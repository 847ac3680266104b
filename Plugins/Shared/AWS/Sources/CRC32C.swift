internal import CCrypto

/// The CRC-32 of Castagnoli, which S3 checks and modern processors have as an instruction.
public enum CRC32C {
    /// The checksum of bytes.
    public static func checksum(_ bytes: [UInt8]) -> UInt32 {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            ~(unsafe holdfast_crc32c(.max, bytes.baseAddress, bytes.count))
        }
    }

    /// The checksum's four bytes, the highest first.
    public static func bytes(_ bytes: [UInt8]) -> [UInt8] {
        let sum = checksum(bytes)
        return [24, 16, 8, 0].map { UInt8(sum >> $0 & 255) }
    }
}
