internal import Glibc
public import HoldfastDriver

/// The bytes of a file of at most 1 MiB.
///
/// - Parameter path: An absolute path.
/// - Returns: All of it.
/// - Throws: ``DriverError`` that names the file.
public func readSmallFile(_ path: String) throws(DriverError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure("cannot read \(path)") }
    defer { _ = close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
        let count = unsafe read(descriptor, &buffer, buffer.count)
        if count == 0 { return bytes }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw failure("cannot read \(path)") }
        bytes += buffer[..<count]
        guard bytes.count <= 1 << 20 else {
            throw DriverError(.invalid, "\(path) is over 1 MiB")
        }
    }
}

private func failure(_ what: String) -> DriverError {
    let code = errno
    let reason = unsafe String(cString: strerror(code))
    return DriverError(
        code == EACCES || code == EPERM ? .forbidden : .invalid, "\(what): \(reason)",
        vendorCode: Int64(code))
}
