internal import Host

// Why states cannot be kept in a store, or not as it is configured. Each says which stores are concerned
// and what to do.

extension HomeSearch {
    /// Conditional writes are missing and nothing stands in for them.
    func withoutConditions() -> StateError {
        StateError(
            .host(.unsupported),
            "the store '\(store.name)' (\(store.driverID)) has no conditional writes, so that neither a "
                + "lock nor a version of a state would be safe in it\(Self.reason(store))",
            advice:
                "name another configured store that has them by `locks: NAME` (of an s3 backend also a "
                + "DynamoDB table by `lockTable: TABLE`), which keeps the locks, unfenced; if the service "
                + "honours conditions by now, open the store with `probe: again`")
    }

    /// The driver says why in the capability's note.
    private static func reason(_ store: Store) -> String {
        let ids = [Capabilities.conditionAbsent, Capabilities.conditionVersion]
        let missing = store.capabilities.all.filter { ids.contains($0.id) && $0.level == .none }
        guard let note = missing.map(\.note).first(where: { !$0.isEmpty }) else { return "" }
        return ": \(note)"
    }

    /// Clients could not agree on where the locks are.
    func placeless() -> StateError {
        invalid(
            "the store '\(store.name)' has no conditional writes, and its driver \(store.driverID) does not "
                + "tell its place (by an operation \(store.driverID).place), without which no other "
                + "store can keep its locks",
            "remove `locks`, and keep states in another store")
    }

    /// This client does not know what the others were told.
    func unsettled() -> StateError {
        StateError(
            .host(.unsupported),
            "it is not settled for all clients whether the store '\(store.name)' has conditional writes"
                + "\(Self.reason(store)); others may keep locks in the store itself, so none are taken "
                + "in the store '\(place.locks?.name ?? "")'",
            advice: "open the store once with a key that may write, read and remove in it")
    }

    /// The lock store has no conditional writes itself.
    func unfit(_ lockStore: Store, _ missing: [String]) -> StateError {
        invalid(
            "\(place.locks?.origin ?? ""): the store '\(lockStore.name)' (\(lockStore.driverID)) cannot keep "
                + "the locks of the store '\(store.name)', because it has no conditional writes itself"
                + Self.reason(lockStore),
            "name a store that has them, such as one of postgres, sqlite or dynamodb")
    }

    /// There is a mark and no lock store is configured.
    func lockedElsewhere(_ id: String) -> StateError {
        invalid(
            "the locks of the store '\(store.name)' are kept in another store (\(described(id))), and none is "
                + "configured by `locks` or `lockTable`",
            "configure the same one as the other clients; to move the locks back into a store that has "
                + "conditional writes now, copy its states to another prefix")
    }

    /// The configured lock store is not the one that is marked.
    func otherLockStore(_ id: String) -> StateError {
        invalid(
            "\(place.locks?.origin ?? ""): the locks of the store '\(store.name)' are kept in another store "
                + "(\(described(id))) than '\(place.locks?.name ?? "")', or that one has lost them",
            "configure the same one as the other clients, or restore it from a backup; nothing was changed"
        )
    }

    /// Two lock stores were marked.
    func ambiguous(_ marks: [String]) -> StateError {
        let all = marks.map { described($0) }.joined(separator: "; ")
        return invalid(
            "\(marks.count) stores are named as the one that keeps the locks of the store "
                + "'\(store.name)': \(all)",
            "configure the same `locks` for all clients, then remove the object "
                + "\(Pairing.collection)/ID of the other from '\(store.name)'")
    }

    /// The lock store knows this place, which has no mark.
    func unmarked(_ pairing: Pairing, _ lockStore: Store, _ namespace: String) -> StateError {
        invalid(
            "\(place.locks?.origin ?? ""): the store '\(lockStore.name)' keeps the locks of \(pairing.place) "
                + "already, but the store '\(store.name)' has no mark of it: it was emptied, or is "
                + "another one of the same name",
            "use another prefix or another lock store, or restore the object "
                + "\(Pairing.collection)/\(pairing.id)")
    }

    /// The store keeps records itself.
    func ownRecords(_ kind: StateKind, _ path: String) -> StateError {
        StateError(
            .host(.unsupported),
            "the store '\(store.name)' has no conditional writes now\(Self.reason(store)), but it keeps the "
                + "locks of its states itself, from when it had them (\(kind.records)/\(path)), so no "
                + "other store can keep them",
            advice:
                "repair the service and open the store with `probe: again`, or copy its states to "
                + "another prefix")
    }

    /// Others are pairing as well.
    func busy() -> StateError {
        StateError(
            .conflict, "the store '\(store.name)' is being paired with its lock store",
            advice: "try again", retryAfter: .seconds(1))
    }

    /// A failure of the lock store.
    func locksError(_ error: HostError) -> StateError {
        var error = error
        // A store that is not there is no state that is not there.
        if error.code == .notFound { error.code = .unavailable }
        error.message = "the store of the locks of '\(store.name)': \(error.message)"
        return StateError(error)
    }

    /// What a mark says of its lock store, as far as it can be read.
    private func described(_ id: String) -> String {
        let found = try? store.read(
            Pairing.markKey(id, place.workspace), maxByteCount: Pairing.bytesMax, call)
        let document = found.flatMap { try? JSONValue(parsing: $0.bytes) }?.members
        guard let name = document?["lock_store"]?.text, let driver = document?["driver"]?.text
        else {
            return "pairing \(id)"
        }
        let created: Int64 = document?["created_ns"]?.integer() ?? 0
        return "'\(printable(name))' (\(printable(driver))), pairing \(id), since "
            + Timestamp.text(nanoseconds: created)
    }

    private func invalid(_ message: String, _ advice: String) -> StateError {
        StateError(.host(.invalid), message, advice: advice)
    }
}
