internal import Synchronization

/// Clients that fight for a few objects, each on a thread of its own, and the history of it.
///
/// What is asked depends on the seed and on the store's answers; how the calls overlap depends on the
/// machine, so that the same seed gives similar histories, not equal ones.
public struct ContendedWorkload: Sendable {
    /// Decides what the clients ask.
    public var seed: UInt64
    /// How many clients there are; the checker is fast up to 16 on one key.
    public var clients: Int
    /// How many keys they share.
    public var keys: Int
    /// How many operations each client does.
    public var operationsPerClient: Int
    /// Some writes take one of so many values that all clients share, so that the same bytes come
    /// back; 0: every write has bytes of its own.
    public var sharedValues: UInt64

    /// Makes a workload.
    public init(
        seed: UInt64, clients: Int = 8, keys: Int = 4, operationsPerClient: Int = 100,
        sharedValues: UInt64 = 2
    ) {
        self.seed = seed
        self.clients = clients
        self.keys = keys
        self.operationsPerClient = operationsPerClient
        self.sharedValues = sharedValues
    }

    /// The functions that call the store; they are called from all clients at once, and block.
    public struct Store: Sendable {
        /// Writes the bytes that the value stands for, on a condition.
        public var put: @Sendable (Call, UInt64, History.Condition) -> History.Outcome
        /// Removes the object, on a condition.
        public var remove: @Sendable (Call, History.Condition) -> History.Outcome
        /// Reads the bytes and the version.
        public var read: @Sendable (Call) -> History.Outcome
        /// Reads the version only.
        public var head: @Sendable (Call) -> History.Outcome

        /// Makes a store of functions.
        public init(
            put: @escaping @Sendable (Call, UInt64, History.Condition) -> History.Outcome,
            remove: @escaping @Sendable (Call, History.Condition) -> History.Outcome,
            read: @escaping @Sendable (Call) -> History.Outcome,
            head: @escaping @Sendable (Call) -> History.Outcome
        ) {
            self.put = put
            self.remove = remove
            self.read = read
            self.head = head
        }
    }

    /// Who calls, and on which object.
    public struct Call: Sendable, Hashable {
        /// The client, from 0.
        public var client: Int
        /// The key: `k0`, `k1` and so on.
        public var key: String
    }

    /// Runs the clients to their end.
    ///
    /// - Parameter store: What they call.
    /// - Returns: The history; its clock counts the events.
    /// - Throws: ``WorkloadError`` when the system has no thread for each client.
    public func run(_ store: Store) throws(WorkloadError) -> History {
        let shared = SharedRun()
        var threads: [PlainThread] = []
        var failure: WorkloadError?
        for client in 0..<clients where failure == nil {
            do throws(WorkloadError) {
                threads.append(
                    try PlainThread {
                        shared.waitForStart()
                        guard !shared.isAbandoned else { return }
                        var client = WorkloadClient(
                            number: client, workload: self, clock: shared.tick)
                        client.run(store)
                        shared.add(client.operations)
                    })
            } catch {
                failure = error
            }
        }
        // Together, so that they meet from their first call on.
        shared.start(isAbandoned: failure != nil)
        for thread in threads { thread.join() }
        if let failure { throw failure }
        return History(shared.operations.inOrder)
    }
}

/// The system had no thread for a client of a workload.
public struct WorkloadError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The system's error number.
    public var systemCode: Int32

    /// The error for people.
    public var description: String {
        "cannot start a thread for each client (error \(systemCode)); use fewer clients"
    }
}

/// What the clients of one run share.
private final class SharedRun: Sendable {
    private enum Phase {
        static let waiting = 0
        static let running = 1
        static let abandoned = 2
    }

    private let time = Atomic<UInt64>(0)
    private let phase = Atomic<Int>(Phase.waiting)
    private let collected = Mutex<[History.Operation]>([])

    /// The time: a number that no other call returns, in the order of the calls.
    @Sendable func tick() -> UInt64 {
        time.add(1, ordering: .sequentiallyConsistent).newValue
    }

    func waitForStart() {
        while phase.load(ordering: .acquiring) == Phase.waiting { yieldProcessor() }
    }

    func start(isAbandoned: Bool) {
        phase.store(isAbandoned ? Phase.abandoned : Phase.running, ordering: .releasing)
    }

    var isAbandoned: Bool { phase.load(ordering: .acquiring) == Phase.abandoned }

    func add(_ operations: [History.Operation]) {
        collected.withLock { $0 += operations }
    }

    var operations: [History.Operation] { collected.withLock { $0 } }
}
