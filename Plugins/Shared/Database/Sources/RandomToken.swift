internal import Glibc
package import HoldfastDriver

/// The bytes of a random token.
package let randomTokenByteCount = 32

/// 128 random bits as 32 hexadecimal digits in ASCII.
///
/// They are never used again, and have no trace of any content.
package func randomToken() -> [UInt8] {
    // One call of the kernel; the standard library's generator makes two.
    let bits = unsafe [UInt8](unsafeUninitializedCapacity: 16) { buffer, filled in
        let status = unsafe getentropy(buffer.baseAddress, buffer.count)
        precondition(status == 0, "the kernel gave no random bytes")
        filled = buffer.count
    }
    var token: [UInt8] = []
    token.reserveCapacity(32)
    for byte in bits {
        token.append(digit(byte >> 4))
        token.append(digit(byte & 15))
    }
    return token
}

/// A version that no object has had before.
package func newVersion() -> Version { Version(token: randomToken()) }

private func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
