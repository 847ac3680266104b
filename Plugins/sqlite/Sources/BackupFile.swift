internal import CSQLite
internal import Glibc
internal import HoldfastDriver

/// The file that a backup becomes: under a name of its own until it is whole and on the disk.
struct BackupFile {
    /// The absolute path of the finished backup.
    let path: String
    /// Where it is written, beside it.
    let temporary: String

    /// Makes an empty file for the owner only, under the temporary name.
    ///
    /// - Parameters:
    ///   - path: The absolute path of the backup.
    ///   - database: The path of the database, whose own files a backup must not be.
    /// - Throws: ``DriverError``; then no file is there.
    init(_ path: String, of database: String) throws(DriverError) {
        guard path.utf8.first == UInt8(ascii: "/"), path.utf8.last != UInt8(ascii: "/"),
            path.utf8.count < 4000, !path.utf8.contains(0)
        else {
            throw DriverError(
                .invalid, "the parameter path must be the absolute path of a file, not '\(path)'")
        }
        self.path = path
        temporary = "\(path).\(UInt64.random(in: 1 ... .max)).partial"
        try refuseOwnFiles(of: database)
        try refuseExisting()
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        let descriptor = unsafe open(temporary, flags, 0o600)
        guard descriptor >= 0 else { throw failure("create", database: database) }
        close(descriptor)
    }

    /// Makes the backup durable and gives it its name, unless something has it by now.
    func publish() throws(DriverError) {
        let descriptor = unsafe open(temporary, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DataFile.failure("open the backup", temporary) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw DataFile.failure("sync the backup", temporary) }
        let number = unsafe holdfast_sqlite_rename_new(temporary, path)
        if number == EEXIST { throw taken }
        guard number == 0 else { throw DataFile.failure("name the backup", path, number: number) }
        try DataFile.sync(DataFile.parent(path), for: path)
    }

    /// Removes what was written, and what SQLite made beside it.
    func discard() {
        for suffix in ["", "-wal", "-shm", "-journal"] { unsafe unlink(temporary + suffix) }
    }

    // MARK: - Refusals

    private var taken: DriverError {
        DriverError(
            .invalid,
            "\(path) exists, and a backup replaces nothing; choose another name or move it away")
    }

    private func refuseExisting() throws(DriverError) {
        var info = stat()
        if unsafe lstat(path, &info) == 0 { throw taken }
    }

    /// Refuses the names that belong to the database, also those that are not there now.
    private func refuseOwnFiles(of database: String) throws(DriverError) {
        var (own, other) = (stat(), stat())
        guard unsafe stat(DataFile.parent(database), &own) == 0,
            unsafe stat(DataFile.parent(path), &other) == 0,
            own.st_dev == other.st_dev, own.st_ino == other.st_ino
        else { return }
        let name = lastPart(path)
        for suffix in ["", "-wal", "-shm", "-journal", "-owners"]
        where name == lastPart(database) + suffix {
            throw DriverError(
                .invalid, "\(path) belongs to the database itself; choose another name")
        }
    }

    private func lastPart(_ path: String) -> String {
        String(path[path.index(after: path.lastIndex(of: "/") ?? path.startIndex)...])
    }

    private func failure(_ action: String, database: String) -> DriverError {
        var error = DataFile.failure("\(action) the backup", path)
        if error.vendorCode == ENOENT { error.code = .invalid }
        if error.code == .forbidden {
            error.message +=
                "; check the directory's owner and mode. A driver in a process of its own may write "
                + "only below \(DataFile.parent(database)): choose a path there and move the file afterwards"
        }
        return error
    }
}
