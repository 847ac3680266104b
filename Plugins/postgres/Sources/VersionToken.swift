internal import Glibc
internal import HoldfastDriver

/// A new version: 128 random bits as digits, never used again and without a trace of the content.
func newVersion() -> Version {
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
    return Version(token: token)
}

private func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
