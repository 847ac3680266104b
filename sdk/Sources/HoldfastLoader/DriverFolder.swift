internal import Glibc

/// A driver's folder, opened so that nobody but root and the user can change what is read from it.
///
/// The given path is resolved first, so that links in it work (`/usr/lib` may be one). The resolved
/// path is then walked from the root without following a link, and each folder on it is checked:
/// whoever can write to one of them could put another driver in place.
struct DriverFolder: ~Copyable {
    /// The resolved path.
    let path: String
    private let descriptor: Descriptor

    /// Opens the folder.
    ///
    /// - Parameters:
    ///   - given: Its path.
    ///   - strictCount: How many folders at the path's end get no exception for being sticky: the
    ///     driver's own and the one that holds the drivers.
    /// - Throws: ``LoaderError``.
    init(_ given: String, strictCount: Int = 2) throws(LoaderError) {
        guard let resolved = unsafe realpath(given, nil) else {
            throw LoaderError.system(given, "open the driver's folder", errno)
        }
        let path = unsafe String(cString: resolved)
        unsafe free(resolved)
        let descriptor = try Self.walk(path, strictCount)
        self.path = path
        self.descriptor = descriptor
    }

    /// The flag `O_PATH`, which Glibc's module leaves out: it needs no read permission on the
    /// folder.
    ///
    /// The number is that of x86-64 and of arm64.
    private static let onPath: Int32 = 0o10_000_000

    private static func walk(
        _ path: String, _ strictCount: Int
    ) throws(LoaderError) -> Descriptor {
        let parts = path.split(separator: "/")
        let flags = onPath | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        var folder = Descriptor(unsafe openat(AT_FDCWD, "/", flags))
        var walked = ""
        for (index, part) in parts.enumerated() {
            walked += "/" + part
            let next = Descriptor(unsafe openat(folder.number, String(part), flags))
            guard next.number >= 0 else {
                throw LoaderError.system(walked, "open the folder", errno)
            }
            try check(next.number, walked, allowsSticky: index < parts.count - strictCount)
            folder = next
        }
        return folder
    }

    private static func check(
        _ descriptor: Int32, _ path: String, allowsSticky: Bool
    ) throws(LoaderError) {
        let status = try FileStatus(descriptor, path)
        try status.checkOwner(path)
        // Others cannot replace what is not theirs in a sticky folder, such as /tmp.
        if allowsSticky && status.isSticky && status.owner == 0 { return }
        try status.checkNotWritable(path)
    }

    /// Opens a file of this folder for reading, and checks it.
    ///
    /// - Parameters:
    ///   - name: The file's name.
    ///   - most: The most bytes that it may have.
    /// - Returns: The open file.
    /// - Throws: ``LoaderError``.
    func open(_ name: String, most: UInt64) throws(LoaderError) -> CheckedFile {
        let full = path == "/" ? "/\(name)" : "\(path)/\(name)"
        // Without O_NONBLOCK, a pipe of that name would block the host.
        let file = Descriptor(
            unsafe openat(descriptor.number, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK))
        guard file.number >= 0 else { throw LoaderError.system(full, "open the file", errno) }
        let status = try FileStatus(file.number, full)
        try status.checkRegular(full)
        try status.checkOwner(full)
        try status.checkNotWritable(full)
        guard status.byteCount <= most else {
            throw LoaderError(
                .tooLarge, full, "has \(status.byteCount) bytes; the most is \(most)",
                do: "install the driver again")
        }
        return CheckedFile(descriptor: file, path: full, status: status)
    }
}

/// A regular file that passed the checks of its owner and mode.
struct CheckedFile: ~Copyable {
    let descriptor: Descriptor
    let path: String
    let status: FileStatus

    /// Keeps the file open for the life of the process, and gives its number.
    consuming func keep() -> Int32 {
        let number = descriptor.number
        descriptor.keep()
        return number
    }

    /// The whole content.
    func read() throws(LoaderError) -> [UInt8] {
        let bytes = FileBytes(descriptor: descriptor.number, count: status.byteCount)
        guard let content = bytes.read(at: 0, Int(status.byteCount)) else {
            throw LoaderError(
                .unreadable, path, "cannot be read to its end", do: "install the driver again")
        }
        return content
    }
}

/// An open file that closes with its owner.
struct Descriptor: ~Copyable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    /// Keeps the file open for the life of the process.
    consuming func keep() { discard self }

    deinit { if number >= 0 { _ = close(number) } }
}

/// Which file it is, whatever its name.
public struct FileIdentity: Sendable, Hashable {
    /// The device that holds the file.
    public var device: UInt64
    /// Its number there.
    public var inode: UInt64
}

/// What `fstat` says of an open file.
struct FileStatus: Sendable {
    let identity: FileIdentity
    let owner: UInt32
    let byteCount: UInt64
    private let mode: UInt32

    init(_ descriptor: Int32, _ path: String) throws(LoaderError) {
        var value = stat()
        guard unsafe fstat(descriptor, &value) == 0 else {
            throw LoaderError.system(path, "examine the file", errno)
        }
        self.init(value)
    }

    init(_ value: stat) {
        identity = FileIdentity(device: UInt64(value.st_dev), inode: UInt64(value.st_ino))
        owner = value.st_uid
        byteCount = UInt64(max(0, value.st_size))
        mode = value.st_mode
    }

    var isSticky: Bool { mode & UInt32(S_ISVTX) != 0 }

    func checkOwner(_ path: String) throws(LoaderError) {
        let user = geteuid()
        guard owner == 0 || owner == user else {
            throw LoaderError(
                .owner, path, "belongs to user \(owner), who could replace the driver",
                do: "chown \(user == 0 ? "root" : "root or \(user)") \(path)")
        }
    }

    func checkNotWritable(_ path: String) throws(LoaderError) {
        guard mode & 0o022 != 0 else { return }
        throw LoaderError(
            .writable, path,
            "can be written by \(mode & 0o002 != 0 ? "everybody" : "its group")",
            do: "chmod go-w \(path)")
    }

    func checkRegular(_ path: String) throws(LoaderError) {
        guard mode & UInt32(S_IFMT) == UInt32(S_IFREG) else {
            throw LoaderError(.kind, path, "is not a regular file", do: "install the driver again")
        }
        guard mode & UInt32(S_ISUID | S_ISGID) == 0 else {
            throw LoaderError(
                .kind, path, "is set to run as another user or group", do: "chmod ug-s \(path)")
        }
    }
}

extension LoaderError {
    /// A refusal by the system.
    static func system(_ path: String, _ what: String, _ number: Int32) -> LoaderError {
        switch number {
        case ENOENT:
            LoaderError(
                .missing, path, "does not exist", do: "check the path or install the driver")
        case ELOOP:
            LoaderError(
                .symbolicLink, path, "is a symbolic link", do: "put the file itself in its place")
        case ENOTDIR:
            LoaderError(
                .kind, path, "is not a folder", do: "name the folder that holds driver.toml")
        default:
            LoaderError(
                .unreadable, path,
                "cannot \(what): \(unsafe strerror(number).map { unsafe String(cString: $0) } ?? "")",
                do: "check the permissions")
        }
    }
}
