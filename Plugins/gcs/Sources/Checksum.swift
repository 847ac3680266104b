internal import CCrypto
internal import SharedJSON

/// The checksum that the service keeps for each object, of bytes as they come.
struct Checksum {
    private var value = UInt32.max

    /// The sum in the service's form: Base64 of the number, its first byte first.
    var text: String {
        Base64.encode((0..<4).map { UInt8(truncatingIfNeeded: ~value >> (24 - 8 * $0)) })
    }

    /// Adds bytes.
    mutating func add(_ bytes: RawSpan) {
        value = unsafe bytes.withUnsafeBytes { bytes in
            unsafe holdfast_crc32c(
                value, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
        }
    }
}
