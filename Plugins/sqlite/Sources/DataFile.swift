internal import CSQLite
internal import Glibc
internal import HoldfastDriver

/// The database file as the file system sees it.
///
/// Nothing here ever opens the file: closing any descriptor of it would drop the locks that SQLite
/// holds on it for the whole process.
struct DataFile: Sendable {
    /// The absolute path.
    let path: String
    private let identity: FileIdentity

    /// Makes the file and its missing directories, for the owner only, and remembers which file it is.
    ///
    /// - Parameters:
    ///   - path: The absolute path.
    ///   - mustExist: Makes nothing; a missing file is not found.
    /// - Throws: ``DriverError`` when it cannot be made, or its file system cannot hold it safely.
    init(preparing path: String, mustExist: Bool) throws(DriverError) {
        guard path.utf8.first == UInt8(ascii: "/"), path.utf8.count < 4000, !path.utf8.contains(0)
        else {
            throw DriverError(.invalid, "the option path must be an absolute path, not '\(path)'")
        }
        if mustExist { try Self.refuseMissing(path) } else { try Self.makeDirectories(of: path) }
        try refuseNetworkFileSystem(path)
        if !mustExist { try Self.make(path) }
        var info = stat()
        guard unsafe stat(path, &info) == 0 else { throw Self.failure("find", path) }
        guard info.st_mode & S_IFMT == S_IFREG else {
            throw DriverError(
                .invalid, "\(path) is not a file; set the option path to a file in that directory")
        }
        // SQLite takes this for an empty database, and would write over it.
        guard info.st_size != 1 else {
            throw DriverError(
                .corrupt, "\(path) has one byte and is not a database; move it away")
        }
        self.path = path
        identity = FileIdentity(info)
    }

    /// Throws when the path no longer leads to the file that was opened.
    ///
    /// A write to the old file would be acknowledged and never be seen again.
    func checkIdentity() throws(DriverError) {
        let current = FileIdentity(path)
        guard current != identity else { return }
        throw DriverError(
            .unavailable,
            "the database \(path) was \(current == nil ? "moved or deleted" : "replaced") while it was "
                + "open; put it back, or open the store again to use what is there now",
            retry: .reopen)
    }

    /// The write-ahead log that is there now.
    var log: FileIdentity? { FileIdentity(path + "-wal") }

    /// Throws when the log is no longer the one that a connection writes to.
    ///
    /// Other processes would not see what is written there, and use another log beside it.
    func checkLog(_ known: FileIdentity?) throws(DriverError) {
        guard let known, log != known else { return }
        throw DriverError(
            .unavailable,
            "the log \(path)-wal was deleted or replaced while the database was open; nobody may do that. "
                + "Stop all processes that use the database, then look at it with sqlite.integrity_check",
            retry: .reopen)
    }

    /// Throws when there is no file.
    ///
    /// What cannot be looked at passes, so that opening it goes on to say why.
    private static func refuseMissing(_ path: String) throws(DriverError) {
        var info = stat()
        if unsafe stat(path, &info) != 0, errno == ENOENT {
            throw DriverError(.notFound, "there is no file \(path)")
        }
    }

    private static func make(_ path: String) throws(DriverError) {
        // mknod makes a regular file without opening it. SQLite gives its -wal and -shm the same mode.
        if unsafe mknod(path, S_IFREG | 0o600, 0) != 0, errno != EEXIST {
            throw failure("create", path)
        }
    }

    private static func makeDirectories(of path: String) throws(DriverError) {
        var missing: [String] = []
        var directory = parent(path)
        while unsafe access(directory, F_OK) != 0, errno == ENOENT, directory != "/" {
            missing.append(directory)
            directory = parent(directory)
        }
        for directory in missing.reversed() {
            if unsafe mkdir(directory, 0o700) != 0, errno != EEXIST {
                throw failure("create the directory of", path)
            }
            try sync(parent(directory), for: path)
        }
    }

    /// Makes the names in a directory durable.
    static func sync(_ directory: String, for path: String) throws(DriverError) {
        let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open the directory of", path) }
        defer { close(descriptor) }
        // A file system that cannot sync a directory says EINVAL; its names need none.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw failure("sync the directory of", path)
        }
    }

    /// The directory that holds the file with an absolute path.
    static func parent(_ path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "/" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// An error of the file system, from `errno`.
    static func failure(
        _ action: String, _ path: String, number: Int32 = errno
    ) -> DriverError {
        let code: DriverError.Code =
            switch number {
            case EACCES, EPERM, EROFS: .forbidden
            case ENOSPC, EDQUOT: .full
            case ENOTDIR, EISDIR, ENAMETOOLONG, ELOOP: .invalid
            default: .io
            }
        let reason = unsafe String(cString: strerror(number))
        return DriverError(code, "cannot \(action) \(path): \(reason)", vendorCode: Int64(number))
    }
}
