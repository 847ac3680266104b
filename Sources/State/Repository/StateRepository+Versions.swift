internal import Host

/// Who writes a version, when and under which lock.
struct VersionWriter {
    var writer: String
    var lockID: String
    var createdNanoseconds: Int64
}

/// A version whose bytes are stored and that no record names yet.
struct StagedVersion {
    var version: StateVersion
    /// The record's sweep when it was put.
    var sweep: UInt64

    /// Whether `record` can commit it.
    ///
    /// The collector relies on this: it removes what was put under
    /// an earlier fence or sweep, and what has a sequence that is used up.
    func fits(_ record: StateRecord) -> Bool {
        version.sequence == record.sequence + 1 && version.fence == record.fence
            && sweep == record.sweep
    }
}

extension StateRecord {
    /// This record with `version` committed; its copy is published with it, or has to be still.
    func committing(_ version: StateVersion, isPublished: Bool = false) -> StateRecord {
        var record = self
        record.sequence = version.sequence
        record.current = version
        record.last = VersionReference(id: version.id, sha256: version.sha256)
        record.writing = isPublished ? nil : Writing(version: version.id, write: "")
        return record
    }

    /// This record with its state removed.
    ///
    /// The sequence rises, so that a write that began before
    /// must look again; the history stays.
    func removing() -> StateRecord {
        var record = self
        record.sequence += 1
        record.current = nil
        record.writing = Writing(version: nil, write: "")
        return record
    }
}

extension StateRepository {
    /// Stores a body as the version that would follow `record`'s current one.
    func stage(
        _ path: StatePath, _ body: StateBody, over record: StateRecord, _ writer: VersionWriter,
        _ call: Call
    ) throws(StateError) -> StagedVersion {
        var version = try nextVersion(path, over: record, writer)
        switch body {
        case .small(let bytes, let sha256, let facts):
            version.describe(UInt64(bytes.count), sha256, facts, after: record.current)
            try put(path, version, sweep: record.sweep, MemorySource(bytes), call)
        case .large(let source):
            try put(path, &version, over: record, source, call)
        }
        return StagedVersion(version: version, sweep: record.sweep)
    }

    /// The version that would follow `record`'s current one, with nothing said of its bytes yet.
    func nextVersion(
        _ path: StatePath, over record: StateRecord, _ writer: VersionWriter
    ) throws(StateError) -> StateVersion {
        guard record.sequence < VersionID.sequenceMax else {
            throw StateError(
                .host(.full), "'\(path)' has had as many versions as can be counted",
                advice: "move it to another path", path: path)
        }
        // Where no condition keeps another's bytes from being replaced, ids must never be the same.
        let id = VersionID(
            sequence: record.sequence + 1,
            random: environment.randomHexadecimal(place.isApart ? 8 : 4))
        return StateVersion(
            id: id.text, sequence: id.sequence, byteCount: 0, sha256: "", isJSON: false,
            isEncrypted: false, createdNanoseconds: writer.createdNanoseconds,
            writer: writer.writer, lockID: writer.lockID, fence: record.fence,
            previousID: record.last?.id ?? "", previousSHA256: record.last?.sha256 ?? "",
            events: [])
    }

    private func put(
        _ path: StatePath, _ version: StateVersion, sweep: UInt64, _ source: any ByteSource,
        isSeparate: Bool = false, _ call: Call
    ) throws(StateError) {
        let attributes = VersionAttributes(version: version, sweep: sweep, isSeparate: isSeparate)
        try onStore(path) { () throws(HostError) in
            try call.check()
            _ = try store.put(
                versionKey(path, version.id), from: source, condition: bytesCondition(.absent),
                attributes: attributes.encoded, call)
        }
    }

    /// A large body: what is only known at its end goes into an object beside it.
    private func put(
        _ path: StatePath, _ version: inout StateVersion, over record: StateRecord,
        _ source: CheckedSource, _ call: Call
    ) throws(StateError) {
        do throws(StateError) {
            try put(path, version, sweep: record.sweep, source, isSeparate: true, call)
        } catch {
            throw source.failure ?? error
        }
        version.describe(source.byteCount, source.sha256, source.facts, after: record.current)
        let attributes = VersionAttributes(
            version: version, sweep: record.sweep, isSeparate: true
        ).encoded
        let description = JSONValue.object(version.document).bytes
        let key = descriptionKey(path, version.id)
        do throws(HostError) {
            _ = try store.put(
                key, description, condition: bytesCondition(.absent), attributes: attributes, call)
        } catch {
            // Only here is it certain that the bytes are this write's own: had their put failed,
            // an object of that id could be another's.
            discard(path, version.id, call)
            throw StateError(error, path: path)
        }
    }

    /// Removes the objects of a version that will never be committed.
    ///
    /// What cannot be removed now is
    /// collected later.
    func discard(_ path: StatePath, _ id: String, _ call: Call) {
        for key in [descriptionKey(path, id), versionKey(path, id)] {
            do throws(HostError) { try store.remove(key, condition: .none, call) } catch {
                continue
            }
        }
    }

    /// Whether `version` is in the history of `record`.
    ///
    /// A swap can have taken place although its answer said otherwise, when the answer was lost and
    /// others have swapped since.
    func isCommitted(
        _ path: StatePath, _ version: StateVersion, in record: StateRecord, _ call: Call
    ) throws(StateError) -> Bool {
        var id = record.last?.id ?? ""
        while let reference = VersionID(id), reference.sequence >= version.sequence {
            if reference.text == version.id { return true }
            if reference.text == record.current?.id {
                id = record.current?.previousID ?? ""
                continue
            }
            let info = try onStore(path) { () throws(HostError) in
                try store.head(versionKey(path, reference.text), call)
            }
            guard let attributes = info.flatMap(VersionAttributes.init) else {
                throw missingVersion(path, reference.text)
            }
            id = attributes.version.previousID
        }
        return false
    }

    /// A committed version whose object is not there, or is not ours.
    func missingVersion(_ path: StatePath, _ id: String) -> StateError {
        StateError(
            .integrity,
            "the version \(versionKey(path, id)) is in the history but not in the store",
            advice: "look at \(legibleKey(path)), which may hold the same bytes, and at a backup",
            path: path)
    }
}

extension StateVersion {
    /// Takes what is known of the bytes, and notes what is odd about them after those before.
    mutating func describe(
        _ byteCount: UInt64, _ sha256: String, _ facts: StateFacts, after previous: StateVersion?
    ) {
        self.byteCount = byteCount
        self.sha256 = sha256
        serial = facts.serial
        lineage = facts.lineage
        tool = facts.tool
        isJSON = facts.isJSON
        isEncrypted = facts.isEncrypted
        events = []
        if let before = previous?.serial, let serial, serial < before {
            events.append("serial-regressed")
        }
        if let before = previous?.lineage, let lineage, !isSame(before, lineage) {
            events.append("lineage-changed")
        }
    }
}
