internal import Glibc
internal import HoldfastDriver

// Who asks, and what they must be allowed: what `holdfast doctor` shows.

extension SQLiteDriver {
    static let identity = Operation<SQLiteStore>(
        "sqlite.identity", "Says as which user the database is read and written.",
        [.reads, .idempotent], result: .json(schema: "{\"type\":\"object\"}")
    ) { (store, result, _) throws(DriverError) in
        try result.write(
            "{\"principal\":\(processUser().jsonLiteral),\"kind\":\"user\","
                + "\"source\":\"the process that runs Holdfast\","
                + "\"place\":\(store.file.path.jsonLiteral)}")
    }

    static let policy = Operation<SQLiteStore>(
        "sqlite.policy", "Prints the file modes that this store needs.", [.idempotent],
        result: .json(schema: "{\"type\":\"object\"}")
    ) { (store, result, _) throws(DriverError) in
        let path = store.file.path
        // Beside the file lie its log, the log's index and the owners' file.
        let folder = DataFile.parent(path)
        let (file, place) = (quoted(path), quoted(folder))
        let owner = "\(geteuid()):\(getegid())"
        let commands = """
            chown \(owner) \(place) \(file)*
            chmod u=rwx \(place)
            chmod u=rw \(file)*

            """
        try result.write(
            "{\"kind\":\"file-modes\",\"grants\":["
                + "{\"right\":\"rwx\",\"on\":\(folder.jsonLiteral),"
                + "\"for\":[\"open\",\"read\",\"write\",\"delete\"]},"
                + "{\"right\":\"rw\",\"on\":\("\(path)*".jsonLiteral),"
                + "\"for\":[\"open\",\"list\",\"read\",\"write\",\"delete\"]}],"
                + "\"apply\":\"run the commands as root\",\"document\":\(commands.jsonLiteral)}")
    }
}

/// A path as a shell takes it.
private func quoted(_ path: String) -> String {
    "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
        + "'"
}

/// The user that this process runs as.
private func processUser() -> String {
    let id = geteuid()
    var entry = unsafe passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16_384)
    let status = unsafe getpwuid_r(id, &entry, &buffer, buffer.count, &found)
    guard status == 0, unsafe found != nil, let name = unsafe entry.pw_name else {
        return "the user with the number \(id)"
    }
    return "the user \(unsafe String(cString: name)) (\(id))"
}
