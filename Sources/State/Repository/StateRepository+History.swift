package import Host

extension StateRepository {
    /// The committed versions of a state, newest first.
    ///
    /// The history of a removed state is still there. It ends where a version is missing.
    package func versions(_ path: StatePath, _ call: Call) throws(StateError) -> [StateVersion] {
        let record = try load(path, call).record
        guard let last = record.last else {
            return try adoptable(path, call).map { [$0] } ?? []
        }
        var listed: [String: VersionAttributes] = [:]
        if store.capabilities.supports(Capabilities.listAttributes) {
            for child in try children(of: path, in: kind.versions, call) {
                listed[child.name] = VersionAttributes(child.info)
            }
        }
        var versions: [StateVersion] = []
        var id = last.id
        while !id.isEmpty {
            guard let version = try version(path, id, record, listed, call) else { break }
            versions.append(version)
            id = version.previousID
        }
        return versions
    }

    /// One version of the history, from its object among `listed` or by a look at it.
    func version(
        _ path: StatePath, _ id: String, _ record: StateRecord,
        _ listed: [String: VersionAttributes], _ call: Call
    ) throws(StateError) -> StateVersion? {
        if let current = record.current, current.id == id { return current }
        var attributes = listed[id]
        if attributes == nil {
            attributes = try onStore(path) { () throws(HostError) in
                try call.check()
                return try store.head(versionKey(path, id), call).flatMap(VersionAttributes.init)
            }
        }
        guard let attributes else { return nil }
        return attributes.isSeparate ? try description(path, id, call) : attributes.version
    }

    /// The version as the object beside it describes it.
    private func description(
        _ path: StatePath, _ id: String, _ call: Call
    ) throws(StateError) -> StateVersion {
        let key = descriptionKey(path, id)
        let found = try onStore(path) { () throws(HostError) in
            try store.read(key, maxByteCount: StateRecord.bytesMax, call)
        }
        guard let found else { throw missingVersion(path, id + Self.descriptionSuffix) }
        do {
            guard let document = try JSONValue(parsing: found.bytes).members else {
                throw StateRecord.Problem.damaged("it is not a JSON object")
            }
            return try StateVersion(document: document)
        } catch {
            throw StateError(
                .integrity, "the description \(key) of a version is damaged",
                advice: "restore it from a backup", path: path)
        }
    }
}
