internal import Glibc

/// The number that Linux gave to this boot; `nil` where it cannot be read.
func readBootID() -> String? {
    let descriptor = unsafe open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 36)
    let count = unsafe bytes.withUnsafeMutableBytes {
        unsafe read(descriptor, $0.baseAddress, $0.count)
    }
    return count == 36 ? String(decoding: bytes, as: UTF8.self) : nil
}
