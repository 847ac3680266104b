internal import HoldfastDriver

// Who asks, and what they must be allowed: what `holdfast doctor` shows.

extension PostgresDriver {
    static let identity = Operation<PostgresStore>(
        "postgres.identity", "Says as which role the database is used, and what its clock shows.",
        [.reads, .idempotent], result: .json(schema: "{\"type\":\"object\"}")
    ) { (store, result, call) throws(DriverError) in
        try result.write(try store.identityDocument(call))
    }

    static let policy = Operation<PostgresStore>(
        "postgres.policy", "Prints the grants that this store needs.", [.reads, .idempotent],
        result: .json(schema: "{\"type\":\"object\"}")
    ) { (store, result, call) throws(DriverError) in
        try result.write(try store.policyDocument(call))
    }
}

extension PostgresStore {
    private static let whoAmI = Statement(
        once: """
            SELECT current_user::text, session_user::text, current_database()::text,
              coalesce(host(inet_server_addr()), 'the local socket')::text,
              coalesce(inet_server_port(), 0)::bigint, current_setting('server_version')::text,
              quote_ident(current_user)::text, quote_ident(coalesce(current_schema(), ''))::text
            """)
    private static let time = Statement(once: "SELECT clock_timestamp()")

    fileprivate func identityDocument(_ call: Call) throws(DriverError) -> String {
        let action = "cannot ask who asks"
        let rows = try pool.run([Step(Self.whoAmI)], call, action)[0]
        // By itself, so that the way there and back is short.
        let before = unixNanoseconds()
        let now = try pool.run([Step(Self.time)], call, action)[0].time(0, 0)
        let path = max(0, unixNanoseconds() - before) / 2
        let (user, session, database) = (rows.text(0, 0), rows.text(0, 1), rows.text(0, 2))
        let port = rows.number(0, 4)
        let server = rows.text(0, 3) + (port == 0 ? "" : ":\(port)")
        let isSecret = !pool.settings.connection.secrets.isEmpty
        let source =
            "the connection string, \(isSecret ? "with" : "without") a password"
            + (user == session ? "" : ", then SET ROLE from \(session)")
        return "{\"principal\":\("\(user)@\(server)/\(database)".jsonLiteral),"
            + "\"kind\":\"database-role\",\"source\":\(source.jsonLiteral),"
            + "\"place\":\(pool.settings.connection.shown.jsonLiteral),"
            + "\"role\":\(user.jsonLiteral),\"database\":\(database.jsonLiteral),"
            + "\"server\":\(server.jsonLiteral),\"server_version\":\(rows.text(0, 5).jsonLiteral),"
            + "\"clock\":{\"ahead_ns\":\(now - before - path),\"uncertainty_ns\":\(path)}}"
    }

    fileprivate func policyDocument(_ call: Call) throws(DriverError) -> String {
        let rows = try pool.run([Step(Self.whoAmI)], call, "cannot ask who asks")[0]
        let names = pool.settings.names
        let schema = names.schema.map { "\"\($0)\"" } ?? rows.text(0, 7)
        return GrantList(names, role: rows.text(0, 6), schema: schema)
            .document(mayBootstrap: pool.settings.mayBootstrap)
    }
}

/// The grants that a store's role needs.
private struct GrantList {
    private let role: String
    private let schema: String
    private let tables: [String]
    private let format: String

    init(_ names: TableNames, role: String, schema: String) {
        self.role = role
        self.schema = schema
        tables = [
            names.receipts, names.objects, names.uploads, names.chunks, names.changes,
            names.watchers,
        ]
        format = names.format
    }

    func document(mayBootstrap: Bool) -> String {
        let all = tables.joined(separator: ", ")
        var sql = "GRANT USAGE ON SCHEMA \(schema) TO \(role);\n"
        if mayBootstrap {
            sql += "-- only for the first opening, which makes the tables:\n"
            sql += "GRANT CREATE ON SCHEMA \(schema) TO \(role);\n"
        }
        sql += "GRANT SELECT, INSERT, UPDATE, DELETE ON \(all) TO \(role);\n"
        sql += "GRANT SELECT ON \(format) TO \(role);\n"
        var grants = [
            grant("USAGE", "SCHEMA \(schema)", ["open"]), grant("SELECT", format, ["open"]),
        ]
        let rights: [(String, [String])] = [
            ("SELECT", ["open", "list", "read"]), ("INSERT", ["write"]),
            ("UPDATE", ["write", "condition"]), ("DELETE", ["delete"]),
        ]
        for (right, purposes) in rights { grants.append(grant(right, all, purposes)) }
        if mayBootstrap { grants.append(grant("CREATE", "SCHEMA \(schema)", ["bootstrap"])) }
        return "{\"kind\":\"postgres-grants\",\"grants\":[\(grants.joined(separator: ","))],"
            + "\"apply\":\"run the statements as the tables' owner\","
            + "\"document\":\(sql.jsonLiteral)}"
    }

    private func grant(_ right: String, _ place: String, _ purposes: [String]) -> String {
        let list = purposes.map(\.jsonLiteral).joined(separator: ",")
        return "{\"right\":\(right.jsonLiteral),\"on\":\(place.jsonLiteral),\"for\":[\(list)]}"
    }
}
