internal import HoldfastDriver

extension SQLiteStore {
    /// Writes a copy of the database as it is at one moment; others read and write meanwhile.
    ///
    /// - Parameters:
    ///   - path: The absolute path of the copy, which must not exist.
    ///   - call: The call whose end stops it.
    /// - Returns: The size of the copy.
    /// - Throws: ``DriverError``; then no file is left.
    func backUp(to path: String, _ call: Call) throws(DriverError) -> (bytes: Int64, pages: Int64) {
        try call.check()
        try file.checkIdentity()
        try writer.transactions.checkSettled()
        let target = try BackupFile(path, of: file.path)
        do throws(DriverError) {
            let size = try copy(to: target, call)
            try call.check()
            try target.publish()
            // What others wrote meanwhile could not leave the log.
            shrinkLog(call)
            return size
        } catch {
            target.discard()
            throw error
        }
    }

    private func copy(
        to target: BackupFile, _ call: Call
    ) throws(DriverError) -> (bytes: Int64, pages: Int64) {
        let problem: String
        do throws(SQLiteFailure) {
            // A connection of its own: those of the pool are for what is done in a moment.
            let source = try Connection(file.path, call, isReader: true)
            let copy = try Connection(target.temporary, call, isReader: false)
            copy.stopWithCall()
            // Nobody else knows the file, and its bytes are synced before it gets its name.
            _ = try copy.first("PRAGMA locking_mode = EXCLUSIVE")
            _ = try copy.first("PRAGMA journal_mode = MEMORY")
            try copy.execute("PRAGMA synchronous = OFF")
            let pages = try source.copy(to: copy, call)
            // One file without a log beside it can be opened from a place that is only to be read.
            let mode = try copy.first("PRAGMA journal_mode = DELETE")
            let size = Int64(try copy.first("PRAGMA page_size")) ?? 0
            problem = try copy.first("PRAGMA quick_check(1)")
            guard mode == "delete" else {
                throw SQLiteFailure.misuse("the copy stays in the journal mode \(mode)")
            }
            if problem == "ok" { return (pages * size, pages) }
        } catch {
            throw error.located("cannot back up to \(target.path)", file: file.path, call)
        }
        throw DriverError(
            .corrupt,
            "the database \(file.path) is damaged (\(problem)) and was not copied; see "
                + "sqlite.integrity_check, restore an older backup, or \(salvage(file.path))")
    }
}
