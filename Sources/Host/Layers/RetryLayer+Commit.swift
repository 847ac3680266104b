/// Commits: a lost answer is resolved by any one of the objects that were put, because all of them
/// were put or none.
extension RetryLayer {
    func commit(_ changes: [Change], _ call: Call) throws(HostError) -> [ObjectInfo] {
        guard changes.contains(where: \.isWrite) else { return try checking(changes, call) }
        var sources: [TrackedSource] = []
        let changes = changes.map { change in
            change.replacingSource { source in
                let tracked = TrackedSource(source)
                sources.append(tracked)
                return tracked
            }
        }
        let writeID = changes.lazy.compactMap(\.putAttributes).first?[WriteID.attribute] ?? ""
        // Where nothing is put, nothing can carry an id; drivers know the attempts by it all the same.
        let call = call.derived(idempotencyKey: writeID.isEmpty ? WriteID.random() : writeID)
        return try writing(
            call,
            mayRepeat: {
                sources.allSatisfy { $0.failure == nil } && sources.allSatisfy { $0.rewind() }
            },
            attempt: { call throws(HostError) in try base.commit(changes, call) },
            resolve: { call throws(HostError) in try finding(of: changes, writeID, call) })
    }

    /// A commit that only checks changes nothing: a failure applied nothing, and a repeat is a new look.
    private func checking(_ changes: [Change], _ call: Call) throws(HostError) -> [ObjectInfo] {
        do throws(HostError) {
            return try repeating(call) { call throws(HostError) in try base.commit(changes, call) }
        } catch {
            var error = error
            error.applied = .no
            throw error
        }
    }

    // MARK: - What became of a commit

    private func finding(
        of changes: [Change], _ writeID: String, _ call: Call
    ) throws(HostError) -> Finding<[ObjectInfo]> {
        var found: [ObjectInfo?] = []
        for change in changes { found.append(change.isWrite ? try head(change.key, call) : nil) }
        func isOurs(_ index: Int) -> Bool {
            !writeID.isEmpty && found[index]?.attributes[WriteID.attribute] == writeID
        }
        let puts = changes.indices.filter { changes[$0].isPut }
        if puts.contains(where: isOurs) {
            // The commit may have arrived between two looks: what is seen now is of after it.
            for index in puts where !isOurs(index) {
                found[index] = try head(changes[index].key, call)
            }
            if let replaced = puts.first(where: { !isOurs($0) }) {
                return .replaced(found[replaced]?.version, change: replaced + 1)
            }
            return .done(puts.compactMap { found[$0] })
        }
        return try finding(ofUnseen: changes, found, call)
    }

    /// What became of a commit of which nothing is there.
    private func finding(
        ofUnseen changes: [Change], _ found: [ObjectInfo?], _ call: Call
    ) throws(HostError) -> Finding<[ObjectInfo]> {
        let writes = changes.indices.filter { changes[$0].isWrite }
        // A version is never given twice, so an object that still has its own was not written to.
        let isUntouched = writes.contains { index in
            found[index].map { changes[index].condition == .version($0.version) } ?? false
        }
        if isUntouched { return .untouched }
        for index in writes {
            guard let other = found[index] else { continue }
            return .other(other.version, changes[index].condition, change: index + 1)
        }
        // Everything is gone. A commit that puts is made again, as a single put is.
        if changes.contains(where: \.isPut) { return .untouched }
        // What was to be removed is removed. Whoever did it, the checks held then if the versions that
        // they ask for are there now: they were there all the time. Of an absent object nothing like
        // that can be said.
        for change in changes where !change.isWrite {
            guard case .version(let version) = change.condition,
                try head(change.key, call)?.version == version
            else { return .untold }
        }
        return .gone([])
    }
}
