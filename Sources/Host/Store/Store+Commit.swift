extension Store {
    /// Makes all changes in one atomic step, or none.
    ///
    /// All conditions are judged and all changes become visible together. The store must do that
    /// itself (the capability `transaction`); ``RecordSet`` does without.
    ///
    /// - Parameters:
    ///   - changes: At least one, at most as many as the capability's limit, each of another object.
    ///   - call: The call's deadline and cancellation.
    /// - Returns: The new information of each object that was put, in the order of the changes.
    /// - Throws: ``HostError``; `change` and `key` name the change that failed, where one did.
    ///   `applied` speaks of all changes together: with `yes` the commit took effect and others have
    ///   replaced some of what it wrote since, so that its information is not known any more. An
    ///   error of a source is rethrown as it is.
    package func commit(_ changes: [Change], _ call: Call) throws(HostError) -> [ObjectInfo] {
        var sources: [TrackedSource?] = []
        do throws(HostError) {
            try require(Capabilities.transaction, for: "commits of several changes")
            try checkArguments(changes)
            let writeID = WriteID.random()
            let tracked = changes.map { change in
                let tracked = change.tracked(maximum: byteCountMax, writeID)
                sources.append(tracked.source)
                return tracked.change
            }
            let infos = try operations.commit(tracked, call)
            if sources.contains(where: { $0?.failure != nil }) { throw successDespiteSource() }
            return try checked(infos, tracked, sources)
        } catch {
            throw located(error, changes, sources)
        }
    }

    // MARK: - What may be asked for

    private func checkArguments(_ changes: [Change]) throws(HostError) {
        guard !changes.isEmpty else { throw invalid("the commit has no change") }
        if let most = capabilities.limit(Capabilities.transaction), UInt64(changes.count) > most {
            throw HostError(
                .tooLarge,
                "the commit has \(changes.count) changes, this store makes at most \(most) at once",
                advice: "split it where parts may take effect alone")
        }
        var seen: Set<ObjectKey> = []
        for (index, change) in changes.enumerated() {
            do throws(HostError) {
                try checkArgument(change)
                guard seen.insert(change.key).inserted else {
                    throw invalid("two changes of the commit are of one object")
                }
            } catch {
                var error = error
                error.change = index + 1
                throw error
            }
        }
    }

    private func checkArgument(_ change: Change) throws(HostError) {
        try change.key.check()
        switch (change.action, change.condition) {
        case (.check, .none):
            throw invalid("a check requires that the object is absent or a version")
        case (.remove, .absent):
            throw invalid("a removal cannot require that the object is absent")
        default: try requireSupport(of: change.condition)
        }
        guard case .put(let source, let attributes) = change.action else { return }
        try checkAttributes(attributes)
        try requireRoom(for: source.length)
    }

    // MARK: - What may be answered

    private func checked(
        _ infos: [ObjectInfo], _ changes: [Change], _ sources: [TrackedSource?]
    ) throws(HostError) -> [ObjectInfo] {
        let count = sources.count { $0 != nil }
        guard infos.count == count else {
            throw nonsense(
                "it reported \(infos.count) objects of \(count) that were put", applied: .unknown)
        }
        var rest = infos[...]
        for (change, source) in zip(changes, sources) {
            guard let source, let attributes = change.putAttributes, let info = rest.popFirst()
            else { continue }
            let request = PutRequest(condition: change.condition, attributes: attributes)
            try info.check(against: request, source)
        }
        return infos.map { $0.strippedOfWriteID() }
    }

    private func located(
        _ error: HostError, _ changes: [Change], _ sources: [TrackedSource?]
    ) -> HostError {
        var error = error
        if let index = sources.firstIndex(where: { $0?.failure != nil }),
            let failure = sources[index]?.failure
        {
            error = merged(failure, with: error)
            error.change = index + 1
        }
        guard let number = error.change, changes.indices.contains(number - 1) else {
            error.change = nil
            return located(error, nil)
        }
        return located(error, changes[number - 1].key)
    }
}

extension Change {
    /// The change as a driver gets it: its source held to what it promises, its write id set.
    fileprivate func tracked(
        maximum: UInt64, _ writeID: String
    ) -> (change: Change, source: TrackedSource?) {
        guard case .put(let source, var attributes) = action else { return (self, nil) }
        attributes[WriteID.attribute] = writeID
        let tracked = TrackedSource(source, maximum: maximum)
        return (Change(key, condition, .put(tracked, attributes: attributes)), tracked)
    }
}

extension StoreOperations {
    /// No commits of several changes.
    package func commit(_ changes: [Change], _ call: Call) throws(HostError) -> [ObjectInfo] {
        throw HostError(.unsupported, "the store makes no commits of several changes")
    }
}
