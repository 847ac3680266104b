internal import Glibc
internal import Host

/// The bytes of a file or of standard input, for a push: never more than a buffer of them at once.
final class InputSource: ByteSource {
    /// How messages name it.
    let name: String
    let length: UInt64?
    private let descriptor: Int32
    private let isOwned: Bool
    private let isRegular: Bool

    /// Opens a file; `-` is standard input.
    init(_ path: String) throws(Failure) {
        name = path == "-" ? "standard input" : path
        isOwned = path != "-"
        descriptor = path == "-" ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path, errno) }
        var status = stat()
        let isKnown = unsafe fstat(descriptor, &status) == 0
        isRegular = isKnown && status.st_mode & S_IFMT == S_IFREG
        length = isRegular && isOwned ? UInt64(status.st_size) : nil
        if isKnown, status.st_mode & S_IFMT == S_IFDIR { throw Self.failure(path, EISDIR) }
    }

    deinit { if isOwned { close(descriptor) } }

    /// Whether a person is typing it.
    var isTerminal: Bool { isatty(descriptor) == 1 }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HostError) -> Int {
        while true {
            let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno == EINTR { continue }
            if errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                _ = unsafe poll(&entry, 1, -1)
                continue
            }
            let reason = unsafe String(cString: strerror(errno))
            throw HostError(.source, "cannot read \(name): \(reason)")
        }
    }

    func rewind() -> Bool { isOwned && isRegular && lseek(descriptor, 0, SEEK_SET) == 0 }

    private static func failure(_ path: String, _ number: Int32) -> Failure {
        let reason = unsafe String(cString: strerror(number))
        return Failure(
            number == ENOENT ? .notFound : .failure, "input", "cannot read \(path): \(reason)")
    }
}
