internal import Glibc

/// Random bytes from the kernel: nothing is kept back, so that a copy of a running machine never
/// hands out the same ones again.
package enum RandomBytes {
    /// Makes `count` bytes with one call of the kernel.
    ///
    /// - Parameter count: 0 to 256, the most that getentropy(3) gives.
    /// - Returns: The bytes.
    package static func make(_ count: Int) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let status = unsafe getentropy(buffer.baseAddress, count)
            precondition(status == 0, "the kernel gave no random bytes")
            filled = count
        }
    }

    /// `byteCount` random bytes in lower-case hexadecimal.
    package static func hexadecimal(_ byteCount: Int) -> String { hexadecimal(of: make(byteCount)) }

    /// Bytes in lower-case hexadecimal.
    package static func hexadecimal(of bytes: [UInt8]) -> String {
        unsafe String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
            for (index, byte) in bytes.enumerated() {
                unsafe text[2 * index] = digit(byte >> 4)
                unsafe text[2 * index + 1] = digit(byte & 15)
            }
            return 2 * bytes.count
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
