internal import CSQLite
internal import HoldfastDriver

/// What SQLite said when a call of its interface failed.
struct SQLiteFailure: Error {
    /// The extended result code, such as 1546 for `SQLITE_IOERR_TRUNCATE`.
    let extendedCode: Int32
    /// SQLite's own words.
    let message: String

    /// The primary result code, such as 10 for `SQLITE_IOERR`.
    var code: Int32 { extendedCode & 0xff }
    /// The name of the most exact code that is known.
    var name: String { resultNames[extendedCode] ?? resultNames[code] ?? "SQLITE_\(extendedCode)" }

    /// Whether another connection is in the way.
    var isBusy: Bool { code == SQLITE_BUSY || code == SQLITE_LOCKED }
    /// Whether the disk is full: then nothing of the transaction is in the log.
    var isFull: Bool { code == SQLITE_FULL }
    /// Whether the disk failed.
    var isDiskError: Bool { code == SQLITE_IOERR }
    /// Whether the connection itself may be at fault and is better replaced.
    var spoilsConnection: Bool {
        !isBusy && code != SQLITE_INTERRUPT && code != SQLITE_FULL && code != SQLITE_CONSTRAINT
    }

    /// A failure that this driver found by itself.
    static func misuse(_ message: String) -> SQLiteFailure {
        SQLiteFailure(extendedCode: SQLITE_MISUSE, message: message)
    }
}

extension SQLiteFailure {
    /// This failure as the interface's error.
    ///
    /// - Parameters:
    ///   - action: What failed, such as `cannot write terraform/a`.
    ///   - file: The database's path.
    ///   - call: The call, whose end explains a wait that was given up.
    ///   - applied: Whether a write took effect.
    /// - Returns: The error, with what an operator can do about it.
    func located(
        _ action: String, file: String, _ call: Call, applied: DriverError.Applied = .no
    ) -> DriverError {
        let (code, retry, advice) = classified(file: file, call)
        var text = "\(action) in \(file): \(message) (\(name))"
        if !advice.isEmpty { text += "; \(advice)" }
        return DriverError(
            code, text, applied: applied, retry: retry, vendorCode: Int64(extendedCode),
            vendorName: name)
    }

    private func classified(
        file: String, _ call: Call
    ) -> (DriverError.Code, DriverError.Retry, String) {
        let soon = DriverError.Retry.same(afterNanoseconds: 10_000_000)
        switch code {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_INTERRUPT:
            let what = "another process held the database for as long as this call could wait"
            return (call.overCode ?? .unavailable, soon, code == SQLITE_INTERRUPT ? "" : what)
        case SQLITE_FULL: return (.full, .never, "free some space and try again")
        case SQLITE_NOTADB: return (.corrupt, .never, "restore a backup, or \(salvage(file))")
        case SQLITE_CORRUPT:
            return (
                .corrupt, .never,
                "see what is damaged with the operation sqlite.integrity_check, restore a backup, or "
                    + salvage(file)
            )
        case SQLITE_READONLY where extendedCode == SQLITE_READONLY | 4 << 8:
            return (.unavailable, .reopen, "the file was moved or deleted while it was open")
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH, SQLITE_CANTOPEN:
            return (
                .forbidden, .never, "check the file's and its directory's owner, mode and mount"
            )
        case SQLITE_IOERR where [18, 21].contains(extendedCode >> 8):
            return (
                .io, .same(afterNanoseconds: 1_000_000_000),
                "processes share the log's index in memory, which this file system may not be able to: "
                    + "check the disk, or choose another"
            )
        case SQLITE_IOERR: return (.io, .same(afterNanoseconds: 1_000_000_000), "check the disk")
        case SQLITE_NOMEM: return (.unavailable, .same(afterNanoseconds: 1_000_000_000), "")
        case SQLITE_TOOBIG: return (.tooLarge, .never, "")
        default: return (.internalError, .never, "")
        }
    }
}

/// What can be done with a file that is damaged.
func salvage(_ file: String) -> String {
    "salvage what can be read with: sqlite3 '\(file)' .recover"
}

extension Call {
    /// Why the call is over, or `nil` while it is not.
    var overCode: DriverError.Code? {
        guard isOver else { return nil }
        return remainingNanoseconds == 0 ? .deadline : .cancelled
    }
}

/// The names of the codes that an operator may meet, as https://sqlite.org/rescode.html has them.
private let resultNames: [Int32: String] = [
    SQLITE_ERROR: "SQLITE_ERROR", SQLITE_INTERNAL: "SQLITE_INTERNAL", SQLITE_PERM: "SQLITE_PERM",
    SQLITE_ABORT: "SQLITE_ABORT", SQLITE_BUSY: "SQLITE_BUSY", SQLITE_LOCKED: "SQLITE_LOCKED",
    SQLITE_NOMEM: "SQLITE_NOMEM", SQLITE_READONLY: "SQLITE_READONLY",
    SQLITE_INTERRUPT: "SQLITE_INTERRUPT", SQLITE_IOERR: "SQLITE_IOERR",
    SQLITE_CORRUPT: "SQLITE_CORRUPT", SQLITE_FULL: "SQLITE_FULL",
    SQLITE_CANTOPEN: "SQLITE_CANTOPEN", SQLITE_PROTOCOL: "SQLITE_PROTOCOL",
    SQLITE_SCHEMA: "SQLITE_SCHEMA", SQLITE_TOOBIG: "SQLITE_TOOBIG",
    SQLITE_CONSTRAINT: "SQLITE_CONSTRAINT", SQLITE_MISMATCH: "SQLITE_MISMATCH",
    SQLITE_MISUSE: "SQLITE_MISUSE", SQLITE_AUTH: "SQLITE_AUTH", SQLITE_RANGE: "SQLITE_RANGE",
    SQLITE_NOTADB: "SQLITE_NOTADB",
    SQLITE_BUSY | 1 << 8: "SQLITE_BUSY_RECOVERY", SQLITE_BUSY | 2 << 8: "SQLITE_BUSY_SNAPSHOT",
    SQLITE_READONLY | 3 << 8: "SQLITE_READONLY_ROLLBACK",
    SQLITE_READONLY | 4 << 8: "SQLITE_READONLY_DBMOVED",
    SQLITE_READONLY | 6 << 8: "SQLITE_READONLY_DIRECTORY",
    SQLITE_IOERR | 1 << 8: "SQLITE_IOERR_READ", SQLITE_IOERR | 2 << 8: "SQLITE_IOERR_SHORT_READ",
    SQLITE_IOERR | 3 << 8: "SQLITE_IOERR_WRITE", SQLITE_IOERR | 4 << 8: "SQLITE_IOERR_FSYNC",
    SQLITE_IOERR | 5 << 8: "SQLITE_IOERR_DIR_FSYNC",
    SQLITE_IOERR | 6 << 8: "SQLITE_IOERR_TRUNCATE", SQLITE_IOERR | 7 << 8: "SQLITE_IOERR_FSTAT",
    SQLITE_IOERR | 18 << 8: "SQLITE_IOERR_SHMOPEN", SQLITE_IOERR | 19 << 8: "SQLITE_IOERR_SHMSIZE",
    SQLITE_IOERR | 21 << 8: "SQLITE_IOERR_SHMMAP",
    SQLITE_CANTOPEN | 2 << 8: "SQLITE_CANTOPEN_ISDIR",
    SQLITE_CORRUPT | 3 << 8: "SQLITE_CORRUPT_INDEX",
]
