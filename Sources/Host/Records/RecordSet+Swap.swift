/// The head of a set as it was read.
struct RecordSetHead {
    var document: RecordSetDocument
    /// The version that was read; `nil` when there is no head yet.
    var version: Version?

    var condition: Condition { version.map { .version($0) } ?? .absent }
}

extension RecordSet {
    /// What a head may have at most: the records in base64 and room for their names and versions.
    private static let headBytesMax = 2 << 20

    /// The key of a record that has an object of its own.
    func recordKey(_ name: String) -> ObjectKey {
        ObjectKey(
            collection: key.collection, workspace: key.workspace, path: "\(key.path)/@\(name)")
    }

    /// Reads the head; an empty one of the form that a new set gets where there is none.
    func load(_ call: Call) throws(HostError) -> RecordSetHead {
        guard let found = try store.read(key, maxByteCount: Self.headBytesMax, call) else {
            let document = RecordSetDocument(form: hasCommits ? .objects : .document)
            return RecordSetHead(document: document, version: nil)
        }
        return RecordSetHead(
            document: try RecordSetDocument(json: found.bytes), version: found.info.version)
    }

    /// Whether the store commits as many changes as a set may have, and its head, by itself.
    private var hasCommits: Bool {
        let most = store.capabilities.limit(Capabilities.transaction) ?? .max
        return store.capabilities.level(Capabilities.transaction) == .native
            && most > UInt64(Self.changesMax)
    }

    /// Swaps the head, and makes the changes of records with objects of their own with it.
    ///
    /// - Returns: Whether the commit took place; `false` when others were faster.
    /// - Throws: ``HostError``; `applied` is truthful.
    func swap(
        _ head: RecordSetHead, for next: RecordSetDocument, _ changes: [RecordChange],
        _ writeID: String, _ call: Call
    ) throws(HostError) -> Bool {
        do throws(HostError) {
            try put(next, head.condition, changes, writeID, call)
            return true
        } catch {
            var error = error
            // What failed is the head or an object under it, not one of the caller's changes.
            error.change = nil
            error.key = key
            error.currentVersion = nil
            if error.applied == .no {
                if error.code == .condition || error.code == .conflict { return false }
                throw error
            }
            guard error.isLostAnswer else { throw error }
            return try resolve(error, head, writeID, call)
        }
    }

    private func put(
        _ next: RecordSetDocument, _ condition: Condition, _ changes: [RecordChange],
        _ writeID: String, _ call: Call
    ) throws(HostError) {
        let json = try next.json()
        guard next.form == .objects else {
            // Its last commit's id is in it.
            _ = try store.put(key, json, condition: condition, isUnique: true, call)
            return
        }
        // The head's condition stands for those of the records: nobody changes one without the head.
        let others = changes.compactMap { change -> Change? in
            switch change.action {
            case .check: nil
            case .put(let bytes):
                .put(
                    recordKey(change.name), bytes, condition: .none,
                    attributes: ["format": "1", "version": writeID])
            case .remove: .remove(recordKey(change.name), condition: .none)
            }
        }
        _ = try store.commit([.put(key, json, condition: condition)] + others, call)
    }

    /// Finds out what became of a commit whose answer was lost.
    ///
    /// The head keeps the ids of the last commits, so ours is found also under those of others.
    private func resolve(
        _ failure: HostError, _ before: RecordSetHead, _ writeID: String, _ call: Call
    ) throws(HostError) -> Bool {
        var unknown = failure
        unknown.applied = .unknown
        let seen: RecordSetHead
        do throws(HostError) { seen = try load(call) } catch {
            unknown.message += "; reading back failed: \(error.message)"
            throw unknown
        }
        if seen.document.recent.contains(writeID) { return true }
        let (old, new) = (before.document.sequence, seen.document.sequence)
        let isKnown = new > old && new - old <= UInt64(seen.document.recent.count)
        // While the head is as it was, the lost commit may still arrive.
        guard isKnown else { throw unknown }
        return false
    }
}

extension HostError {
    /// Whether only the answer is missing: then reading back tells what became of a write.
    fileprivate var isLostAnswer: Bool {
        switch code {
        case .unavailable, .deadline, .cancelled, .throttled, .conflict, .condition: true
        default: false
        }
    }
}
