internal import Glibc
internal import Host
internal import Synchronization

/// Many reads at once, and how many threads there are meanwhile.
struct ThreadsWorkload {
    let clients: Int

    /// Counts the threads.
    ///
    /// The host's own are all there before the store is opened: what comes after them is the driver's.
    ///
    /// - Parameters:
    ///   - rounds: How often each client reads.
    ///   - open: Opens the store.
    /// - Returns: One line of JSON.
    /// - Throws: What opening or a read failed with.
    func run(rounds: Int, open: () throws -> Store) throws -> String {
        let pool = BlockingPool(threads: 2 * clients + 2)
        let gate = Atomic(clients)
        // Nobody gets on before all threads are there.
        try atOnce(pool) { _ in
            gate.subtract(1, ordering: .relaxed)
            while gate.load(ordering: .relaxed) > 0 { usleep(1000) }
        }
        let before = ProcessFigures.threadCount
        let store = try open()
        defer { store.close(Call(timeout: .seconds(30))) }
        let shared = SharedWorkload(store: store, clients: clients)
        let most = try atOnce(pool) { client in
            for _ in 0..<rounds { try shared.get(client) }
        }
        return "{\"host_threads\": \(before), \"waiting\": \(clients), "
            + "\"driver_threads\": \(max(0, most - before))}"
    }

    /// Runs a job for each client; the most threads that were seen meanwhile.
    @discardableResult
    private func atOnce(
        _ pool: BlockingPool, _ job: @escaping @Sendable (_ client: Int) throws -> Void
    ) throws -> Int {
        let left = LeftClients(clients)
        for client in 0..<clients {
            pool.start(.normal, on: nil, Call(timeout: nil)) {
                try job(client)
            } _: {
                left.end($0)
            }
        }
        var most = 0
        while try !left.isOver {
            most = max(most, ProcessFigures.threadCount)
            usleep(200)
        }
        return most
    }
}

/// Those who are not done yet.
private final class LeftClients: Sendable {
    private let state: Mutex<(count: Int, failure: (any Error)?)>

    init(_ count: Int) { state = Mutex((count, nil)) }

    var isOver: Bool {
        get throws {
            try state.withLock { state in
                if let failure = state.failure { throw failure }
                return state.count == 0
            }
        }
    }

    func end(_ result: Result<Void, any Error>) {
        state.withLock { state in
            state.count -= 1
            if case .failure(let error) = result { state.failure = error }
        }
    }
}
