internal import HoldfastHistory
internal import HoldfastLoader

// Several clients that fight for the same objects, and whether their answers fit together.

/// Checks of what contended clients are told.
enum HistoryChecks {
    private static let remedy =
        "check the condition and make the object visible in one atomic step, for threads and processes"

    /// The clients that the driver's declarations allow, each with a store open.
    static func clients(_ run: CheckRun) throws -> [Client] {
        let bench = try run.bench()
        let isExclusive = try run.isExclusive() ? true : run.isAlone()
        let isVolatile = try run.isVolatile()
        func another() throws -> Client {
            Client(Bench(store: try run.open(), space: bench.space))
        }
        var clients: [Client] = []
        switch (try run.driver().threadModel, isExclusive) {
        case (.parallel, true): return (0..<6).map { _ in Client(bench) }
        case (.parallel, false):
            clients = [Client(bench), Client(bench), Client(bench), try another()]
        case (.perStore, false):
            clients = [Client(bench), try another(), try another(), try another()]
        case (.perDriver, false) where !isVolatile: clients = [Client(bench)]
        case (.perDriver, _), (.perStore, true):
            run.note = "one call at a time and one opener: the clients took turns"
            let gate = Client.CallGate()
            return (0..<4).map { _ in Client(bench, gate: gate) }
        }
        guard !isVolatile else { return clients }
        while clients.count < 6 { clients.append(Client(try run.peer())) }
        return clients
    }

    /// Ends the check where the store has not both conditions.
    private static func needs(_ run: CheckRun) throws {
        for capability in ["condition.absent", "condition.version"] {
            try ConditionChecks.needs(run, capability)
        }
    }

    // MARK: - Any operations

    static func contended(_ run: CheckRun) throws {
        try needs(run)
        let clients = try clients(run)
        // Where the same bytes may come back unseen, each write has its own.
        let isOfUnique = try run.declares("condition.unique")
        if isOfUnique { run.note = "each write had bytes of its own, as condition.unique says" }
        let workload = ContendedWorkload(
            seed: run.seed, clients: clients.count, keys: 2, operationsPerClient: 80,
            sharedValues: isOfUnique ? 0 : 2)
        let history = try workload.run(store(clients))
        let verdict = HistoryChecker(stepLimit: 2_000_000).check(history)
        try require(
            verdict.isLinearizable,
            "\(history.operations.count) operations of \(clients.count) clients at once: \(verdict)",
            do: remedy)
        try requireProgress(history)
    }

    /// A store that refuses everything would have a fine history.
    private static func requireProgress(_ history: History) throws {
        let puts = history.operations.filter { operation in
            if case .put = operation.action { true } else { false }
        }
        let done = puts.count { operation in
            if case .wrote = operation.outcome { true } else { false }
        }
        let refused = puts.count { operation in
            if case .refused = operation.outcome { true } else { false }
        }
        try require(
            done * 20 >= puts.count && (done + refused) * 2 >= puts.count,
            "of \(puts.count) contended puts \(done) succeeded and \(refused) were refused by their"
                + " condition; the others failed",
            do:
                "wait for the other writer, or answer HOLDFAST_CONFLICT only when that takes too long"
        )
    }

    private static func store(_ clients: [Client]) -> ContendedWorkload.Store {
        ContendedWorkload.Store(
            put: { call, value, condition in
                outcome {
                    let version = try clients[call.client].put(
                        call.key, Pattern(id: value, count: size(value)), if: wanted(condition))
                    return .wrote(History.Version(token: version.token))
                }
            },
            remove: { call, condition in
                outcome {
                    try clients[call.client].remove(call.key, if: wanted(condition))
                    return .removed
                }
            },
            read: { call in
                outcome {
                    guard let found = try clients[call.client].get(call.key) else {
                        return .absent
                    }
                    return .found(
                        value: found.pattern.id, History.Version(token: found.version.token))
                }
            },
            head: { call in
                outcome {
                    let version = try clients[call.client].head(call.key)
                    return version.map { .saw(History.Version(token: $0.token)) } ?? .absent
                }
            })
    }

