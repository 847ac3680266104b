internal import Host

/// A record as it was read, with what a swap of it must require.
struct RecordSnapshot {
    var record: StateRecord
    /// The version that was read; `nil` when there is no record.
    var version: Version?
    /// Where it was read.
    var home: RecordHome

    /// Whether there is a record.
    var exists: Bool { version != nil }

    var condition: Condition { version.map { .version($0) } ?? .absent }
}

extension StateRepository {
    /// Reads the record of a state; an empty one where there is none.
    func load(_ path: StatePath, _ call: Call) throws(StateError) -> RecordSnapshot {
        let home = try home(path, call)
        let key = recordKey(path, in: home)
        let found = try onStore(path) { () throws(HostError) in
            try call.check()
            return try home.store.read(key, maxByteCount: StateRecord.bytesMax, call)
        }
        guard let found else {
            return RecordSnapshot(record: StateRecord(), version: nil, home: home)
        }
        do throws(StateRecord.Problem) {
            var record = try StateRecord(json: found.bytes)
            record.lock?.lockStore = home.lockStore
            return RecordSnapshot(record: record, version: found.info.version, home: home)
        } catch {
            throw self.error(error, key, path)
        }
    }

    private func error(
        _ problem: StateRecord.Problem, _ key: ObjectKey, _ path: StatePath
    ) -> StateError {
        switch problem {
        case .newer(let format):
            return StateError(
                .newerFormat,
                "the record \(key) has format \(format); this Holdfast knows \(StateRecord.format)",
                advice: "use a newer Holdfast; nothing was changed", path: path)
        case .damaged(let reason):
            return StateError(
                .integrity, "the record \(key) is damaged: \(reason)",
                advice: "restore it from a backup; the versions of the state are under "
                    + "\(kind.versions)/\(path)/", path: path)
        }
    }

    /// Swaps the record for `changed`, with a new write id, and makes the other changes with it.
    ///
    /// All of it takes place or nothing, so that the record alone tells what became of a swap.
    ///
    /// - Returns: The new snapshot; `nil` when another change is there now. Then this one will not
    ///   take place any more, but it may have done so before the other, when its answer was lost:
    ///   the caller looks.
    /// - Throws: ``StateError``; `applied` tells whether the change may have taken place.
    func swap(
        _ path: StatePath, _ snapshot: RecordSnapshot, to changed: StateRecord,
        with others: [Change] = [], _ call: Call
    ) throws(StateError) -> RecordSnapshot? {
        guard !snapshot.exists, snapshot.home.isContestable else {
            return try putRecord(path, snapshot, changed, with: others, call)
        }
        let made: RecordSnapshot?
        do throws(StateError) {
            made = try putRecord(path, snapshot, changed, with: others, call)
        } catch {
            // It may have been made all the same, so whoever comes next looks again.
            place.forgetHome()
            throw error
        }
        if let made { try checkStillOwn(path, made, call) }
        return made
    }

    /// Takes a record that was just made away again where another client has begun to keep records
    /// elsewhere.
    private func checkStillOwn(
        _ path: StatePath, _ made: RecordSnapshot, _ call: Call
    ) throws(StateError) {
        do throws(StateError) { try place.checkStillOwn(call) } catch {
            var error = error
            error.path = path
            error.applied = .unknown
            do throws(HostError) {
                try made.home.store.remove(
                    recordKey(path, in: made.home), condition: made.condition, call)
                error.applied = .no
            } catch _ {}
            throw error
        }
    }

    private func putRecord(
        _ path: StatePath, _ snapshot: RecordSnapshot, _ changed: StateRecord,
        with others: [Change], _ call: Call
    ) throws(StateError) -> RecordSnapshot? {
        var changed = changed
        changed.write = environment.randomHexadecimal(16)
        if changed.writing != nil, changed.writing != snapshot.record.writing {
            changed.writing?.write = changed.write
        }
        let home = snapshot.home
        let key = recordKey(path, in: home)
        let json = changed.json
        // What could not be read again must not be written.
        guard json.count <= StateRecord.bytesMax else {
            throw StateError(
                .tooLarge,
                "the record \(key) would have \(json.count) bytes; at most "
                    + "\(StateRecord.bytesMax) are kept", path: path)
        }
        do throws(HostError) {
            try call.check()
            let version: Version?
            if others.isEmpty {
                version = try home.store.put(
                    key, json, condition: snapshot.condition, isUnique: true, call
                ).version
            } else {
                let record = Change.put(key, json, condition: snapshot.condition)
                version = try home.store.commit([record] + others, call).first?.version
            }
            return RecordSnapshot(record: changed, version: version, home: home)
        } catch {
            if error.applied == .no {
                if error.code == .condition || error.code == .conflict { return nil }
                throw StateError(error, path: path)
            }
            guard error.isLostAnswer else { throw unknownOutcome(error, path) }
            return try resolve(path, snapshot, changed, error, call)
        }
    }

    private func unknownOutcome(_ error: HostError, _ path: StatePath) -> StateError {
        var unknown = StateError(error, path: path)
        unknown.applied = .unknown
        unknown.message =
            "it is not known whether the change of '\(path)' took place: \(error.message)"
        unknown.advice = "repeat the same request: it is recognised if it did"
        return unknown
    }

    /// Finds out what became of a swap whose answer was lost.
    private func resolve(
        _ path: StatePath, _ snapshot: RecordSnapshot, _ changed: StateRecord, _ error: HostError,
        _ call: Call
    ) throws(StateError) -> RecordSnapshot? {
        let seen: RecordSnapshot
        do throws(StateError) { seen = try load(path, call) } catch _ {
            throw unknownOutcome(error, path)
        }
        if isSame(seen.record.write, changed.write) { return seen }
        // While the record is as it was, the lost write may still arrive.
        if seen.version == snapshot.version { throw unknownOutcome(error, path) }
        return nil
    }
}

extension HostError {
    /// Whether only the answer is missing.
    ///
    /// A write that failed by an input or output error may be visible without being durable, so that
    /// reading it back proves nothing.
    fileprivate var isLostAnswer: Bool {
        switch code {
        case .unavailable, .deadline, .cancelled, .throttled, .conflict, .condition: true
        default: false
        }
    }
}
