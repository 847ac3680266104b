internal import Host

/// Finds out where the records of a store's states are, and pairs it with its lock store.
struct HomeSearch {
    let place: StatePlace
    let call: Call
    var store: Store { place.store }

    init(_ place: StatePlace, _ call: Call) {
        self.place = place
        self.call = call
    }

    /// Finds out.
    ///
    /// - Returns: Where they are, and whether that stays so.
    func run(toWrite: Bool) throws(StateError) -> (home: RecordHome, isFinal: Bool) {
        var own = RecordHome(store: store, workspace: place.workspace)
        // A driver that is certain needs no marks.
        guard let site = try inBytes({ () throws(HostError) in try StoreSite.find(store, call) })
        else {
            if place.hasConditions { return (own, true) }
            if toWrite { throw place.locks == nil ? withoutConditions() : placeless() }
            return (own, false)
        }
        own.isContestable = true
        let marks = try marks()
        guard marks.isEmpty else { return try paired(marks, site, own, toWrite: toWrite) }
        if place.hasConditions { return (own, true) }
        guard toWrite else { return (own, false) }
        return (try pair(site), true)
    }

    // MARK: - Marks

    /// The ids that are marked in the store of the bytes.
    private func marks() throws(StateError) -> [String] {
        let listing = Listing(
            collection: Pairing.collection, workspace: place.workspace, limit: 16)
        let entries = try inBytes { () throws(HostError) in try store.list(listing, call) }
        return entries.map(\.path)
    }

    /// The home where there are marks.
    private func paired(
        _ marks: [String], _ site: StoreSite, _ own: RecordHome, toWrite: Bool
    ) throws(StateError) -> (home: RecordHome, isFinal: Bool) {
        guard marks.count == 1, let id = marks.first else { throw ambiguous(marks) }
        guard place.locks != nil else { throw lockedElsewhere(id) }
        let (lockStore, namespace) = try openLockStore(site, mustExist: true)
        guard let found = try pairing(in: lockStore, namespace), isSame(found.pairing.id, id)
        else { throw otherLockStore(id) }
        let home = RecordHome(store: lockStore, workspace: namespace, lockStore: lockStore.name)
        if found.pairing.isConfirmed { return (home, true) }
        // Somebody was interrupted, or is at it: nothing was locked there yet.
        guard toWrite else { return (own, false) }
        try confirm(found, in: lockStore, namespace)
        return (home, true)
    }

    // MARK: - Pairing

    private typealias Found = (pairing: Pairing, version: Version)

    /// Pairs a store that has no marks.
    private func pair(_ site: StoreSite) throws(StateError) -> RecordHome {
        guard place.locks != nil else { throw withoutConditions() }
        guard site.isSettled else { throw unsettled() }
        let (lockStore, namespace) = try openLockStore(site, mustExist: false)
        // Seldom, so that the common case leaves no mark behind; what counts is the look after it.
        try refuseOwnRecords()
        let found = try proposed(in: lockStore, namespace, site)
        if !found.pairing.isConfirmed {
            let key = Pairing.markKey(found.pairing.id, place.workspace)
            let mark = found.pairing.mark(in: lockStore)
            try inBytes { () throws(HostError) in
                try call.check()
                _ = try store.put(key, mark, condition: .none, call)
            }
        }
        // Of two lock stores that are marked at once, one at most sees its own mark alone.
        let marks = try marks()
        guard !marks.isEmpty else { throw unmarked(found.pairing, lockStore, namespace) }
        guard marks == [found.pairing.id] else { throw ambiguous(marks) }
        if !found.pairing.isConfirmed { try confirm(found, in: lockStore, namespace) }
        return RecordHome(store: lockStore, workspace: namespace, lockStore: lockStore.name)
    }

    /// The pairing of the namespace, proposed where there is none.
    private func proposed(
        in lockStore: Store, _ namespace: String, _ site: StoreSite
    ) throws(StateError) -> Found {
        if let found = try pairing(in: lockStore, namespace) { return found }
        let proposal = Pairing(
            id: place.environment.randomHexadecimal(16), place: site.place,
            createdNanoseconds: place.environment.wallClock())
        try inLocks { () throws(HostError) in
            do throws(HostError) {
                _ = try lockStore.put(
                    Pairing.key(namespace), proposal.json, condition: .absent, call)
            } catch {
                // Somebody else's counts, or this one after all.
                guard error.code == .condition || error.code == .conflict else { throw error }
            }
        }
        guard let found = try pairing(in: lockStore, namespace) else { throw busy() }
        return found
    }

    private func pairing(
        in lockStore: Store, _ namespace: String
    ) throws(StateError) -> Found? {
        let key = Pairing.key(namespace)
        let found = try inLocks { () throws(HostError) in
            try lockStore.read(key, maxByteCount: Pairing.bytesMax, call)
        }
        guard let found else { return nil }
        guard let pairing = Pairing(json: found.bytes) else {
            throw StateError(
                .integrity,
                "\(key) of \(namespace) in the store '\(lockStore.name)' is damaged, or was written by "
                    + "a newer Holdfast",
                advice: "use a newer Holdfast, or restore it from a backup")
        }
        return (pairing, found.info.version)
    }

    /// Notes in the lock store that the mark is set and that the bytes store keeps no records.
    private func confirm(
        _ found: Found, in lockStore: Store, _ namespace: String
    ) throws(StateError) {
        try refuseOwnRecords()
        var confirmed = found.pairing
        confirmed.isConfirmed = true
        do throws(HostError) {
            _ = try lockStore.put(
                Pairing.key(namespace), confirmed.json, condition: .version(found.version), call)
        } catch {
            guard let now = try pairing(in: lockStore, namespace), now.pairing == confirmed else {
                throw locksError(error)
            }
        }
    }

    /// Refuses to pair a store that keeps records itself, from when it had conditional writes.
    private func refuseOwnRecords() throws(StateError) {
        for kind in [StateKind.terraform, .receipt] {
            let listing = Listing(
                collection: kind.records, workspace: place.workspace, limit: 1)
            let entries = try inBytes { () throws(HostError) in try store.list(listing, call) }
            if let entry = entries.first { throw ownRecords(kind, entry.path) }
        }
    }

    // MARK: - The lock store

    private func openLockStore(
        _ site: StoreSite, mustExist: Bool
    ) throws(StateError) -> (Store, namespace: String) {
        let opened = try inLocks { () throws(HostError) in
            try place.lockStore(mustExist: mustExist, call)
        }
        guard let opened else { throw withoutConditions() }
        let missing = [Capabilities.conditionAbsent, Capabilities.conditionVersion].filter {
            !opened.capabilities.supports($0)
        }
        guard missing.isEmpty else { throw unfit(opened, missing) }
        return (opened, site.namespace(of: place.workspace))
    }

    private func inBytes<Result>(
        _ body: () throws(HostError) -> Result
    ) throws(StateError) -> Result {
        do throws(HostError) { return try body() } catch { throw StateError(error) }
    }

    private func inLocks<Result>(
        _ body: () throws(HostError) -> Result
    ) throws(StateError) -> Result {
        do throws(HostError) { return try body() } catch { throw locksError(error) }
    }
}