    /// Small objects and a few that take more than one piece.
    private static func size(_ value: UInt64) -> Int { value % 7 == 3 ? 3000 : Pattern.least }

    private static func wanted(_ condition: History.Condition) -> Condition {
        switch condition {
        case .none: .none
        case .absent: .absent
        case .version(let version): .version(Version(token: version.token))
        }
    }

    /// What the checker is told of a call; bytes of no single write are a value that nobody wrote.
    private static func outcome(_ body: () throws -> History.Outcome) -> History.Outcome {
        do { return try body() } catch let failure as DriverFailure {
            switch (failure.code, failure.applied) {
            case (.condition, _):
                return .refused(
                    current: failure.currentVersion.map { History.Version(token: $0.token) })
            case (_, .no): return .notApplied
            case (_, .yes), (_, .unknown): return .unknown
            }
        } catch {
            return .found(value: .max, History.Version("torn"))
        }
    }

    // MARK: - Counting

    private static let increments = 15

    static func counter(_ run: CheckRun) throws {
        try needs(run)
        let clients = try clients(run)
        try clients[0].put("counter", Pattern(id: 0))
        let rivals = clients.indices.map { index in
            Rival { try count(clients[index], UInt64(index)) }
        }
        for rival in rivals { rival.go() }
        var (acknowledged, unknown) = (0, 0)
        for rival in rivals {
            let tally = try rival.finish().value
            acknowledged += tally.acknowledged
            unknown += tally.unknown
        }
        guard let last = try clients[0].get("counter") else {
            throw CheckFailure("after contended increments the object is not there")
        }
        let value = Int(last.pattern.id >> 32)
        try require(
            (acknowledged...acknowledged + unknown).contains(value),
            "\(clients.count) clients made \(acknowledged) increments by compare-and-swap that were"
                + " acknowledged and \(unknown) of unknown outcome; the counter is at \(value)",
            do: remedy)
        try require(
            acknowledged == clients.count * increments,
            "only \(acknowledged) of \(clients.count * increments) contended increments succeeded",
            do: "refuse a write for its condition only when another one was applied")
    }

    private struct Tally: Sendable {
        var acknowledged = 0
        var unknown = 0
    }

    /// The upper half of an id counts, the lower half tells writes of the same number apart.
    private static func count(_ client: Client, _ number: UInt64) throws -> Tally {
        var tally = Tally()
        for attempt in UInt64(0)..<5000 where tally.acknowledged < increments {
            guard let found = try client.get("counter") else {
                throw CheckFailure("while it is counted with, the object is gone for a moment")
            }
            let next = (found.pattern.id >> 32 + 1) << 32 | number << 24 | attempt
            do {
                try client.put("counter", Pattern(id: next), if: .version(found.version))
                tally.acknowledged += 1
            } catch let failure as DriverFailure {
                if failure.code != .condition && failure.applied != .no { tally.unknown += 1 }
            }
        }
        return tally
    }

    // MARK: - A, B, A

    static func sameAgain(_ run: CheckRun) throws {
        try needs(run)
        let bench = Client(try run.bench())
        let other = try run.bystander() ?? bench
        var seen: Set<Version> = []
        let (first, second) = (Pattern(id: 1), Pattern(id: 2))
        for round in 1...12 {
            let start = try bench.put("aba", first)
            var versions = [start]
            for _ in 0..<Int.random(in: 1...6, using: &run.random) {
                if Bool.random(using: &run.random) { try other.remove("aba") }
                versions.append(try other.put("aba", second))
                versions.append(try other.put("aba", first))
            }
            for version in versions where !seen.insert(version).inserted {
                throw CheckFailure(
                    "in round \(round) the version \(version) of an earlier write comes again",
                    do: "make a token that the object never had, in any process")
            }
            let failure = try failure(
                { try bench.put("aba", second, if: .version(start)) },
                orFound:
                    "an object that another client changed and changed back looks untouched: a put under its old version succeeds",
                do: "make a new version at each write, also of the same bytes")
            try require(
                failure.code == .condition,
                "a put under an old version of the same bytes answers \"\(failure)\"",
                do: "answer HOLDFAST_CONDITION")
        }
    }
}
