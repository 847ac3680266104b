internal import Glibc
internal import HoldfastLoader

// Commits whose sources fail, wait or never end, and whose process is killed.

/// Checks of what becomes of commits that do not come to their end.
enum TransactionStreamChecks {
    /// What a source of a check throws.
    private struct Broken: Error {}

    static func sourceFails(_ run: CheckRun) throws {
        let bench = try TransactionChecks.bench(run)
        let size = try run.capped(300_000)
        let old = try bench.put("old", [1])
        for place in 0..<3 {
            for (given, hasLength) in [(0, true), (0, false), (1, false)] {
                let steps: [Step] = [
                    .put("new", run.random.bytes(place == 1 ? 20 : size), hasLength: hasLength),
                    .put("old", run.random.bytes(size), hasLength: hasLength),
                    .put("last", [3], hasLength: hasLength),
                ]
                var readings = 0
                do {
                    try bench.commit(steps) { change in
                        guard change == place else { return }
                        readings += 1
                        if readings > given { throw Broken() }
                    }
                    throw CheckFailure("a commit succeeds although a source of it failed")
                } catch is Broken {
                } catch let failure as DriverFailure {
                    throw CheckFailure(
                        "a commit whose source of change \(place + 1) fails answers \"\(failure)\", applied \(failure.applied)",
                        do: "answer HOLDFAST_SOURCE with applied \"no\"")
                }
                let when = "after the source of change \(place + 1) failed"
                try bench.expectAbsent("new", when)
                try bench.expectAbsent("last", when)
                try bench.expect("old", [1], old, when)
            }
        }
    }

    /// Other writes go on while a commit waits for a source.
    static func slowSource(_ run: CheckRun) throws {
        let bench = try TransactionChecks.bench(run)
        guard let other = try run.bystander() else { return }
        try bench.put("same", [1])
        for path in ["other", "same"] {
            let rival = Rival { try other.put(path, Pattern(id: 7)) }
            let steps: [Step] = [
                .put("same", [5, 5], hasLength: false), .put("mine", [6], hasLength: false),
            ]
            try bench.commit(steps) { change in if change == 1 { rival.startOnce() } }
            let (isFirst, version) = try rival.finish()
            try require(
                isFirst,
                "while a commit waits for a source, a put of \(path == "same" ? "one of its objects" : "another object") has to wait",
                do: "read all sources before the store's transaction is begun")
            if path == "other" {
                let kept = ObjectInfo(version: version, byteCount: UInt64(Pattern.least))
                try bench.expect("other", Pattern(id: 7).bytes, kept, "after a slow commit")
            }
            let found = try bench.get("same").bytes
            try require(found == [5, 5], "a commit under no condition lost a change")
        }
    }

    // MARK: - Deadlines

    static func over(_ run: CheckRun) throws {
        let bench = try TransactionChecks.bench(run)
        let cancelled = CallContext()
        cancelled.cancel()
        let late = CallContext(
            deadlineNanoseconds: CallContext.monotonicNanoseconds() - 1_000_000_000)
        for (context, state) in [(cancelled, "cancelled"), (late, "past its deadline")] {
            try expectOver(run, bench, "a commit that is \(state) before it begins") {
                _ = try bench.commit([.put("a", [1]), .put("b", [2])], context)
            }
        }
        for isLate in [true, false] {
            let deadline = CallContext.monotonicNanoseconds() + 200_000_000
            let context = CallContext(deadlineNanoseconds: isLate ? deadline : nil)
            try expectOver(run, bench, "a commit that is over while a source is read") {
                try endless(run, bench, context, isLate)
            }
        }
    }

    /// A commit whose second source gives a little at a time until the call is over.
    private static func endless(
        _ run: CheckRun, _ bench: Bench, _ context: CallContext, _ isLate: Bool
    ) throws {
        let grace = try run.descriptor().graceMilliseconds
        let changes = ["a", "b"].map { Change(bench.key($0), .put()) }
        var end = Int64.max
        var given = 0
        _ = try unsafe bench.store.commit(changes, context) { change, buffer in
            guard change == 1 else {
                given += 1
                return given == 1 ? 1 : 0
            }
            if end == .max {
                if !isLate { context.cancel() }
                end = monotonicMilliseconds() + 200 + grace + 500
            }
            if monotonicMilliseconds() > end {
                throw CheckFailure("a commit that is over reads its source for ever")
            }
            pause(milliseconds: 2)
            unsafe buffer[0] = 7
            return 1
        }
    }

