internal import Glibc

/// A small text file, read whole within its limit.
enum TextFile {
    /// What a read found.
    struct Contents {
        var bytes: [UInt8]
        /// Whether group or others may read it.
        var isExposed: Bool
    }

    /// Reads a regular file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - label: How messages name it.
    ///   - byteCountMax: The most bytes it may have.
    /// - Returns: Its contents; `nil` when there is no such file.
    /// - Throws: ``ConfigurationError`` with code `unreadable` or `limit`.
    static func read(
        _ path: String, label: String, byteCountMax: Int
    ) throws(ConfigurationError) -> Contents? {
        guard !path.utf8.contains(0) else {
            throw ConfigurationError(.unreadable, "the file's name has a NUL in it")
        }
        // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw unreadable(label, because: systemMessage(errno))
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw unreadable(label, because: systemMessage(errno))
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw unreadable(label, because: "it is a directory")
        default: throw unreadable(label, because: "it is not a regular file")
        }
        let bytes = try readAll(descriptor, label: label, byteCountMax: byteCountMax)
        return Contents(bytes: bytes, isExposed: status.st_mode & 0o077 != 0)
    }

    private static func readAll(
        _ descriptor: Int32, label: String, byteCountMax: Int
    ) throws(ConfigurationError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(label, because: systemMessage(errno)) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= byteCountMax else {
                throw ConfigurationError(
                    .limit, at: SourceLocation(file: label, line: 1, column: 1),
                    "the file is larger than \(byteCountMax) bytes")
            }
        }
    }

    private static func unreadable(
        _ label: String, because reason: String
    ) -> ConfigurationError {
        ConfigurationError(.unreadable, "\(label) cannot be read: \(reason)")
    }
}

/// What the system says of an error number.
func systemMessage(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }
