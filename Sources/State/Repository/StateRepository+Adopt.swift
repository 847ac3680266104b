internal import Host

extension StateRepository {
    /// Makes a record ready for a change.
    ///
    /// What another tool put in the legible place, and no record knows, becomes the first version
    /// before anything else happens, so that it cannot be lost. A version is only ever put where a
    /// record exists: that is how a version which no record knows can be told from one whose record
    /// was lost.
    ///
    /// With `mustExist` the record is stored even when it is empty.
    ///
    /// - Returns: The snapshot, read anew where others were faster, and whether this call adopted a
    ///   copy.
    /// - Throws: ``StateError``.
    func prepare(
        _ path: StatePath, _ snapshot: RecordSnapshot, mustExist: Bool, _ call: Call
    ) throws(StateError) -> (snapshot: RecordSnapshot, adopted: Bool) {
        var snapshot = snapshot
        guard snapshot.record.isAdoptable else { return (snapshot, false) }
        if !snapshot.exists { snapshot.record = try freshRecord(path, call) }
        let copy = try onStore(path) { () throws(HostError) in
            try store.head(legibleKey(path), call)
        }
        if !snapshot.exists, copy != nil || mustExist {
            guard let created = try swap(path, snapshot, to: snapshot.record, call) else {
                return (try load(path, call), false)
            }
            snapshot = created
        }
        guard let copy else { return (snapshot, false) }
        guard let adopted = try adopt(path, copy, snapshot, call) else {
            return (try load(path, call), false)
        }
        return (adopted, true)
    }

    /// A record for a state that has none.
    ///
    /// Where versions are left of a record that was lost, it
    /// begins after them, so that it neither reuses their ids nor collects them.
    private func freshRecord(
        _ path: StatePath, _ call: Call
    ) throws(StateError) -> StateRecord {
        var record = StateRecord()
        for child in try children(of: path, in: kind.versions, call) {
            guard let attributes = VersionAttributes(child.info) else { continue }
            record.base = max(record.base, attributes.version.sequence)
            record.fence = max(record.fence, attributes.version.fence)
        }
        record.sequence = record.base
        return record
    }

    /// Makes the legible copy the first version; `nil` when others were faster.
    private func adopt(
        _ path: StatePath, _ copy: ObjectInfo, _ snapshot: RecordSnapshot, _ call: Call
    ) throws(StateError) -> RecordSnapshot? {
        let source = ObjectSource(store: store, key: legibleKey(path), info: copy, call: call)
        let body = try StateBody(from: source, limit: .max, md5: nil, path: path, call)
        let writer = VersionWriter(
            writer: StateVersion.adoptedID, lockID: "",
            createdNanoseconds: copy.modifiedNanoseconds > 0
                ? copy.modifiedNanoseconds : environment.wallClock())
        let staged = try stage(path, body, over: snapshot.record, writer, call)
        let committed: RecordSnapshot?
        do throws(StateError) {
            committed = try swap(
                path, snapshot, to: snapshot.record.committing(staged.version), call)
        } catch {
            if error.applied == .no { discard(path, staged.version.id, call) }
            throw error
        }
        if let committed { return committed }
        let seen = try load(path, call)
        if try isCommitted(path, staged.version, in: seen.record, call) { return seen }
        discard(path, staged.version.id, call)
        return nil
    }

    /// A copy that no record knows, as the version that a reader sees; `nil` where there is none.
    func adoptable(_ path: StatePath, _ call: Call) throws(StateError) -> StateVersion? {
        let copy = try onStore(path) { () throws(HostError) in
            try store.head(legibleKey(path), call)
        }
        guard let copy else { return nil }
        guard copy.byteCount <= UInt64(StateBody.inlineBytesMax) else {
            return adoptedVersion(copy, sha256: "", StateFacts())
        }
        let found = try onStore(path) { () throws(HostError) in
            try store.read(legibleKey(path), maxByteCount: StateBody.inlineBytesMax, call)
        }
        guard let found else { return nil }
        return adoptedVersion(
            found.info, sha256: PlainDigest.text(of: found.bytes),
            StateScanner.facts(of: found.bytes))
    }

    /// The version that stands for a copy which no record knows.
    func adoptedVersion(
        _ copy: ObjectInfo, sha256: String, _ facts: StateFacts
    ) -> StateVersion {
        StateVersion(
            id: StateVersion.adoptedID, sequence: 0, byteCount: copy.byteCount, sha256: sha256,
            serial: facts.serial, lineage: facts.lineage, tool: facts.tool, isJSON: facts.isJSON,
            isEncrypted: facts.isEncrypted, createdNanoseconds: copy.modifiedNanoseconds,
            writer: StateVersion.adoptedID, lockID: "", fence: 0, previousID: "",
            previousSHA256: "", events: [])
    }
}
