internal import HoldfastDriver

/// Several changes that happen together or not at all.
///
/// All are judged before the first is made, and nothing but a failure of SQLite can stop them then,
/// which takes the whole transaction back. So a refusal leaves the neighbours' changes alone.
struct CommitOperation: WriteOperation {
    /// The changes, in the order of the request.
    let changes: [any ObjectChange]

    var byteCount: Int { changes.reduce(0) { $0 + $1.byteCount } }

    func apply(to connection: Connection) throws(SQLiteFailure) -> Result<WriteOutcome, DriverError>
    {
        var rows: [CurrentRow?] = []
        for (index, change) in changes.enumerated() {
            switch try change.judge(on: connection) {
            case .success(let current): rows.append(current)
            case .failure(var refusal):
                refusal.change = UInt32(index + 1)
                return .failure(refusal)
            }
        }
        let now = unixNanoseconds()
        var outcome = WriteOutcome(modifiedNanoseconds: now)
        for (change, row) in zip(changes, rows) {
            let one = try change.make(on: connection, over: row, now: now)
            outcome.retiredUpload = outcome.retiredUpload || one.retiredUpload
        }
        return .success(outcome)
    }
}

/// Writes nothing; its condition must hold.
struct CheckOperation: ObjectChange {
    let key: ObjectKey
    let condition: Condition

    var byteCount: Int { 0 }

    func judge(on connection: Connection) throws(SQLiteFailure) -> Result<CurrentRow?, DriverError>
    {
        let current = try connection.current(key)
        return condition.refusal(of: current, key).map { .failure($0) } ?? .success(current)
    }

    func make(
        on connection: Connection, over current: CurrentRow?, now: Int64
    ) throws(SQLiteFailure) -> WriteOutcome {
        WriteOutcome()
    }
}
