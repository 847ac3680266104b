internal import HoldfastLoader
internal import Synchronization

// Clients that commit at the same time, and others that look.

/// Checks of what contended commits leave and show.
enum TransactionRaceChecks {
    private static let remedy =
        "judge the conditions and make all changes visible in one atomic step, for threads and processes"

    // MARK: - Readers

    static func neverMixed(_ run: CheckRun) throws {
        _ = try TransactionChecks.bench(run)
        let clients = try HistoryChecks.clients(run)
        let writer = clients[0]
        func commit(_ number: UInt64) throws {
            try writer.commit(["a", "b", "c"].map { ($0, Pattern(id: number), .none) })
        }
        try commit(1)
        let (isOver, isLooking) = (Flag(), Counter())
        let rivals = clients.dropFirst().map { client in
            Rival { try look(client, isLooking) { isOver.value } }
        }
        for rival in rivals { rival.go() }
        do {
            // On a busy machine it takes more commits until each reader has looked often enough.
            var number: UInt64 = 2
            while number <= 120 || number <= 1500 && isLooking.value < rivals.count * 20 {
                try commit(number)
                number += 1
            }
        } catch {
            isOver.raise()
            throw error
        }
        isOver.raise()
        for rival in rivals { _ = try rival.finish() }
    }

    /// What is read later can never be of an earlier commit.
    private static func look(
        _ client: Client, _ count: Counter, until isOver: () -> Bool
    ) throws {
        let orders = [["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"]]
        for round in 0..<20000 where !isOver() {
            var last: UInt64 = 0
            for path in orders[round % 3] {
                guard let found = try client.get(path)?.pattern.id else {
                    throw CheckFailure(
                        "while commits replace objects, one of them is gone for a moment",
                        do: remedy)
                }
                try require(
                    found >= last,
                    "a reader that found commit \(last) then finds \(path) as commit \(found) left it",
                    do: remedy)
                last = found
            }
            count.increase()
        }
    }

    // MARK: - Writers

    static func oneWins(_ run: CheckRun) throws {
        let bench = Client(
            try TransactionChecks.bench(run, needs: TransactionChecks.both))
        let clients = try HistoryChecks.clients(run)
        var decided = 0
        for round in UInt64(1)...15 {
            let x = try bench.put("x", Pattern(id: round << 32))
            let y = try bench.put("y", Pattern(id: round << 32))
            let rivals = clients.enumerated().map { index, client in
                Rival {
                    try fight(
                        client, "own/\(round)/\(index)", round << 32 + UInt64(index) + 1, (x, y))
                }
            }
            for rival in rivals { rival.go() }
            let ends = try rivals.map { try $0.finish().value }
            let winners = ends.indices.filter { ends[$0] == .won }
            let unknown = ends.count { $0 == .unknown }
            try require(
                winners.count == 1 || unknown > 0 && winners.isEmpty,
                "of \(clients.count) commits under one version of two objects \(winners.count) succeed",
                do: remedy)
            try expectOutcome(bench, round, ends, winners.first)
            decided += winners.count
        }
        try require(
            decided > 7, "of 15 rounds of commits under one version only \(decided) had a winner",
            do: "refuse a commit for its condition only when another one was applied")
    }

    private enum Ending: Sendable { case won, lost, unknown }

    /// Replaces both objects under their versions, the clients in different orders.
    private static func fight(
        _ client: Client, _ own: String, _ id: UInt64, _ versions: (x: Version, y: Version)
    ) throws -> Ending {
        var changes: [(String, Pattern, Condition)] = [
            ("x", Pattern(id: id), .version(versions.x)),
            ("y", Pattern(id: id), .version(versions.y)), (own, Pattern(id: id), .absent),
        ]
        if id % 2 == 0 { changes.swapAt(0, 1) }
        for _ in 0..<500 {
            do {
                try client.commit(changes)
                return .won
            } catch let failure as DriverFailure {
                if failure.code == .condition { return .lost }
                guard failure.applied == .no, failure.retry != .never else { return .unknown }
                pause(milliseconds: 1)
            }
        }
        return .unknown
    }

