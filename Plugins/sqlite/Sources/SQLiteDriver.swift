internal import CSQLite
internal import HoldfastDriver

/// Keeps objects as rows of one SQLite database file.
struct SQLiteDriver: Driver {
    /// The newest functions that the driver's statements need, `unixepoch(…, 'auto')`, came with it.
    private static let oldestLibrary: Int32 = 3_038_000

    static let description = DriverDescription(
        id: "sqlite", version: "0.1.0", vendor: "Holdfast",
        summary: "One SQLite database file, shared by the processes of one machine.",
        threadModel: .parallel, addressing: .rows,
        options: [
            OptionDescription(
                "path", .path,
                "The database file, on a local disk; made when it is missing, but not to read it.",
                default: ".holdfast/state.db", flatKeys: ["sqlitePath"])
        ],
        capabilities: capabilities)

    /// What every open store can do.
    static let capabilities = [
        Capability("condition.absent", .native),
        Capability("condition.version", .native),
        Capability("range", .native),
        Capability("list.attributes", .native),
        Capability("clock", .native, note: "CLOCK_BOOTTIME of this machine"),
        Capability(
            "value", .native, limit: SQLiteStore.maximumByteCount,
            note: "1 TiB; over 1 MiB in chunks of 1 MiB"),
        Capability(
            "transaction", .native, limit: UInt64(SQLiteStore.maximumChangeCount),
            note: "16 MiB of values in rows, more in chunks"),
        Capability("watch", .native, note: "other processes' changes within about 50 ms"),
        Capability(
            "concurrency", .native, limit: 64, note: "writes that wait together share one commit"),
    ]

    static let operations = [vacuum, integrityCheck, backup, identity, policy]

    init(host: HostServices) throws(DriverError) {
        guard sqlite3_threadsafe() != 0 else {
            throw DriverError(
                .unsupported, "the installed libsqlite3 was built without thread safety")
        }
        guard sqlite3_libversion_number() >= Self.oldestLibrary else {
            let found = unsafe String(cString: sqlite3_libversion())
            throw DriverError(
                .unsupported, "the installed libsqlite3 is \(found); 3.38.0 or newer is needed")
        }
    }

    func open(_ options: Options, _ call: Call) throws(DriverError) -> SQLiteStore {
        guard let path = options.text("path"), !path.isEmpty else {
            throw DriverError(.invalid, "the option path is missing")
        }
        return try SQLiteStore(path, mustExist: options.mustExist, call)
    }
}
