internal import Glibc

/// A directory that this process alone changes while it holds it, and whose changes last.
///
/// Others that would change it by this type wait; it says nothing about readers, who see each rename
/// as one step.
struct ManagedDirectory: ~Copyable {
    let path: String
    private let descriptor: Int32

    /// Opens the directory, makes it with those above it where it is missing, and waits for its lock.
    ///
    /// - Parameters:
    ///   - path: Its path.
    ///   - other: A directory that the caller holds already; waiting for it would never end.
    /// - Returns: The directory, held until the value's end.
    /// - Throws: ``HostError``.
    static func held(
        _ path: String, besides other: String? = nil
    ) throws(HostError) -> ManagedDirectory {
        try make(path)
        let directory = try opened(path)
        if let other, resolved(other) == resolved(path) { return directory }
        guard retried({ flock(directory.descriptor, LOCK_EX) }) == 0 else {
            throw .system("cannot lock \(path)")
        }
        return directory
    }

    private static func opened(_ path: String) throws(HostError) -> ManagedDirectory {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("cannot open the directory \(path)") }
        return ManagedDirectory(path, descriptor: descriptor)
    }

    private init(_ path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    private static func make(_ path: String) throws(HostError) {
        var status = stat()
        if unsafe stat(path, &status) == 0 { return }
        let above = parent(of: path)
        if !above.isEmpty, above != path { try make(above) }
        guard unsafe mkdir(path, 0o755) == 0 else {
            if errno == EEXIST { return }
            throw .system("cannot make the directory \(path)")
        }
        // A strict umask would hide a system's drivers from its services.
        _ = unsafe chmod(path, 0o755)
        try opened(above.isEmpty ? "/" : above).sync()
    }

    /// Makes a directory in it, and opens that.
    func makeDirectory(_ name: String) throws(HostError) -> ManagedDirectory {
        let full = "\(path)/\(name)"
        guard unsafe mkdirat(descriptor, name, 0o700) == 0 else {
            throw .system("cannot make the directory \(full)")
        }
        let made = unsafe openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard made >= 0, fchmod(made, 0o755) == 0 else {
            throw .system("cannot open the directory \(full)")
        }
        return ManagedDirectory(full, descriptor: made)
    }

    /// Writes a new file that everybody can read, to the disk before this returns.
    ///
    /// - Parameters:
    ///   - name: The file's name; there is none of that name yet.
    ///   - body: Gives the bytes to the closure that it takes.
    /// - Throws: ``HostError``; no file is left then.
    func write(
        _ name: String, _ body: (([UInt8]) throws(HostError) -> Void) throws(HostError) -> Void
    ) throws(HostError) {
        let full = "\(path)/\(name)"
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = unsafe openat(descriptor, name, flags, 0o600)
        guard file >= 0 else { throw .system("cannot make \(full)") }
        defer { close(file) }
        do throws(HostError) {
            try body { (bytes) throws(HostError) in try writeAll(file, bytes, full) }
            guard fchmod(file, 0o644) == 0, fsync(file) == 0 else {
                throw .system("cannot write \(full)")
            }
        } catch {
            unsafe unlinkat(descriptor, name, 0)
            throw error
        }
    }

    /// Gives what has the name `old` the name `new`; a file of that name is replaced.
    func rename(_ old: String, to new: String) throws(HostError) {
        guard unsafe renameat(descriptor, old, descriptor, new) == 0 else {
            throw .system("cannot rename \(path)/\(old) to \(new)")
        }
    }

    /// Puts the directory `new` in the place of `old`, and returns the name that `old` has now.
    ///
    /// Between the two renames neither has the name, so that a crash there leaves the driver missing
    /// and not half replaced.
    func replaceDirectory(_ old: String, by new: String) throws(HostError) -> String {
        let away = ".\(old).old"
        try removeDirectory(away)
        try rename(old, to: away)
        do throws(HostError) {
            try rename(new, to: old)
        } catch {
            try rename(away, to: old)
            throw error
        }
        return away
    }

    /// Removes a file.
    func removeFile(_ name: String) throws(HostError) {
        guard unsafe unlinkat(descriptor, name, 0) == 0 || errno == ENOENT else {
            throw .system("cannot remove \(path)/\(name)")
        }
    }

    /// Removes a directory with its files, if it is there.
    func removeDirectory(_ name: String) throws(HostError) {
        let full = "\(path)/\(name)"
        guard let names = directoryNames(full) else { return }
        for file in names {
            guard unsafe unlink("\(full)/\(file)") == 0 else {
                throw .system("cannot remove \(full)/\(file)")
            }
        }
        guard unsafe unlinkat(descriptor, name, AT_REMOVEDIR) == 0 else {
            throw .system("cannot remove \(full)")
        }
    }

    /// Makes the names of the directory last.
    func sync() throws(HostError) {
        guard fsync(descriptor) == 0 else { throw .system("cannot write \(path)") }
    }
}

/// The names in a directory without `.` and `..`, sorted; `nil` when it cannot be read.
func directoryNames(_ path: String) -> [String]? {
    guard let directory = unsafe opendir(path) else { return nil }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
        let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

private func retried(_ call: () -> Int32) -> Int32 {
    while true {
        let status = call()
        if status >= 0 || errno != EINTR { return status }
    }
}

private func writeAll(_ file: Int32, _ bytes: [UInt8], _ path: String) throws(HostError) {
    var written = 0
    while written < bytes.count {
        let count = unsafe bytes[written...].withUnsafeBytes { rest in
            unsafe write(file, rest.baseAddress, rest.count)
        }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw .system("cannot write \(path)") }
        written += count
    }
}

extension HostError {
    /// What the system refused, by `errno`.
    static func system(_ what: String) -> HostError {
        let number = errno
        let reason = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
        let code: Code =
            switch number {
            case EACCES, EPERM: .forbidden
            case ENOSPC, EDQUOT, EFBIG: .full
            default: .io
            }
        return HostError(
            code, "\(what): \(reason)",
            advice: code == .full ? "make room" : "check the place and its permissions")
    }
}
