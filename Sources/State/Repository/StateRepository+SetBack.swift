internal import Host

// Two stores can be restored from backups of different times. Where the lock store is set back behind the
// bytes, the newest versions look like such that were never committed; they must not be collected.

extension StateRepository {
    /// Refuses to change a state whose record is older than its copy.
    func refuseSetBack(
        _ path: StatePath, _ snapshot: RecordSnapshot, _ call: Call
    ) throws(StateError) {
        guard snapshot.exists, try isSetBack(path, snapshot.record, call) else { return }
        throw setBack(path)
    }

    private func setBack(_ path: StatePath) -> StateError {
        StateError(
            .integrity,
            "the record of '\(path)' in the store '\(place.unfencedLockStore ?? "")' is older than the "
                + "copy \(legibleKey(path)): the store of the locks was set back",
            advice:
                "restore it from a newer backup, or copy the states to another prefix; nothing was "
                + "changed", path: path)
    }

    /// Whether the legible copy shows a version that was committed after a record which is in another
    /// store.
    func isSetBack(
        _ path: StatePath, _ record: StateRecord, _ call: Call
    ) throws(StateError) -> Bool {
        guard place.isApart else { return false }
        let copy = try onStore(path) { () throws(HostError) in
            try call.check()
            return try store.head(legibleKey(path), call)
        }
        guard let copy, try isNewer(copy, than: record, path, call) else { return false }
        // Others may have committed since `record` was read.
        return try isNewer(copy, than: load(path, call).record, path, call)
    }

    /// Refuses to replace a copy by what a record says that was read after it and is older.
    func refuseToSetBack(
        _ path: StatePath, _ copy: ObjectInfo?, _ record: StateRecord, _ call: Call
    ) throws(StateError) {
        guard place.isApart, let copy, !record.isAdoptable,
            try isNewer(copy, than: record, path, call)
        else { return }
        throw setBack(path)
    }

    private func isNewer(
        _ copy: ObjectInfo, than record: StateRecord, _ path: StatePath, _ call: Call
    ) throws(StateError) -> Bool {
        guard let id = copy.attributes["version"].flatMap(VersionID.init),
            id.sequence > record.sequence
        else { return false }
        let version = try onStore(path) { () throws(HostError) in
            try store.head(versionKey(path, id.text), call)
        }
        return version.flatMap(VersionAttributes.init)?.version.id == id.text
    }
}
