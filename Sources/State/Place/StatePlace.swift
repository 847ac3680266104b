package import Host
internal import Synchronization

/// A store of states, and the way to their records.
///
/// The records are in the store itself where it has conditional writes. Where it has none, another store
/// may keep them, one and the same for all clients: a ``Pairing`` sees to that. Where the records are is
/// found out by the first call that needs to know, and known from then on. Repositories of one store
/// share one place.
package final class StatePlace: Sendable {
    /// The store of the bytes.
    package let store: Store
    /// The workspace; empty for the store's own.
    package let workspace: String
    let locks: LockStoreChoice?
    let environment: StateEnvironment
    private let known = Mutex<RecordHome?>(nil)
    private let opened = Mutex<Store?>(nil)

    /// Makes a place; nothing is asked yet.
    ///
    /// - Parameters:
    ///   - store: The store of the bytes.
    ///   - workspace: The workspace; empty for the store's own.
    ///   - locks: The store of the records, where the other has no conditional writes.
    ///   - environment: Clocks and randomness.
    package init(
        store: Store, workspace: String, locks: LockStoreChoice? = nil,
        environment: StateEnvironment = .system
    ) {
        self.store = store
        self.workspace = workspace
        self.locks = locks
        self.environment = environment
    }

    // MARK: - What front ends ask

    /// Makes sure that states can be changed here, as before a daemon serves.
    ///
    /// A store that has no conditional writes and no other store for its locks is no error: it can be
    /// read.
    ///
    /// - Throws: ``StateError``.
    package func prepare(_ call: Call) throws(StateError) {
        guard hasConditions || locks != nil else { return }
        _ = try home(toWrite: true, call)
    }

    /// Checks that the stores can be used now.
    ///
    /// - Throws: ``HostError`` of the one that cannot.
    package func ping(_ call: Call) throws(HostError) {
        _ = try store.ping(call)
        if let home = known.withLock({ $0 }), home.isApart { _ = try home.store.ping(call) }
    }

    /// What people should be told of where the locks are, though nothing is wrong; `nil` for nothing, and
    /// before anybody needed to know.
    package var notice: String? {
        guard hasConditions, let locks, let home = known.withLock({ $0 }) else { return nil }
        guard home.isApart else {
            return "\(locks.origin) is not used: the store '\(store.name)' has conditional writes, "
                + "so its locks are in itself, and fenced"
        }
        return
            "the store '\(store.name)' has conditional writes now, but its locks stay unfenced in the "
            + "store '\(locks.name)', where all clients look for them; to have them fenced, copy "
            + "its states to another prefix"
    }

    /// The name of the store that keeps the locks unfenced; `nil` where there is none, and before
    /// anybody needed to know.
    package var unfencedLockStore: String? { known.withLock { $0?.lockStore } }

    // MARK: - Where the records are

    /// Whether the store of the bytes has conditional writes.
    var hasConditions: Bool { missingConditions.isEmpty }

    /// What it has not.
    var missingConditions: [String] {
        [Capabilities.conditionAbsent, Capabilities.conditionVersion].filter {
            !store.capabilities.supports($0)
        }
    }

    /// Whether the records are known to be in another store.
    var isApart: Bool { known.withLock { $0?.isApart ?? false } }

    /// Where the records are.
    ///
    /// For a reader nothing is made: what was never locked elsewhere is read as it is. Only for who is
    /// about to write the two stores are paired.
    func home(toWrite: Bool, _ call: Call) throws(StateError) -> RecordHome {
        if let home = known.withLock({ $0 }) { return home }
        // Several may find out at once; they come to the same.
        let (home, isFinal) = try HomeSearch(self, call).run(toWrite: toWrite)
        if isFinal { known.withLock { $0 = home } }
        return home
    }

    /// Looks again whether another client has begun to keep the records elsewhere, after a record was
    /// made in the store itself.
    ///
    /// Whoever pairs marks first and looks for records after it; whoever makes a record looks for the
    /// mark after it. So at least one of the two sees the other and gives up.
    func checkStillOwn(_ call: Call) throws(StateError) {
        forgetHome()
        let home = try home(toWrite: true, call)
        guard !home.isApart else {
            throw StateError(
                .conflict,
                "another client has begun to keep the locks of the store '\(store.name)' in the store "
                    + "'\(home.store.name)'", advice: "try again", retryAfter: .zero)
        }
    }

    /// Makes the next call find out again where the records are.
    func forgetHome() { known.withLock { $0 = nil } }

    /// The lock store, open.
    func lockStore(mustExist: Bool, _ call: Call) throws(HostError) -> Store? {
        guard let locks else { return nil }
        if let store = opened.withLock({ $0 }) { return store }
        let store = try locks.open(mustExist, call)
        let winner = opened.withLock { opened in
            if let opened { return opened }
            opened = store
            return store
        }
        if winner.id != store.id { store.close(call) }
        return winner
    }
}