    private static func expectOver(
        _ run: CheckRun, _ bench: Bench, _ words: String, _ body: () throws -> Void
    ) throws {
        let failure = try failure(body, orFound: "\(words) succeeds")
        try require(
            failure.code == .deadline || failure.code == .cancelled,
            "\(words) answers \"\(failure)\"",
            do: "poll host->cancelled; answer HOLDFAST_DEADLINE or HOLDFAST_CANCELLED")
        try require(failure.applied != .yes, "\(words) says that it was applied all the same")
        for path in ["a", "b"] { try bench.expectAbsent(path, "after \(words)") }
    }

    // MARK: - Kills

    private static let paths = ["pair/a", "pair/b", "pair/c"]

    static func killed(_ run: CheckRun) throws {
        _ = try TransactionChecks.bench(run)
        guard try !run.isVolatile() else {
            run.note = "the driver declares volatile: nothing is kept when its process ends"
            return
        }
        let most = try run.capped(200_000)
        try run.close(try run.bench().store)
        var kept: UInt64 = 0
        for round in 1...10 {
            let peer = try run.peer()
            peer.say(["commit-for-ever", "\(round * 1_000_000)", "\(most)"])
            pause(milliseconds: Int.random(in: 5...60, using: &run.random))
            peer.kill()
            var underWay: UInt64?
            while let line = peer.hear() {
                if line.first == "end", let id = underWay {
                    (kept, underWay) = (id, nil)
                } else if line.first == "begin", line.count == 2 {
                    underWay = UInt64(line[1])
                } else {
                    _ = try PeerMessage.result(line)
                }
            }
            kept = try judge(run, round, kept, underWay)
        }
    }

    /// What is there must be the last commit that was acknowledged, or the one that was under way.
    private static func judge(
        _ run: CheckRun, _ round: Int, _ kept: UInt64, _ underWay: UInt64?
    ) throws -> UInt64 {
        let when = "after a process was killed in round \(round) of commits"
        let found = try KillChecks.found(run, paths + ["odd"], when)
        let ids = Set(paths.compactMap { found[$0]?.id })
        guard ids.count <= 1,
            found.count(where: { paths.contains($0.key) }) == (ids.isEmpty ? 0 : 3)
        else {
            throw CheckFailure(
                "\(when), there are parts of the commits \(ids.sorted()): \(found.keys.sorted())",
                do: "let a commit become durable as a whole, in one step")
        }
        let id = ids.first ?? 0
        try require(
            id == kept || id == underWay,
            "\(when), there is commit \(id); \(kept) was the last that was acknowledged",
            do: "answer HOLDFAST_OK only for what is kept")
        try require(
            (found["odd"] != nil) == (id % 2 == 1),
            "\(when), commit \(id) is there without its removal",
            do: "let a commit become durable as a whole, in one step")
        return id
    }
}

extension Doomed {
    /// Commits three objects of one number each time, and says what it begins and what was
    /// acknowledged; a fourth is there where the number is odd.
    static func commitForEver(_ bench: Bench, seed: UInt64, most: Int) throws {
        for number in UInt64(1)... {
            let id = seed &+ number
            let sizes = [Pattern.least, 3000, Int(number % 7) == 0 ? most : 100]
            var steps = zip(["pair/a", "pair/b", "pair/c"], sizes).map { path, size in
                Step.put(path, Pattern(id: id, count: size).bytes)
            }
            steps.append(
                id % 2 == 1 ? .put("odd", Pattern(id: id).bytes) : .remove("odd"))
            PeerService.say(["begin", "\(id)"])
            try bench.commit(steps)
            PeerService.say(["end"])
        }
    }
}
