internal import HoldfastDriver

/// How a table of receipts that another tool made becomes ours.
///
/// It has one receipt for each workspace and stage, whose JSON names the service and the provider. The
/// bytes of each are what PostgreSQL shows of its JSON.
struct Adoption {
    let names: TableNames

    /// The columns that are known; with any other, something of them would be lost.
    static let columns: Set<String> = ["workspace_id", "stage", "data", "updated_at"]

    /// The columns of the table.
    var foundColumns: String {
        """
        SELECT attname FROM pg_attribute
        WHERE attrelid = to_regclass('\(names.receipts)') AND attnum > 0 AND NOT attisdropped
        """
    }

    /// Keeps all others away from the table.
    var lock: String { "LOCK TABLE \(names.receipts) IN ACCESS EXCLUSIVE MODE" }

    /// Whose the receipts are.
    var owners: String {
        """
        SELECT workspace_id::text, (data::jsonb)->>'service', stage::text, (data::jsonb)->>'provider',
          clock_timestamp() FROM \(names.receipts)
        """
    }

    /// Names the old table, and the index of its key, out of the way.
    var rename: String { "ALTER TABLE \(names.receipts) RENAME TO \"\(names.base)_original\"" }

    /// Copies the rows.
    var copy: String {
        """
        INSERT INTO \(names.receipts) (workspace_id, service, stage, provider, path, version, size,
          updated_at, attributes, data, bytes)
        SELECT workspace_id, service, stage, provider,
          service || '/' || stage || '/' || provider || '.state.json',
          replace(gen_random_uuid()::text, '-', ''), octet_length(bytes), updated_at, '{}', data, bytes
        FROM (SELECT workspace_id::text, stage::text, (data::jsonb)->>'service' AS service,
            (data::jsonb)->>'provider' AS provider, data::jsonb AS data,
            convert_to(data::text, 'UTF8') AS bytes,
            coalesce(updated_at::timestamptz, clock_timestamp()) AS updated_at
          FROM \(names.quoted("_original"))) AS old
        """
    }

    /// Takes the old table away.
    var drop: String { "DROP TABLE \(names.quoted("_original"))" }
}
