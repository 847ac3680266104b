package import Host

/// The states of one kind in one workspace of a store.
package final class StateRepository: Sendable {
    /// Which lock to release.
    package enum LockSelector: Sendable, Hashable {
        /// The one with this id.
        case id(String)
        /// Whichever it is: a break, which raises the fence.
        case force
    }

    /// The store.
    package let store: Store
    /// The kind of state.
    package let kind: StateKind
    /// The workspace; empty for the store's own.
    package let workspace: String
    let environment: StateEnvironment

    /// Makes a repository.
    package init(
        store: Store, kind: StateKind, workspace: String, environment: StateEnvironment = .system
    ) {
        self.store = store
        self.kind = kind
        self.workspace = workspace
        self.environment = environment
    }

    /// What is known of a state; `nil` when it never existed.
    package func summary(_ path: StatePath, _ call: Call) throws(StateError) -> StateSummary? {
        throw StateError(.host(.unsupported), "not built yet")
    }

    /// Reads a state: `begin` once, then `body` for the bytes; `nil` when there is none.
    package func read(
        _ path: StatePath, version: String? = nil, _ call: Call,
        begin: (StateVersion) throws(StateError) -> Void,
        body: (UnsafeRawBufferPointer) throws(StateError) -> Void
    ) throws(StateError) -> StateVersion? {
        throw StateError(.host(.unsupported), "not built yet")
    }

    /// Reads an orphan: `begin` once, then `body` for the bytes.
    package func readOrphan(
        _ path: StatePath, id: String, _ call: Call,
        begin: (Orphan) throws(StateError) -> Void,
        body: (UnsafeRawBufferPointer) throws(StateError) -> Void
    ) throws(StateError) -> Orphan {
        throw StateError(.host(.unsupported), "not built yet")
    }

    /// Writes a state.
    package func write(
        _ path: StatePath, from source: any ByteSource, _ request: WriteRequest, _ call: Call
    ) throws(StateError) -> StateVersion {
        throw StateError(.host(.unsupported), "not built yet")
    }

    /// Removes a state; `false` when there was none.
    package func remove(
        _ path: StatePath, lockID: String?, _ call: Call
    ) throws(StateError) -> Bool {
        throw StateError(.host(.unsupported), "not built yet")
    }

    /// Takes the lock of a state.
    package func lock(
        _ path: StatePath, _ info: LockInfo, lease: Duration?, _ call: Call
    ) throws(StateError) -> HeldLock {
        throw StateError(.host(.unsupported), "not built yet")
    }

    /// Extends the lease of a lock.
    package func renew(
        _ path: StatePath, id: String, nonce: String, _ call: Call
    ) throws(StateError) -> HeldLock {
        throw StateError(.host(.unsupported), "not built yet")
    }

    /// Releases or breaks a lock; `nil` when it was free.
    package func unlock(
        _ path: StatePath, _ selector: LockSelector, _ call: Call
    ) throws(StateError) -> HeldLock? {
        throw StateError(.host(.unsupported), "not built yet")
    }

    /// The states whose paths start with `prefix`, in byte order.
    package func list(
        prefix: String, startAfter: String, limit: Int, _ call: Call
    ) throws(StateError) -> [StateSummary] {
        throw StateError(.host(.unsupported), "not built yet")
    }

    /// The committed versions of a state, newest first.
    package func versions(_ path: StatePath, _ call: Call) throws(StateError) -> [StateVersion] {
        throw StateError(.host(.unsupported), "not built yet")
    }

    /// What was refused or displaced, oldest first.
    package func orphans(_ path: StatePath, _ call: Call) throws(StateError) -> [Orphan] {
        throw StateError(.host(.unsupported), "not built yet")
    }

    /// Publishes the legible copy where it differs and collects strays; whether anything changed.
    package func repair(_ path: StatePath, _ call: Call) throws(StateError) -> Bool {
        throw StateError(.host(.unsupported), "not built yet")
    }
}
