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
        var snapshot = try load(path, call)
        let session = LockSession(path, lockID: lockID, admittedBy: snapshot.record)
        if let refusal = session.refusal(by: snapshot.record) { throw refusal }
        snapshot = try prepare(path, snapshot, mustExist: false, call).snapshot
        let sequence = snapshot.record.sequence
        var applied = HostError.Applied.no
        for _ in 0..<Self.attemptsMax {
            if let refusal = session.refusal(by: snapshot.record) { throw refusal }
            guard snapshot.record.current != nil else { return snapshot.record.sequence > sequence }
            // Whoever asks for a removal means the state that was there, not a later one.
            guard snapshot.record.sequence == sequence else {
                throw overtaken(path, applied)
            }
            guard let removed = try swap(path, snapshot, to: snapshot.record.removing(), call)
            else {
                // It may have taken place before another change, when its answer was lost.
                applied = .unknown
                snapshot = try load(path, call)
                continue
            }
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

    private func overtaken(_ path: StatePath, _ applied: HostError.Applied) -> StateError {
        StateError(
            .conflict,
            "'\(path)' was written while its removal was on its way, and is there now",
            advice: "read the state and decide again", applied: applied, path: path)
    }
}
