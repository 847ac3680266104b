internal import HoldfastDriver

/// The text of the statements that write.
///
/// Each judges its condition and changes the object in one statement. At the isolation level READ
/// COMMITTED a row that somebody else is changing is waited for and looked at again as it is then, and a
/// key that somebody is inserting or deleting is waited for by its unique index: no two writers can
/// both see their condition hold.
struct WriteSQL {
    let names: TableNames

    /// What a refused condition looks like in a statement that must not go on.
    static let refusal = "holdfast-condition:"
    /// What an upload that is gone looks like there.
    static let removedUpload = "holdfast-upload"

    /// $1 collection, $2 workspace, $3 path, $4 version, $5 size, $6 attributes, $7 data, $8 bytes, $9
    /// upload, $10 the version that is asked for, $11 service, $12 stage, $13 provider.
    static let putTypes: [ParameterType] = [
        .text, .text, .text, .text, .number, .text, .text, .bytes, .number, .text, .text, .text,
        .text,
    ]

    /// A write of a whole object.
    ///
    /// - Parameters:
    ///   - table: Where the object is.
    ///   - wanted: The condition.
    ///   - claims: Whether the bytes are in the upload $9, which must still be there.
    ///   - strict: Whether a condition that does not hold is an error, which undoes the transaction.
    /// - Returns: SQL that gives one row when strict, otherwise also a row of what is in the way.
    func put(_ table: Table, _ wanted: Statements.Wanted, claims: Bool, strict: Bool) -> String {
        let claim = """
            claim AS (UPDATE \(names.uploads) SET state = 'stored', changed_at = clock_timestamp()
              WHERE upload = $9 AND state = 'writing' RETURNING upload),
            """
        return """
            WITH \(claims ? claim : "")
            done AS (\(change(table, wanted, claims: claims)) RETURNING updated_at)
            \(strict ? verdict(table, claims: claims) : moved + answer(table, wanted, claims: claims))
            """
    }

    /// A removal; $4 is the version that is asked for.
    func remove(_ table: Table, _ wanted: Statements.Wanted, strict: Bool) -> String {
        let condition = wanted == .version ? " AND version = $4" : ""
        let gone = """
            WITH done AS (DELETE FROM \(names.name(of: table))
              WHERE \(table.isKey())\(condition) RETURNING updated_at)
            \(strict ? "" : moved)
            """
        if wanted == .nothing {
            return "\(gone) SELECT true, NULL::timestamptz, NULL::text, true, \(isWatched)"
        }
        return "\(gone) \(strict ? verdict(table) : answer(table, wanted, claims: false))"
    }

    /// Holds a row against change until the commit, if it has the version $4.
    func check(_ table: Table) -> String {
        """
        WITH done AS MATERIALIZED (SELECT updated_at FROM \(names.name(of: table))
          WHERE \(table.isKey()) AND version = $4 FOR SHARE)
        \(verdict(table))
        """
    }

    /// Takes the place of an object that must not be there.
    ///
    /// Nobody else sees it: ``unreserve(_:)`` follows in the same transaction.
    func reserve(_ table: Table) -> String {
        """
        WITH done AS (INSERT INTO \(names.name(of: table))
            (\(table.keyColumns), version, size, updated_at, attributes)
          SELECT \(table == .objects ? "$1, " : "")$2, $3, '', 0, clock_timestamp(), '{}'
          ON CONFLICT (\(table.keyColumns)) DO NOTHING RETURNING updated_at)
        \(verdict(table))
        """
    }

    /// Takes away what ``reserve(_:)`` put there.
    func unreserve(_ table: Table) -> String {
        "DELETE FROM \(names.name(of: table)) WHERE \(table.isKey()) AND version = ''"
    }

    // MARK: - Parts

    /// Whether somebody wants to be told.
    private var isWatched: String {
        "EXISTS (SELECT 1 FROM \(names.watchers) WHERE until > clock_timestamp())"
    }

    /// Moves a counter by which watchers see that something was committed.
    ///
    /// Each server process has its own row, so that writers rarely wait for each other. It is locked after
    /// the last object's row, so that no two can wait for each other in a circle.
    private var moved: String {
        """
        , moved AS (UPDATE \(names.changes) SET number = number + 1
          WHERE slot = pg_backend_pid() % \(Tables.slotCount) AND EXISTS (SELECT 1 FROM done))

        """
    }

    /// Moves the counter at the end of a transaction of strict statements, which do not.
    var move: String {
        "UPDATE \(names.changes) SET number = number + 1 "
            + "WHERE slot = pg_backend_pid() % \(Tables.slotCount) RETURNING \(isWatched)"
    }

    private func change(
        _ table: Table, _ wanted: Statements.Wanted, claims: Bool
    ) -> String {
        let name = names.name(of: table)
        let data = table == .receipts ? "$7::jsonb" : "$7"
        let upload = claims ? "claim.upload" : "$9"
        let source = claims ? " FROM claim" : ""
        if wanted == .version {
            return """
                UPDATE \(name) AS o SET version = $4, size = $5, attributes = $6::json, data = \(data),
                  bytes = $8, upload = \(upload), updated_at = clock_timestamp()\(source)
                WHERE \(table.isKey("o.")) AND o.version = $10
                """
        }
        let (own, values) =
            table == .objects
            ? ("collection", "$1") : ("service, stage, provider", "$11, $12, $13")
        let insert = """
            INSERT INTO \(name) (\(own), workspace_id, path, version, size, attributes, data, bytes,
              upload, updated_at)
            SELECT \(values), $2, $3, $4, $5, $6::json, \(data), $8, \(upload), clock_timestamp()\(source)
            ON CONFLICT (\(table.keyColumns)) DO
            """
        guard wanted == .nothing else { return insert + " NOTHING" }
        return insert + """
             UPDATE SET version = excluded.version, size = excluded.size,
              attributes = excluded.attributes, data = excluded.data, bytes = excluded.bytes,
              upload = excluded.upload, updated_at = excluded.updated_at
            """
    }

    /// One row that says whether it was done, and otherwise what is there.
    private func answer(
        _ table: Table, _ wanted: Statements.Wanted, claims: Bool
    ) -> String {
        let claimed = claims ? "EXISTS (SELECT 1 FROM claim)" : "true"
        let done = "SELECT true, updated_at, NULL::text, true, \(isWatched) FROM done"
        let lost = "UNION ALL SELECT false, NULL, NULL, \(claimed), false"
        guard wanted != .nothing else { return "\(done) \(claims ? lost : "") LIMIT 1" }
        return """
            \(done) UNION ALL
            SELECT false, NULL, version, \(claimed), false FROM \(names.name(of: table)) WHERE \(table.isKey())
            \(lost) LIMIT 1
            """
    }

    /// One row when it was done, otherwise an error that names the version that is there.
    private func verdict(_ table: Table, claims: Bool = false) -> String {
        let upload =
            claims ? "WHEN NOT EXISTS (SELECT 1 FROM claim) THEN '\(Self.removedUpload)'" : ""
        // No such text is a time: the cast is the error.
        return """
            SELECT true, coalesce((SELECT updated_at FROM done), (CASE \(upload)
                WHEN true THEN '\(Self.refusal)' || coalesce((SELECT version
                  FROM \(names.name(of: table)) WHERE \(table.isKey())), '') END)::timestamptz),
              NULL::text, true
            """
    }
}
