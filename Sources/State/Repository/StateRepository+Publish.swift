internal import Host

/// Bytes of a version that are in memory already.
struct VersionBytes {
    var id: String
    var bytes: [UInt8]
}

extension StateRepository {
    private static let publishAttemptsMax = 16

    /// Makes the legible copy what the record says; whether it had to be changed.
    ///
    /// The copy is looked at first and the record read after it, and the copy is replaced only if it
    /// is still the one that was looked at. So a slow publisher can never put an older version over
    /// a newer one: had a newer one been published before the look, the record would tell; after
    /// it, the copy would have changed. (The other order would allow it.) Only where the copy is
    /// the direct predecessor of a commit that the caller has just seen is the record not read
    /// again: whoever commits later finds either that predecessor or this version there, and
    /// replaces it.
    ///
    /// Where the records are in another store, nothing fences the copy: a slow publisher may put an older
    /// version over a newer one. There each publisher looks at copy and record once more after it has
    /// changed the copy, so that the last of them, whoever it is, leaves the right one. Only one that
    /// dies in between leaves a wrong copy, until the next lock, unlock, write or repair.
    ///
    /// `record` is the record as the caller last saw it, and `bytes` those of a version where the
    /// caller has them. With `verifies` a copy that names the right version is compared as well.
    @discardableResult
    func publish(
        _ path: StatePath, after record: StateRecord, _ bytes: VersionBytes?,
        verifies: Bool = false, _ call: Call
    ) throws(StateError) -> Bool {
        var changed = false
        for _ in 0..<Self.publishAttemptsMax {
            let copy = try onStore(path) { () throws(HostError) in
                try call.check()
                return try store.head(legibleKey(path), call)
            }
            let isPredecessor = !place.isApart && Self.isDirectPredecessor(copy, of: record)
            let seen = isPredecessor ? record : try load(path, call).record
            if try agrees(path, copy, seen, verifies: verifies, call) { return changed }
            try refuseToSetBack(path, copy, seen, call)
            if !isPredecessor, let copy { try keepIfForeign(path, copy, seen, call) }
            guard try replace(path, copy, seen, bytes, call) else { continue }
            changed = true
            // Where there was no copy, a removal may have passed unseen: look once more.
            if copy != nil, !verifies, !place.isApart { return true }
        }
        throw StateError(
            .conflict, "the legible copy \(legibleKey(path)) keeps changing", retryAfter: .zero,
            path: path)
    }

    /// Whether a copy shows the version before the current one of a record.
    static func isDirectPredecessor(_ copy: ObjectInfo?, of record: StateRecord) -> Bool {
        guard let id = copy?.attributes["version"], !id.isEmpty else { return false }
        return id == (record.current?.previousID ?? record.last?.id)
    }

    /// Whether the copy is what the record says.
    private func agrees(
        _ path: StatePath, _ copy: ObjectInfo?, _ record: StateRecord, verifies: Bool, _ call: Call
    ) throws(StateError) -> Bool {
        // What nobody wrote here yet is adopted, not removed.
        if record.isAdoptable { return true }
        guard let current = record.current else { return copy == nil }
        guard let copy, copy.attributes["version"] == current.id,
            copy.byteCount == current.byteCount
        else { return false }
        return verifies ? try digest(of: copy, path, call) == current.sha256 : true
    }

    /// Replaces or removes the copy if it is still `copy`; `false` when it is not.
    private func replace(
        _ path: StatePath, _ copy: ObjectInfo?, _ record: StateRecord, _ bytes: VersionBytes?,
        _ call: Call
    ) throws(StateError) -> Bool {
        let key = legibleKey(path)
        let condition = bytesCondition(copy.map { .version($0.version) } ?? .absent)
        let source = try record.current.map { (version) throws(StateError) in
            try self.source(of: version, path, bytes, call)
        }
        do throws(HostError) {
            try call.check()
            if let source, let current = record.current {
                _ = try store.put(
                    key, from: source, condition: condition,
                    attributes: Self.copyAttributes(of: current), call)
            } else if copy != nil {
                try store.remove(key, condition: condition, call)
            }
            return true
        } catch {
            // A lost answer is settled by looking again.
            if error.code == .condition || error.code == .notFound || error.applied == .unknown {
                return false
            }
            if let failure = (source as? CheckedSource)?.failure { throw failure }
            throw StateError(error, path: path)
        }
    }

    /// What the legible copy of a version carries.
    static func copyAttributes(of version: StateVersion) -> [String: String] {
        ["format": "1", "version": version.id, "sha256": version.sha256]
    }

    /// The bytes of a committed version, checked.
    private func source(
        of version: StateVersion, _ path: StatePath, _ bytes: VersionBytes?, _ call: Call
    ) throws(StateError) -> any ByteSource {
        if let bytes, bytes.id == version.id { return MemorySource(bytes.bytes) }
        let key = versionKey(path, version.id)
        let info = try onStore(path) { () throws(HostError) in try store.head(key, call) }
        guard let info else { throw missingVersion(path, version.id) }
        return CheckedSource(
            copying: ObjectSource(store: store, key: key, info: info, call: call),
            sha256: version.sha256, key: key, path: path)
    }

    // MARK: - What others put in the legible place

    /// Keeps a copy that was never a version of this state: edited by hand, or put by another tool.
    func keepIfForeign(
        _ path: StatePath, _ copy: ObjectInfo, _ record: StateRecord, _ call: Call
    ) throws(StateError) {
        let digest = try digest(of: copy, path, call)
        let known = [
            record.current?.sha256, record.last?.sha256, record.current?.previousSHA256,
        ]
        if known.contains(digest) { return }
        if let id = copy.attributes["version"].flatMap(VersionID.init) {
            let info = try onStore(path) { () throws(HostError) in
                try store.head(versionKey(path, id.text), call)
            }
            // The object's own attributes decide, because a large one's hash is not among them.
            let isOurs = info.flatMap(VersionAttributes.init)?.version.id == id.text
            if isOurs, info?.byteCount == copy.byteCount,
                copy.attributes["sha256"] == digest
            {
                return
            }
        }
        let source = ObjectSource(store: store, key: legibleKey(path), info: copy, call: call)
        let body = try StateBody(from: source, limit: .max, md5: nil, path: path, call)
        _ = try keepOrphan(path, body, reason: "edited-copy", WriteRequest(), call)
    }

    private func digest(
        of copy: ObjectInfo, _ path: StatePath, _ call: Call
    ) throws(StateError) -> String {
        let source = ObjectSource(store: store, key: legibleKey(path), info: copy, call: call)
        return try onStore(path) { () throws(HostError) in try PlainDigest.text(of: source) }
    }

    /// The record without its note of a write in progress, once the copy shows that write.
    func settled(
        _ path: StatePath, _ record: StateRecord, _ call: Call
    ) throws(StateError) -> StateRecord {
        // Where nothing fences the copy, it may differ without a note.
        guard record.writing != nil || place.isApart else { return record }
        var record = record
        do throws(StateError) {
            try publish(path, after: record, nil, call)
            record.writing = nil
        } catch {
            // A copy that cannot be published keeps nobody from the lock.
            guard error.isOfTheStoreOrCopy else { throw error }
        }
        return record
    }
}

extension StateError {
    /// Whether a change of the record may still go on after a failure to publish.
    fileprivate var isOfTheStoreOrCopy: Bool {
        switch code {
        case .host(.cancelled), .host(.deadline), .host(.stuck): false
        default: true
        }
    }
}
