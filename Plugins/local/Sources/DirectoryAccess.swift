internal import Glibc
internal import HoldfastDriver

// Who asks, and what they must be allowed: what `holdfast doctor` shows.

extension LocalDriver {
    static let identity = Operation<LocalStore>(
        "local.identity", "Says as which user files are read and written.", [.reads, .idempotent],
        result: .json(schema: "{\"type\":\"object\"}")
    ) { (store, result, _) throws(DriverError) in
        try result.write(
            "{\"principal\":\(processUser().jsonLiteral),\"kind\":\"user\","
                + "\"source\":\"the process that runs Holdfast\","
                + "\"place\":\(store.root.path.jsonLiteral)}")
    }

    static let policy = Operation<LocalStore>(
        "local.policy", "Prints the file modes that this store needs.", [.idempotent],
        result: .json(schema: "{\"type\":\"object\"}")
    ) { (store, result, _) throws(DriverError) in
        let path = store.root.path
        let quoted =
            "'"
            + path.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "'\\''") + "'"
        let commands = """
            chown -R \(geteuid()):\(getegid()) \(quoted)
            find \(quoted) -type d -exec chmod u=rwx,go-w {} +
            find \(quoted) -type f -exec chmod u=rw,go-w {} +

            """
        try result.write(
            "{\"kind\":\"file-modes\",\"grants\":[{\"right\":\"rwx of folders, rw of files\","
                + "\"on\":\(path.jsonLiteral),"
                + "\"for\":[\"open\",\"list\",\"read\",\"write\",\"delete\"]}],"
                + "\"apply\":\"run the commands as root\",\"document\":\(commands.jsonLiteral)}")
    }
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
