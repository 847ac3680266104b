import Dispatch
import Host
import State
import Synchronization
import TestSupport

/// A place without conditional writes, and stores in which clients may keep its locks.
final class TwoStores: Sendable {
    let bytes = MemoryStore()
    let locks = MemoryStore()
    let otherLocks = MemoryStore()
    let clock = TurnedClock()
    let path: StatePath
    static let namespace = "locks:memory://here"

    init(isSettled: Bool = true) throws {
        path = try StatePath("shop/prod/terraform.tfstate")
        bytes.site = ("memory://here", isSettled)
    }

    /// A client as it is configured; each has found out nothing yet.
    func client(
        _ memory: MemoryStore? = nil, conditions: Bool = false, hasLocks: Bool = true,
        lockCapabilities: Capabilities = .all
    ) -> StateRepository {
        let keeper = memory ?? locks
        let choice = LockStoreChoice(name: "keeper", origin: "holdfast.yml:3:10: `locks: keeper`") {
            mustExist, _ throws(HostError) in
            guard !mustExist || !keeper.keys.isEmpty else {
                throw HostError(.notFound, "there is no such store")
            }
            return keeper.store(name: "keeper", capabilities: lockCapabilities)
        }
        let store = bytes.store(
            name: "bucket", capabilities: conditions ? .conditions : .unconditional)
        return StateRepository(
            StatePlace(
                store: store, workspace: "", locks: hasLocks ? choice : nil,
                environment: clock.environment), kind: .terraform)
    }

    func key(_ collection: String) -> ObjectKey {
        ObjectKey(collection: collection, path: path.description)
    }

    var recordKey: ObjectKey {
        ObjectKey(
            collection: "terraform-records", workspace: Self.namespace, path: path.description)
    }

    static let pairingKey = ObjectKey(
        collection: "pairings", workspace: namespace, path: "pairing")

    /// The marks in the bytes store.
    var marks: [ObjectKey] { bytes.keys.filter { $0.collection == "pairings" } }

    /// What is in the legible place.
    var copy: String? {
        bytes.bytes(of: key("terraform")).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// The error that `body` throws; `nil` when it throws none.
func stateError(_ body: () throws -> Void) -> StateError? {
    do {
        try body()
        return nil
    } catch let error as StateError {
        return error
    } catch {
        return StateError(.invalid, "\(error)")
    }
}

/// Stops a client at one of its calls, which others need not come to.
final class Stop: Sendable {
    private let event = DispatchSemaphore(value: 0)
    private let go = DispatchSemaphore(value: 0)
    private let finished = DispatchSemaphore(value: 0)
    private let count = Atomic(0)
    private let isStopped = Atomic(false)
    private let outcome = Box<String>()

    /// Stops whoever makes the `ordinal`-th call that `matches`.
    init(
        _ memory: MemoryStore, _ ordinal: Int,
        _ matches: @escaping @Sendable (MemoryStore.Operation, ObjectKey?) -> Bool
    ) {
        memory.onOperation { [self] operation, key in
            guard matches(operation, key),
                count.add(1, ordering: .sequentiallyConsistent).newValue == ordinal
            else { return }
            isStopped.store(true, ordering: .sequentiallyConsistent)
            event.signal()
            go.wait()
        }
    }

    /// Runs a client on a thread of its own; `false` when it ended without having been stopped.
    func start(_ body: @escaping @Sendable () -> String) -> Bool {
        DispatchQueue.global().async { [self] in
            outcome.value = body()
            event.signal()
            finished.signal()
        }
        event.wait()
        return isStopped.load(ordering: .sequentiallyConsistent)
    }

    /// Lets it go on, and tells what became of it.
    func end() -> String {
        go.signal()
        finished.wait()
        return outcome.value ?? "nothing"
    }
}