    private static func expectOutcome(
        _ bench: Client, _ round: UInt64, _ ends: [Ending], _ winner: Int?
    ) throws {
        let x = try bench.get("x")?.pattern.id
        let y = try bench.get("y")?.pattern.id
        try require(
            x != nil && x == y, "after commits that fought, two objects are of different commits",
            do: remedy)
        guard let winner, let x else { return }
        try require(
            x & 0xffff_ffff == UInt64(winner) + 1,
            "after a commit that won, its objects are another's", do: remedy)
        for index in ends.indices {
            let isThere = try bench.head("own/\(round)/\(index)") != nil
            try require(
                isThere == (index == winner) || ends[index] == .unknown,
                "a commit that \(index == winner ? "won lost" : "lost left") one of its objects",
                do: remedy)
        }
    }

    // MARK: - A bank

    private static let (accounts, start) = (5, UInt64(1000))

    static func bank(_ run: CheckRun) throws {
        let bench = Client(try TransactionChecks.bench(run, needs: ["condition.version"]))
        let clients = try HistoryChecks.clients(run)
        for account in 0..<accounts {
            try bench.put("account/\(account)", Pattern(id: start << 32))
        }
        let rivals = clients.indices.map { index in
            Rival { [seed = run.seed] in try transfer(clients[index], seed, index) }
        }
        for rival in rivals { rival.go() }
        let done = try rivals.map { try $0.finish().value }.reduce(0, +)
        var sum: UInt64 = 0
        for account in 0..<accounts {
            sum += (try bench.get("account/\(account)")?.pattern.id ?? 0) >> 32
        }
        try require(
            sum == start * UInt64(accounts),
            "after \(done) transfers between \(accounts) accounts there are \(sum) in them, not"
                + " \(start * UInt64(accounts))", do: remedy)
        try require(
            done == clients.count * transfers,
            "only \(done) of \(clients.count * transfers) contended transfers succeeded",
            do: "refuse a commit for its condition only when another one was applied")
    }

    private static let transfers = 12

    private static func transfer(_ client: Client, _ seed: UInt64, _ index: Int) throws -> Int {
        var random = SeededGenerator(seed: seed, name: "bank \(index)")
        var done = 0
        for attempt in UInt64(0)..<5000 where done < transfers {
            let from = Int.random(in: 0..<accounts, using: &random)
            let to = (from + Int.random(in: 1..<accounts, using: &random)) % accounts
            guard let one = try client.get("account/\(from)"),
                let two = try client.get("account/\(to)")
            else { throw CheckFailure("an account is gone for a moment") }
            let amount = min(one.pattern.id >> 32, UInt64.random(in: 1...90, using: &random))
            let mark = UInt64(index) << 24 | attempt
            let changes: [(String, Pattern, Condition)] = [
                (
                    "account/\(from)", Pattern(id: (one.pattern.id >> 32 - amount) << 32 | mark),
                    .version(one.version)
                ),
                (
                    "account/\(to)", Pattern(id: (two.pattern.id >> 32 + amount) << 32 | mark),
                    .version(two.version)
                ),
            ]
            do {
                try client.commit(changes)
                done += 1
            } catch let failure as DriverFailure where failure.code == .condition {
            } catch let failure as DriverFailure where failure.retry != .never {
                pause(milliseconds: 1)
            }
        }
        return done
    }
}

/// Something that several threads look at, and one raises.
final class Flag: Sendable {
    private let raised = Atomic<Bool>(false)

    var value: Bool { raised.load(ordering: .acquiring) }

    func raise() { raised.store(true, ordering: .releasing) }
}

/// A number that several threads increase.
final class Counter: Sendable {
    private let number = Atomic<Int>(0)

    var value: Int { number.load(ordering: .acquiring) }

    func increase() { number.add(1, ordering: .acquiringAndReleasing) }
}
