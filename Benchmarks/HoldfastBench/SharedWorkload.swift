internal import Host
internal import State

/// What several clients do at once over a store on a server, each on a key of its own.
struct SharedWorkload: Sendable {
    private static let value = [UInt8](repeating: UInt8(ascii: "v"), count: 4096)
    /// Where a run of its own put the objects that lists and random reads look at.
    private static let listed = "bench-list"

    let store: Store
    let clients: Int

    /// Reads the client's object, which is there.
    func get(count: Int) async throws -> Measurement {
        for client in 0..<clients { try put(client, .none) }
        return try await each(count) { client, _ in try get(client) }
    }

    /// Reads the client's object once.
    func get(_ client: Int) throws {
        let found = try store.read(key(client), maxByteCount: 1 << 20, call)
        guard found?.bytes.count == Self.value.count else { throw Workload.WrongBytes() }
    }

    /// Replaces the client's object, whatever it is.
    func put(count: Int) async throws -> Measurement {
        try await each(count) { client, _ in try put(client, .none) }
    }

    /// Replaces the client's object under the condition of its last version.
    func replace(count: Int) async throws -> Measurement {
        try await measured(count) { client, rounds in
            var version = try put(client, .none)
            for _ in 0..<rounds { version = try put(client, .version(version)) }
        }
    }

    /// Takes and gives back the lock of the client's state.
    func lock(count: Int) async throws -> Measurement {
        let states = StateRepository(store: store, kind: .terraform, workspace: workspace)
        return try await each(count) { client, round in
            let path = try StatePath("lock-\(client)")
            let id = "\(client)-\(round)"
            let info = try LockInfo(id: id, operation: "bench", who: "holdfast-bench")
            _ = try states.lock(path, info, lease: nil, call)
            _ = try states.unlock(path, .id(id), call)
        }
    }

    /// Reads objects at random among `total`.
    func random(count: Int, total: Int) async throws -> Measurement {
        try await each(count) { _, _ in
            let number = String(Int.random(in: 1...total))
            let path = "n/" + String(repeating: "0", count: 8 - number.count) + number
            let key = ObjectKey(collection: Self.listed, workspace: workspace, path: path)
            guard try store.read(key, maxByteCount: 1 << 20, call) != nil else {
                throw Workload.WrongBytes()
            }
        }
    }

    /// Lists everything, a page after the other, `count` times.
    func list(count: Int, pageSize: Int = 1000) throws -> String {
        var best = Int64.max
        var entries = 0
        var peak = 0
        for round in 0..<count {
            let started = Monotonic.now
            entries = try listOnce(pageSize)
            best = min(best, Monotonic.now - started)
            if round == 0 { peak = ProcessFigures.peakKibibytes }
        }
        return "{\"ms\": \(Double(best) / 1e6), \"entries\": \(entries), \"peak_kib\": \(peak), "
            + "\"peak_after_kib\": \(ProcessFigures.peakKibibytes)}"
    }

    private func listOnce(_ pageSize: Int) throws -> Int {
        var entries = 0
        var last = ""
        while true {
            let listing = Listing(
                collection: Self.listed, workspace: workspace, startAfter: last, limit: pageSize)
            let page = try store.list(listing, call)
            entries += page.count
            guard page.count == pageSize, let end = page.last else { return entries }
            last = end.path
        }
    }

    // MARK: - Parts

    private var call: Call { Call(timeout: .seconds(30)) }
    private var workspace: String { store.addressing == .rows ? "/bench/project" : "" }

    private func key(_ client: Int) -> ObjectKey {
        ObjectKey(collection: "bench", workspace: workspace, path: "client-\(client)")
    }

    @discardableResult
    private func put(_ client: Int, _ condition: Condition) throws -> Version {
        try store.put(key(client), Self.value, condition: condition, call).version
    }

    private func each(
        _ count: Int, _ step: @escaping @Sendable (_ client: Int, _ round: Int) throws -> Void
    ) async throws -> Measurement {
        try await measured(count) { client, rounds in
            for round in 0..<rounds { try step(client, round) }
        }
    }

    /// All clients at once, each on a thread of its own; as much goes before, to warm up.
    private func measured(
        _ count: Int, _ work: @escaping @Sendable (_ client: Int, _ rounds: Int) throws -> Void
    ) async throws -> Measurement {
        let pool = BlockingPool(threads: 2 * clients + 2)
        let rounds = max(1, count / clients)
        try await atOnce(pool, rounds, work)
        let cpu = ProcessFigures.cpuNanoseconds
        let started = Monotonic.now
        try await atOnce(pool, rounds, work)
        return Measurement(
            count: rounds * clients, elapsed: Monotonic.now - started,
            cpu: ProcessFigures.cpuNanoseconds - cpu)
    }

    private func atOnce(
        _ pool: BlockingPool, _ rounds: Int,
        _ work: @escaping @Sendable (_ client: Int, _ rounds: Int) throws -> Void
    ) async throws {
        try await withThrowingTaskGroup { group in
            for client in 0..<clients {
                group.addTask {
                    try await pool.run(.normal, on: nil, Call(timeout: nil)) {
                        try work(client, rounds)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
