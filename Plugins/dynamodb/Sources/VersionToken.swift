internal import Glibc
internal import HoldfastDriver
internal import SharedAWS

/// 128 random bits as digits, for a version, an upload's id or a nonce.
///
/// They are never used again, and have no trace of the content.
func newToken() -> String {
    let bits = unsafe [UInt8](unsafeUninitializedCapacity: 16) { buffer, filled in
        let status = unsafe getentropy(buffer.baseAddress, buffer.count)
        precondition(status == 0, "the kernel gave no random bytes")
        filled = buffer.count
    }
    return Digest.hexadecimal(bits)
}

/// The time in seconds since 1970, by this machine's clock.
///
/// The service refuses signatures that are more than minutes off, so clocks of writers differ by less
/// than the hours that the collector waits.
func unixSeconds() -> Int64 { unixNanoseconds() / 1_000_000_000 }
