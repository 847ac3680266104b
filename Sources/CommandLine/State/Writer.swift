internal import Glibc

/// Who runs this command, for the history of a state.
enum Writer {
    /// Such as `anna@build7 (holdfast)`.
    static var description: String { "\(user)@\(host) (holdfast)" }

    private static var user: String {
        // The account and not $USER, which anybody can set.
        var entry = unsafe passwd()
        var buffer = [CChar](repeating: 0, count: 16384)
        var found: UnsafeMutablePointer<passwd>?
        guard
            unsafe getpwuid_r(geteuid(), &entry, &buffer, buffer.count, &found) == 0,
            unsafe found != nil, let name = unsafe entry.pw_name
        else { return "uid\(geteuid())" }
        return unsafe String(cString: name)
    }

    private static var host: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
        let name = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: name, as: UTF8.self)
    }
}
