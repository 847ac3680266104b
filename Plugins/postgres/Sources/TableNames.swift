internal import HoldfastDriver

/// The names of a store's tables, quoted, and qualified where a schema was given.
///
/// All derive from one, so that two tables in one database are two stores.
struct TableNames: Sendable {
    /// The name that the others derive from, not quoted.
    let base: String
    /// The schema, not quoted.
    let schema: String?
    /// The longest name: PostgreSQL ends names at 63 bytes, and ours grow by up to 16.
    private static let maximumByteCount = 47

    /// Checks the names.
    ///
    /// - Throws: ``DriverError`` for a name that would have to be quoted: other tools that leave the quotes
    ///   out would then mean another table.
    init(table: String, schema: String?) throws(DriverError) {
        try Self.check("table", table)
        if let schema { try Self.check("schema", schema) }
        base = table
        self.schema = schema
    }

    /// The receipts of the collection `state`.
    var receipts: String { quoted("") }
    /// The objects of all other collections.
    var objects: String { quoted("_objects") }
    /// The large objects on their way in and out.
    var uploads: String { quoted("_uploads") }
    /// The bytes of large objects.
    var chunks: String { quoted("_chunks") }
    /// The counters that every write moves.
    var changes: String { quoted("_changes") }
    /// Those who want to be told of changes.
    var watchers: String { quoted("_watchers") }
    /// The row that says which format the tables have.
    var format: String { quoted("_format") }

    /// A query for those of the store's tables that there are.
    ///
    /// It reads the catalogue itself: to_regclass goes by what the session remembers, and does not see
    /// what another session made while this one waited for the advisory lock.
    var lookup: String {
        let scope = schema.map { "nspname = '\($0)'" } ?? "pg_table_is_visible(c.oid)"
        return """
            SELECT relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
            WHERE relname IN ('\(base)', '\(base)_objects', '\(base)_format') AND \(scope)
            """
    }

    /// A table's name with a suffix, as SQL has it.
    func quoted(_ suffix: String) -> String {
        let name = "\"\(base)\(suffix)\""
        return schema.map { "\"\($0)\".\(name)" } ?? name
    }

    private static func check(_ option: String, _ name: String) throws(DriverError) {
        let isLegal = name.utf8.enumerated().allSatisfy { place, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): place > 0
            default: false
            }
        }
        guard isLegal, (1...maximumByteCount).contains(name.utf8.count) else {
            throw DriverError(
                .invalid,
                "the option \(option) must be 1 to \(maximumByteCount) small letters, digits and "
                    + "underscores that do not start with a digit, not '\(name)'; a table in another "
                    + "schema is named by the options schema and table")
        }
    }
}
