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
    private let interruption: Interruption

    /// Opens a file; `-` is standard input.
    ///
    /// Waiting for a pipe ends with an interruption.
    init(_ path: String, _ interruption: Interruption) throws(Failure) {
        self.interruption = interruption
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
            if !isRegular { try waitUntilReadable() }
            let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno == EINTR { continue }
            if errno == EAGAIN { continue }
            let reason = unsafe String(cString: strerror(errno))
            throw HostError(.source, "cannot read \(name): \(reason)")
        }
    }

    /// A read of a pipe cannot be cancelled, so it is only begun when it will return.
    private func waitUntilReadable() throws(HostError) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while interruption.signal == nil {
            if unsafe poll(&entry, 1, Self.checkMilliseconds) > 0 { return }
        }
        throw HostError(.cancelled, "interrupted while reading \(name)")
    }

    /// How often an interruption is looked for while nothing comes.
    private static let checkMilliseconds: Int32 = 50

    func rewind() -> Bool { isOwned && isRegular && lseek(descriptor, 0, SEEK_SET) == 0 }

    private static func failure(_ path: String, _ number: Int32) -> Failure {
        let reason = unsafe String(cString: strerror(number))
        return Failure(
            number == ENOENT ? .notFound : .failure, "input", "cannot read \(path): \(reason)")
    }
}
