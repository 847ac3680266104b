/// The tables of format version 1, which `README.md` explains to operators.
struct Tables {
    let names: TableNames

    /// How many counters there are for writers.
    static let slotCount = 256

    /// What makes all tables but that of the receipts.
    var statements: [String] {
        [
            """
            CREATE TABLE \(names.objects) (
              collection text COLLATE "C" NOT NULL,
              workspace_id text COLLATE "C" NOT NULL,
              path text COLLATE "C" NOT NULL,
              \(columns),
              data text,
              bytes bytea,
              PRIMARY KEY (collection, workspace_id, path)
            )
            """,
            """
            CREATE TABLE \(names.uploads) (
              upload bigint PRIMARY KEY,
              state text NOT NULL CHECK (state IN ('writing', 'stored', 'retired')),
              collection text COLLATE "C" NOT NULL,
              workspace_id text COLLATE "C" NOT NULL,
              path text COLLATE "C" NOT NULL,
              changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
            )
            """,
            """
            CREATE TABLE \(names.chunks) (
              upload bigint NOT NULL,
              number bigint NOT NULL,
              data bytea NOT NULL,
              PRIMARY KEY (upload, number)
            )
            """,
            // State files that come in chunks are often compressed or encrypted already.
            "ALTER TABLE \(names.chunks) ALTER COLUMN data SET STORAGE EXTERNAL",
            """
            CREATE TABLE \(names.changes) (
              slot integer PRIMARY KEY,
              number bigint NOT NULL
            ) WITH (fillfactor = 20)
            """,
            """
            INSERT INTO \(names.changes)
            SELECT slot, 0 FROM generate_series(0, \(Self.slotCount - 1)) AS slot
            """,
            """
            CREATE TABLE \(names.watchers) (
              watcher bigint PRIMARY KEY,
              until timestamptz NOT NULL
            )
            """,
            """
            CREATE TABLE \(names.format) (
              one boolean PRIMARY KEY DEFAULT true CHECK (one),
              version integer NOT NULL,
              changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
            )
            """,
            "INSERT INTO \(names.format) (version) VALUES (\(Schema.version))",
        ]
    }

    /// What makes the table of the receipts.
    var receipts: String {
        """
        CREATE TABLE \(names.receipts) (
          workspace_id text COLLATE "C" NOT NULL,
          service text,
          stage text,
          provider text,
          path text COLLATE "C" NOT NULL,
          \(columns),
          data jsonb,
          bytes bytea,
          PRIMARY KEY (workspace_id, path)
        )
        """
    }

    private let columns = """
        version text COLLATE "C" NOT NULL,
          size bigint NOT NULL,
          updated_at timestamptz NOT NULL,
          attributes json NOT NULL,
          upload bigint
        """

    init(_ names: TableNames) { self.names = names }
}
