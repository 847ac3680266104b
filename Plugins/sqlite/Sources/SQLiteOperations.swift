internal import HoldfastDriver

// The verbs of this driver's own: `holdfast driver call STORE sqlite.vacuum`.

extension SQLiteDriver {
    static let vacuum = Operation<SQLiteStore>(
        "sqlite.vacuum", "Rewrites the database file without the space that nothing uses.",
        [.mutates, .idempotent],
        result: .json(
            schema: """
                {"type":"object","required":["bytes_before","bytes_after"],"properties":{
                "bytes_before":{"type":"integer"},"bytes_after":{"type":"integer"}}}
                """)
    ) { (store, result, call) throws(DriverError) in
        let (before, after) = try store.vacuum(call)
        try result.write("{\"bytes_before\":\(before),\"bytes_after\":\(after)}")
    }

    static let integrityCheck = Operation<SQLiteStore>(
        "sqlite.integrity_check", "Reads the whole database and looks for damage; changes nothing.",
        [.reads, .idempotent],
        Parameter.integer("limit", "The most problems to report.", in: 1...10000, default: 100),
        result: .json(
            schema: """
                {"type":"object","required":["ok","problems"],"properties":{
                "ok":{"type":"boolean"},"problems":{"type":"array","items":{"type":"string"}}}}
                """)
    ) { (store, result, call, limit) throws(DriverError) in
        let problems = try store.integrityProblems(limit: Int(limit), call)
        let list = problems.map(\.jsonLiteral).joined(separator: ",")
        try result.write("{\"ok\":\(problems.isEmpty),\"problems\":[\(list)]}")
    }

    static let backup = Operation<SQLiteStore>(
        "sqlite.backup", "Writes a checked copy of the database as it is at one moment.", [.reads],
        Parameter.text("path", "The absolute path of the copy, which must not exist."),
        result: .json(
            schema: """
                {"type":"object","required":["bytes","pages"],"properties":{
                "bytes":{"type":"integer"},"pages":{"type":"integer"}}}
                """)
    ) { (store, result, call, path) throws(DriverError) in
        let (bytes, pages) = try store.backUp(to: path, call)
        try result.write("{\"bytes\":\(bytes),\"pages\":\(pages)}")
    }
}
