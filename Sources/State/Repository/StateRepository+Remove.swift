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
        try requireConditions(path, call)
        var snapshot = try load(path, call)
        try refuseSetBack(path, snapshot, call)
        let session = LockSession(path, lockID: lockID, admittedBy: snapshot.record)
        if let refusal = session.refusal(by: snapshot.record) { throw refusal }
        snapshot = try prepare(path, snapshot, mustExist: false, call).snapshot
        let sequence = snapshot.record.sequence
        var applied = HostError.Applied.no
        var nativeAttempts = commitsNatively ? NativeCommit.copyConflictsMax : 0
        for _ in 0..<Self.attemptsMax {
            if let refusal = session.refusal(by: snapshot.record) { throw refusal }
            guard snapshot.record.current != nil else { return snapshot.record.sequence > sequence }
            // Whoever asks for a removal means the state that was there, not a later one.
            guard snapshot.record.sequence == sequence else {
                throw overtaken(path, applied)
            }
            let copy =
                nativeAttempts > 0
                ? replaceableCopy(path, snapshot.record.removing(), call) : nil
            guard let removed = try removing(path, snapshot, copy, call) else {
                // It may have taken place before another change, when its answer was lost.
                applied = .unknown
                nativeAttempts -= nativeAttempts > 0 ? 1 : 0
                snapshot = try load(path, call)
                continue
            }
            finish(path, removed.record, isPublished: copy != nil, call)
            return true
        }
        throw busy(path)
    }

    /// Swaps the record, and removes the copy with it where that was looked at.
    private func removing(
        _ path: StatePath, _ snapshot: RecordSnapshot, _ copy: LegibleCopy?, _ call: Call
    ) throws(StateError) -> RecordSnapshot? {
        guard let copy else {
            return try swap(path, snapshot, to: snapshot.record.removing(), call)
        }
        return try commitRemoval(path, snapshot, copy, call)
    }

    /// Removes the copy of a removed state and collects what was never committed.
    ///
    /// The state is removed; a copy that cannot be now is removed by the next call.
    private func finish(
        _ path: StatePath, _ record: StateRecord, isPublished: Bool, _ call: Call
    ) {
        if !isPublished {
            do throws(StateError) { try publish(path, after: record, nil, call) } catch { return }
        }
        collectNear(path, record, call)
    }

    private func overtaken(_ path: StatePath, _ applied: HostError.Applied) -> StateError {
        StateError(
            .conflict,
            "'\(path)' was written while its removal was on its way, and is there now",
            advice: "read the state and decide again", applied: applied, path: path)
    }
}
