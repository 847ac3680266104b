internal import HoldfastDriver

/// The statements for large objects: their bytes lie in chunks, written one short transaction at a time.
///
/// An upload is `writing` until its object points at it, `stored` until that object is replaced or
/// removed, then `retired`: whoever was reading it may finish, and its chunks go away in small steps.
struct Uploads: Sendable {
    /// The bytes of a chunk; part of the format.
    static let chunkByteCount = 1 << 20

    /// Begins an upload: $1 upload, $2 collection, $3 workspace, $4 path.
    let begin: Statement
    /// Adds a chunk, if the upload is still there: $1 upload, $2 number, $3 data.
    let add: Statement
    /// Gives up an upload that no object points at, for removal at once: $1 upload.
    let abandon: Statement
    /// Retires what nobody writes any more, and what no object points at any more.
    let retire: Statement
    /// Removes some chunks of a retired upload, then the upload; gives a row while there is more.
    let removeSome: Statement

    /// How long a writer may be silent, and a reader of a replaced object may take.
    private static let (writing, reading) = ("interval '1 hour'", "interval '10 minutes'")
    /// What one transaction removes.
    private static let removalCount = 64

    init(_ names: TableNames) {
        let (uploads, chunks) = (names.uploads, names.chunks)
        begin = Statement(
            once: """
                INSERT INTO \(uploads) (upload, state, collection, workspace_id, path)
                VALUES ($1, 'writing', $2, $3, $4)
                """, [.number, .text, .text, .text])
        add = Statement(
            once: """
                WITH alive AS (UPDATE \(uploads) SET changed_at = clock_timestamp()
                  WHERE upload = $1 AND state = 'writing' RETURNING upload)
                INSERT INTO \(chunks) (upload, number, data) SELECT upload, $2, $3 FROM alive
                RETURNING number
                """, [.number, .number, .bytes])
        abandon = Statement(
            once: """
                UPDATE \(uploads) SET state = 'retired', changed_at = 'epoch' WHERE upload = $1
                """, [.number])
        retire = Statement(
            once: """
                UPDATE \(uploads) AS u SET state = 'retired', changed_at = clock_timestamp()
                WHERE state = 'writing' AND changed_at < clock_timestamp() - \(Self.writing)
                  OR state = 'stored' AND NOT EXISTS (
                    SELECT 1 FROM \(names.objects) AS o WHERE o.collection = u.collection
                      AND o.workspace_id = u.workspace_id AND o.path = u.path AND o.upload = u.upload)
                  AND NOT EXISTS (
                    SELECT 1 FROM \(names.receipts) AS o WHERE u.collection = '\(Table.receiptCollection)'
                      AND o.workspace_id = u.workspace_id AND o.path = u.path AND o.upload = u.upload)
                """)
        removeSome = Statement(
            once: """
                WITH old AS (SELECT upload FROM \(uploads)
                  WHERE state = 'retired' AND changed_at < clock_timestamp() - \(Self.reading) LIMIT 1),
                batch AS (SELECT c.upload, c.number FROM \(chunks) AS c, old
                  WHERE c.upload = old.upload ORDER BY c.number LIMIT \(Self.removalCount)),
                gone AS (DELETE FROM \(chunks) AS c USING batch
                  WHERE c.upload = batch.upload AND c.number = batch.number),
                ended AS (DELETE FROM \(uploads) AS u USING old
                  WHERE u.upload = old.upload AND NOT EXISTS (SELECT 1 FROM batch))
                SELECT upload FROM old
                """)
    }
}
