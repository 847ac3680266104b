internal import HoldfastDriver

/// The statements of a store.
///
/// $1 collection, $2 workspace, $3 path in all that are about one object.
struct Statements: Sendable {
    /// What a write asks of the object as it is.
    enum Wanted: Int, CaseIterable {
        case nothing, absent, version
    }

    private let names: TableNames
    private let heads: [Statement]
    private let reads: [Statement]
    private let lists: [Statement]
    private let puts: [Statement]
    private let removals: [Statement]
    private let checks: [Statement]
    /// $1 upload, $2 number.
    let readChunk: Statement
    /// Tells watchers of a transaction of strict statements, as its last.
    let move: Statement
    /// The cursor of this moment: the sum of the counters, which every commit changes.
    ///
    /// The table's number tells the counters of a table that was made anew from the old ones.
    let look: Statement
    /// Asks to be told, on this connection.
    let listen: Statement
    /// Tells those who listen.
    let announce: Statement
    /// Says that somebody listens: $1 a number of its own.
    let register: Statement
    /// The clock and the name of it.
    let clock: Statement
    /// The transactions that are writing objects at this moment.
    let writers: Statement

    private static let key: [ParameterType] = [.text, .text, .text]

    /// Writes the statements for some tables.
    init(_ names: TableNames) {
        self.names = names
        var place = 0
        func kept(_ sql: String, _ types: [ParameterType]) -> Statement {
            defer { place += 1 }
            return Statement(place, sql, types)
        }
        let writer = WriteSQL(names: names)
        heads = Table.allCases.map {
            kept("SELECT \(columns) FROM \(names.name(of: $0)) WHERE \($0.isKey())", Self.key)
        }
        reads = Table.allCases.map {
            kept(
                "SELECT \(columns), \($0 == .objects ? "data, " : "")bytes "
                    + "FROM \(names.name(of: $0)) WHERE \($0.isKey())", Self.key)
        }
        lists = Table.allCases.flatMap { table in
            [false, true].map {
                kept(
                    listSQL(names.name(of: table), table, attributes: $0),
                    [.text, .text, .text, .text, .text, .number])
            }
        }
        puts = Table.allCases.flatMap { table in
            Wanted.allCases.flatMap { wanted in
                [false, true].flatMap { claims in
                    [false, true].map { strict in
                        kept(
                            writer.put(table, wanted, claims: claims, strict: strict),
                            WriteSQL.putTypes)
                    }
                }
            }
        }
        removals = Table.allCases.flatMap { table in
            [Wanted.nothing, .version].flatMap { wanted in
                [false, true].map {
                    kept(writer.remove(table, wanted, strict: $0), Self.key + [.text])
                }
            }
        }
        checks = Table.allCases.flatMap { table in
            [
                kept(writer.check(table), Self.key + [.text]),
                kept(writer.reserve(table), Self.key),
                kept(writer.unreserve(table), Self.key),
            ]
        }
        readChunk = kept(
            "SELECT data FROM \(names.chunks) WHERE upload = $1 AND number = $2",
            [.number, .number])
        move = kept(writer.move, [])
        writers = Statement(once: writersSQL(names))
        look = kept(
            "SELECT to_regclass('\(names.changes)')::oid || '.' || sum(number) FROM \(names.changes)",
            [])
        // Made of the base name alone: stores of several schemas wake each other, which does no harm.
        listen = Statement(once: "LISTEN \"\(names.base)_changes\"")
        announce = kept("SELECT pg_notify('\(names.base)_changes', '')", [])
        register = kept(registerSQL(names), [.number])
        clock = kept(clockSQL(names), [])
    }

    /// An object's row without its bytes.
    func head(_ table: Table) -> Statement { heads[table.rawValue] }

    /// An object's row with its bytes: as text, or as bytes.
    func read(_ table: Table) -> Statement { reads[table.rawValue] }

    /// $3 the path before the first, $4 the least, $5 the one behind the last, $6 the most rows.
    func list(_ table: Table, attributes: Bool) -> Statement {
        lists[table.rawValue * 2 + (attributes ? 1 : 0)]
    }

    /// ``WriteSQL`` says what `claims` and `strict` are.
    func put(_ table: Table, _ wanted: Wanted, claims: Bool, strict: Bool) -> Statement {
        puts[((table.rawValue * 3 + wanted.rawValue) * 2 + (claims ? 1 : 0)) * 2 + (strict ? 1 : 0)]
    }

    /// $4 the version; only for nothing and for a version.
    func remove(_ table: Table, _ wanted: Wanted, strict: Bool) -> Statement {
        removals[(table.rawValue * 2 + (wanted == .version ? 1 : 0)) * 2 + (strict ? 1 : 0)]
    }

    /// Holds a row that has the version $4 until the commit.
    func check(_ table: Table) -> Statement { checks[table.rawValue * 3] }

    /// Keeps others from making the object until the commit.
    func reserve(_ table: Table) -> Statement { checks[table.rawValue * 3 + 1] }

    /// Takes away what ``reserve(_:)`` put there.
    func unreserve(_ table: Table) -> Statement { checks[table.rawValue * 3 + 2] }
}

/// The columns of an object's information, in the order that ``ObjectRow`` reads.
private let columns = "version, size, updated_at, attributes, upload"

private func listSQL(_ name: String, _ table: Table, attributes: Bool) -> String {
    // The column's collation is "C": paths sort by their bytes, and one index serves scope and order.
    """
    SELECT version, size, updated_at, \(attributes ? "attributes" : "NULL"), upload, path
    FROM \(name)
    WHERE \(table == .objects ? "collection = $1 AND " : "")workspace_id = $2
      AND path > $3 AND path >= $4 AND path < $5
    ORDER BY \(table == .objects ? "collection, " : "")workspace_id, path LIMIT $6
    """
}

private func writersSQL(_ names: TableNames) -> String {
    """
    SELECT DISTINCT virtualtransaction FROM pg_locks
    WHERE relation IN (to_regclass('\(names.objects)')::oid, to_regclass('\(names.receipts)')::oid)
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND mode = 'RowExclusiveLock' AND granted AND pid <> pg_backend_pid()
    """
}

private func registerSQL(_ names: TableNames) -> String {
    """
    WITH old AS (DELETE FROM \(names.watchers) WHERE until < clock_timestamp() - interval '1 hour')
    INSERT INTO \(names.watchers) (watcher, until)
    VALUES ($1, clock_timestamp() + interval '15 seconds')
    ON CONFLICT (watcher) DO UPDATE SET until = excluded.until
    """
}

private func clockSQL(_ names: TableNames) -> String {
    // Looks into the table, too, so that a store whose tables are gone does not seem usable.
    """
    SELECT clock_timestamp(), extract(epoch FROM pg_postmaster_start_time())::text,
      (SELECT count(*) FROM (SELECT 1 FROM \(names.objects) LIMIT 1) AS one)
    """
}
