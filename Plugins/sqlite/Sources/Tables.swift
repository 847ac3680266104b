internal import Glibc

/// The tables of format version 1, which `README.md` explains to operators.
let tables: [String] = [
    """
    CREATE TABLE objects (
      collection TEXT NOT NULL,
      workspace_id TEXT NOT NULL,
      path TEXT NOT NULL,
      \(objectColumns),
      PRIMARY KEY (collection, workspace_id, path)
    )
    """,
    """
    CREATE TABLE runfabric_receipts (
      workspace_id TEXT NOT NULL,
      service TEXT,
      stage TEXT,
      provider TEXT,
      path TEXT NOT NULL,
      \(objectColumns),
      PRIMARY KEY (workspace_id, path)
    )
    """,
    """
    CREATE TABLE uploads (
      upload INTEGER PRIMARY KEY,
      owner INTEGER NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('writing', 'stored', 'retired')),
      changed_at TEXT NOT NULL,
      changed_ns INTEGER NOT NULL
    )
    """,
    "CREATE INDEX idle_uploads ON uploads (state) WHERE state <> 'stored'",
    """
    CREATE TABLE chunks (
      upload INTEGER NOT NULL,
      number INTEGER NOT NULL,
      data BLOB NOT NULL,
      PRIMARY KEY (upload, number)
    )
    """,
]

/// The data comes last: SQLite then finds all else without following a large value's pages.
private let objectColumns = """
    version TEXT NOT NULL,
      size INTEGER NOT NULL,
      updated_at TEXT NOT NULL,
      modified_ns INTEGER NOT NULL,
      attributes TEXT NOT NULL,
      upload INTEGER,
      data TEXT
    """

/// How a table of receipts that another tool made becomes ours.
///
/// It has one receipt for each workspace and stage, whose JSON names the service and the provider. The
/// data may be a blob.
enum adoption {
    static let rename = "ALTER TABLE runfabric_receipts RENAME TO original_receipts"

    static let names = "SELECT workspace_id, \(service), stage, \(provider) FROM runfabric_receipts"

    static let copy = """
        INSERT INTO runfabric_receipts (workspace_id, service, stage, provider, path, version, size,
          updated_at, modified_ns, attributes, data)
        SELECT workspace_id, \(service), stage, \(provider),
          \(service) || '/' || stage || '/' || \(provider) || '.state.json',
          lower(hex(randomblob(16))), length(CAST(data AS BLOB)), updated_at,
          ifnull(unixepoch(updated_at, 'auto'), 0) * 1000000000, '{}', data
        FROM original_receipts
        """

    static let drop = "DROP TABLE original_receipts"

    private static let service = member("service")
    private static let provider = member("provider")

    private static func member(_ name: String) -> String {
        let text = "CAST(data AS TEXT)"
        return "CASE WHEN json_valid(\(text)) THEN json_extract(\(text), '$.\(name)') END"
    }
}

/// Sleeps for the time that another process needs for one short step.
func pause() { usleep(1000) }
