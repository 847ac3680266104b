package import Host

extension StateRepository {
    /// Removes a state.
    ///
    /// Its versions stay, and so does its record. The lock rules are those of a write.
    ///
    /// - Returns: `false` when there was none.
    /// - Throws: ``StateError``, with the codes of a refused write.
    package func remove(
        _ path: StatePath, lockID: String?, _ call: Call
    ) throws(StateError) -> Bool {
        try requireConditions(path)
        var session: LockSession?
        for _ in 0..<Self.attemptsMax {
            var snapshot = try load(path, call)
            let admitted =
                session ?? LockSession(path, lockID: lockID, admittedBy: snapshot.record)
            session = admitted
            if let refusal = admitted.refusal(by: snapshot.record) { throw refusal }
            snapshot = try prepare(path, snapshot, mustExist: false, call).snapshot
            if let refusal = admitted.refusal(by: snapshot.record) { throw refusal }
            guard snapshot.record.current != nil else { return false }
            guard let removed = try swap(path, snapshot, to: snapshot.record.removing(), call)
            else { continue }
            // The state is removed; a copy that cannot be now is removed by the next call.
            do throws(StateError) {
                try publish(path, after: removed.record, nil, call)
            } catch {
                return true
            }
            collectNear(path, removed.record, call)
            return true
        }
        throw busy(path)
    }
}
