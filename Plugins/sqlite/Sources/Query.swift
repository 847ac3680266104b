internal import HoldfastDriver

/// Where a collection's objects are.
enum Table: Hashable {
    /// `objects`, for every collection but one.
    case objects
    /// `runfabric_receipts`, for deploy receipts: its name and columns are what operators query.
    case receipts

    /// The collection whose objects are deploy receipts.
    static let receiptCollection = "state"

    init(collection: String) { self = collection == Self.receiptCollection ? .receipts : .objects }

    fileprivate var place: Int { self == .objects ? 0 : 1 }

    var name: String {
        switch self {
        case .objects: "objects"
        case .receipts: "runfabric_receipts"
        }
    }

    /// The condition on ?1, the collection; the receipts' table has only one.
    fileprivate var scope: String { self == .objects ? "collection = ?1 AND " : "" }
}

/// The statements that are kept prepared.
///
/// Parameters have the same numbers in all of them: ?1 collection, ?2 workspace, ?3 path; or ?1 upload, ?2 number.
enum Query {
    case begin, commit, rollback
    case head(Table), read(Table), list(Table, attributes: Bool)
    case write(Table), remove(Table)
    case addUpload, addChunk, readChunk, measureUpload, storeUpload, retireUpload
    case idleUploads, removeChunks, removeUpload
    case probe
    case marks, dataVersion

    /// Where a connection keeps the prepared statement: a place of its own for each case.
    var place: Int {
        switch self {
        case .begin: 0
        case .commit: 1
        case .rollback: 2
        case .probe: 3
        case .addUpload: 4
        case .addChunk: 5
        case .readChunk: 6
        case .measureUpload: 7
        case .storeUpload: 8
        case .retireUpload: 9
        case .idleUploads: 10
        case .removeChunks: 11
        case .removeUpload: 12
        case .head(let table): 13 + table.place
        case .read(let table): 15 + table.place
        case .write(let table): 17 + table.place
        case .remove(let table): 19 + table.place
        case .list(let table, let attributes): (attributes ? 21 : 23) + table.place
        case .marks: 25
        case .dataVersion: 26
        }
    }

    /// How many places there are.
    static let placeCount = 27

    var sql: String {
        switch self {
        case .begin: "BEGIN IMMEDIATE"
        case .commit: "COMMIT"
        case .rollback: "ROLLBACK"
        case .probe: "SELECT count(*) FROM (SELECT 1 FROM objects LIMIT 1)"
        case .marks: Tracking.marks
        case .dataVersion: "PRAGMA data_version"
        case .head(let table):
            "SELECT \(columns) FROM \(table.name) WHERE \(table.scope)workspace_id = ?2 AND path = ?3"
        case .read(let table):
            """
            SELECT \(columns), data FROM \(table.name)
            WHERE \(table.scope)workspace_id = ?2 AND path = ?3
            """
        case .list(let table, let attributes):
            """
            SELECT version, size, modified_ns, \(attributes ? "attributes" : "'{}'"), upload, path
            FROM \(table.name) WHERE \(table.scope)workspace_id = ?2 AND path >= ?3 AND path < ?4
            ORDER BY path LIMIT ?5
            """
        case .write(let table): writeSQL(table)
        case .remove(let table):
            "DELETE FROM \(table.name) WHERE \(table.scope)workspace_id = ?2 AND path = ?3"
        case .addUpload, .addChunk, .readChunk, .measureUpload, .storeUpload, .retireUpload,
            .idleUploads, .removeChunks, .removeUpload:
            uploadSQL
        }
    }

    private var uploadSQL: String {
        switch self {
        case .addUpload:
            """
            INSERT INTO uploads (upload, owner, state, changed_ns, changed_at)
            VALUES (?1, ?2, 'writing', ?3, \(timestamp("?3")))
            """
        case .addChunk: "INSERT INTO chunks (upload, number, data) VALUES (?1, ?2, ?3)"
        case .readChunk: "SELECT data FROM chunks WHERE upload = ?1 AND number = ?2"
        case .measureUpload:
            """
            SELECT count(*), ifnull(sum(length(data)), 0) FROM chunks WHERE upload = ?1
            AND EXISTS (SELECT 1 FROM uploads WHERE upload = ?1 AND state = 'writing')
            """
        case .storeUpload:
            """
            UPDATE uploads SET state = 'stored', changed_ns = ?2, changed_at = \(timestamp("?2"))
            WHERE upload = ?1 AND state = 'writing'
            """
        case .retireUpload:
            """
            UPDATE uploads SET state = 'retired', changed_ns = ?2, changed_at = \(timestamp("?2"))
            WHERE upload = ?1
            """
        case .idleUploads:
            "SELECT upload, owner, state = 'retired', changed_ns FROM uploads WHERE state <> 'stored'"
        case .removeChunks:
            """
            DELETE FROM chunks WHERE rowid IN
            (SELECT rowid FROM chunks WHERE upload = ?1 ORDER BY number LIMIT ?2)
            """
        default: "DELETE FROM uploads WHERE upload = ?1"
        }
    }
}

/// The columns of an object's information, in the order that ``ObjectRow`` reads.
private let columns = "version, size, modified_ns, attributes, upload"

/// Nanoseconds since 1970 as RFC 3339 text with milliseconds.
func timestamp(_ nanoseconds: String) -> String {
    "strftime('%Y-%m-%dT%H:%M:%fZ', \(nanoseconds) / 1000000000.0, 'unixepoch')"
}

private func writeSQL(_ table: Table) -> String {
    let (own, values) =
        table == .objects
        ? ("collection", "?1") : ("service, stage, provider", "?10, ?11, ?12")
    let key = table == .objects ? "collection, workspace_id, path" : "workspace_id, path"
    return """
        INSERT INTO \(table.name) (\(own), workspace_id, path,
          version, size, modified_ns, attributes, upload, data, updated_at)
        VALUES (\(values), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, \(timestamp("?6")))
        ON CONFLICT (\(key)) DO UPDATE SET version = excluded.version, size = excluded.size,
          modified_ns = excluded.modified_ns, attributes = excluded.attributes,
          upload = excluded.upload, data = excluded.data, updated_at = excluded.updated_at
        """
}
