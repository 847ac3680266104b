internal import Host
internal import State

// Are conditions honoured: locks are nothing but these, so each is really tried.

extension StoreChecks {
    /// Whether a create is refused where an object is.
    static let absent = Check<StoreBench>("condition.absent", "creates are exclusive", writes: true)
    {
        bench, call throws(HostError) in
        guard bench.can(Capabilities.conditionAbsent) else {
            return bench.missing(Capabilities.conditionAbsent)
        }
        guard let object = bench.object else { return .nothingToLookAt }
        let isRefused = try bench.isRefused { () throws(HostError) in
            _ = try bench.put(object.key, StoreBench.bytes(), .absent, call)
        }
        guard isRefused else { return .ignored("a create over an existing object was accepted") }
        return try bench.unchanged(object, call)
            ?? Finding(.ok, "a create over an existing object is refused")
    }

    /// Whether a write is refused under a version that is not the object's any more.
    static let version = Check<StoreBench>(
        "condition.version", "stale writes are refused", writes: true
    ) {
        bench, call throws(HostError) in
        guard bench.can(Capabilities.conditionVersion) else {
            return bench.missing(Capabilities.conditionVersion)
        }
        guard var object = bench.object else { return .nothingToLookAt }
        let stale = object.info.version
        object.bytes = StoreBench.bytes()
        object.info = try bench.put(object.key, object.bytes, .version(stale), call)
        bench.object = object
        guard object.info.version != stale else {
            return .ignored("a write left the object's version as it was")
        }
        let isRefused = try bench.isRefused { () throws(HostError) in
            _ = try bench.put(object.key, StoreBench.bytes(), .version(stale), call)
        }
        guard isRefused else { return .ignored("a write under a stale version was accepted") }
        let removal = try bench.staleRemoval(of: object.key, stale, call)
        if removal.verdict == .failed { return removal }
        return try bench.unchanged(object, call)
            ?? Finding(
                removal.verdict, "a write under a stale version is refused, \(removal.seen)",
                advice: removal.advice)
    }
}

extension StoreBench {
    /// Whether a call fails because its condition does not hold.
    func isRefused(_ body: () throws(HostError) -> Void) throws(HostError) -> Bool {
        do throws(HostError) { try body() } catch {
            guard error.code == .condition else { throw error }
            return true
        }
        return false
    }

    /// Tries a removal under a version that is not the object's any more.
    fileprivate func staleRemoval(
        of key: ObjectKey, _ stale: Version, _ call: Call
    ) throws(HostError) -> Finding {
        let isRefused: Bool
        do throws(HostError) {
            isRefused = try self.isRefused { () throws(HostError) in
                try store.remove(key, condition: .version(stale), call)
            }
        } catch {
            switch error.code {
            case .unsupported: return Finding(.ok, "and removals under a version are not offered")
            case .forbidden: return Finding(.ok, "and removals may not be tried")
            default: throw error
            }
        }
        return isRefused
            ? Finding(.ok, "and so is a removal")
            : .ignored("a removal under a stale version was accepted")
    }

    /// What is wrong when a refused write changed the object all the same; `nil` for nothing.
    ///
    /// Where the object may not be read it cannot be told.
    fileprivate func unchanged(
        _ object: ScratchObject, _ call: Call
    ) throws(HostError) -> Finding? {
        let found: ObjectInfo?
        do throws(HostError) { found = try store.head(object.key, call) } catch {
            guard error.code == .forbidden else { throw error }
            return nil
        }
        guard found?.version != object.info.version else { return nil }
        return .ignored("a write that was refused changed the object all the same")
    }

    /// The finding for a condition that the store does not offer.
    fileprivate func missing(_ capability: String) -> Finding {
        let note = store.capabilities.all.first { $0.id == capability }?.note ?? ""
        return Finding(
            .failed,
            "the store does not offer \(capability)\(note.isEmpty ? "" : ": \(note)")",
            advice: "states and their locks need it: use a service that honours conditions",
            code: .unsupported)
    }
}

extension Finding {
    /// The finding for a condition that was not heeded.
    fileprivate static func ignored(_ what: String) -> Finding {
        Finding(
            .failed, "\(what): locks on this store protect nothing",
            advice: "keep no state here, and \(reportIt)", code: .corrupt)
    }
}
