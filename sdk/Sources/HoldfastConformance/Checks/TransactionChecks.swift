internal import CHoldfast
internal import HoldfastLoader

// Changes of several objects take effect together, or not at all.

/// Checks of commits, by `holdfast/transaction.h`.
enum TransactionChecks {
    private static let remedy =
        "judge all conditions and make all changes in one atomic step of the store"

    /// A store with transactions; ends the check where there are none.
    static func bench(_ run: CheckRun, needs conditions: [String] = []) throws -> Bench {
        let bench = try run.bench()
        let hasTable = unsafe bench.store.driver.extensionTable(HOLDFAST_TRANSACTION_ID) != nil
        let report = try run.level("transaction")
        try require(
            hasTable || report.level == .none,
            "the store reports transaction, but the driver has no table \(HOLDFAST_TRANSACTION_ID)",
            do: "return the table from extension, or do not report the capability")
        try run.needs(
            "transaction", attempt: { try bench.commit([.put("refused", [1])]) },
            after: { try bench.expectAbsent("refused", "after a commit that was refused") })
        for capability in conditions { try ConditionChecks.needs(run, capability) }
        return bench
    }

    static let both = ["condition.absent", "condition.version"]

    static func declared(_ run: CheckRun) throws {
        let bench = try bench(run)
        let limit = try run.level("transaction").limit
        try require(
            limit != 1, "the store reports transaction with a limit of 1 change",
            do: "report the most changes of one commit, or no transactions")
        let infos = try bench.commit([.put("one", [1]), .put("two", [2])])
        try require(
            infos.count == 2 && infos[0] != nil && infos[1] != nil, "a commit gave no information")
        for (path, bytes, info) in [("one", [UInt8(1)], infos[0]), ("two", [2], infos[1])] {
            if let info { try bench.expect(path, bytes, info, "after a commit") }
        }
    }

    // MARK: - All or nothing

    /// Ways for a condition to fail, each as a change of an object that is made before.
    private static func failing(_ bench: Bench, _ path: String) throws -> [(String, Step)] {
        let stale = try bench.put(path, [8]).version
        try bench.put(path, [9])
        let other = Condition.version(stale)
        return [
            ("put under \"absent\" of what is there", .put(path, [1], if: .absent)),
            ("put under a stale version", .put(path, [1], if: other)),
            ("removal under a stale version", .remove(path, if: other)),
            ("check of \"absent\" of what is there", .check(path, .absent)),
            ("check of a stale version", .check(path, other)),
            ("check of a version of what is absent", .check("nothing", other)),
        ]
    }

    static func allOrNothing(_ run: CheckRun) throws {
        let bench = try bench(run, needs: both)
        let gone = try bench.put("gone", [1])
        for (words, step) in try failing(bench, "there") {
            let there = try bench.head("there")
            for place in 0..<4 {
                var steps: [Step] = [
                    .put("new/1", [1]), .put("gone", [2]), .remove("gone"), .put("new/2", [1]),
                ]
                steps.remove(at: place == 1 ? 2 : 1)
                steps.insert(step, at: place)
                let failure = try failure(
                    { try bench.commit(steps) },
                    orFound: "a commit whose change \(place + 1) is a \(words) succeeds", do: remedy
                )
                try expectRefusal(failure, words, place + 1, current: there)
                for path in ["new/1", "new/2", "nothing"] {
                    try bench.expectAbsent(path, "after a commit that failed for a \(words)")
                }
                try bench.expect("gone", [1], gone, "after a commit that failed for a \(words)")
                try bench.expect("there", [9], there, "after a commit that failed for a \(words)")
            }
        }
    }

    private static func expectRefusal(
        _ failure: DriverFailure, _ words: String, _ place: Int, current: ObjectInfo
    ) throws {
        let what = "a commit whose change \(place) is a \(words)"
        try require(
            failure.code == .condition, "\(what) answers \"\(failure)\"",
            do: "answer HOLDFAST_CONDITION")
        try require(
            failure.applied == .no, "\(what) reports applied \(failure.applied)",
            do: "say HOLDFAST_APPLIED_NO: nothing changed")
        try require(
            failure.change == nil || failure.change == place,
            "\(what) names the change \(failure.change ?? 0)",
            do: "count changes from 1, and say 0 where the store does not tell which one failed")
        if let said = failure.currentVersion {
            try require(
                said == current.version, "\(what) reports the current version \(said)")
        }
    }

    static func conditionsHold(_ run: CheckRun) throws {
        let bench = try bench(run, needs: both)
        let (old, kept) = (try bench.put("old", [1]), try bench.put("kept", [2]))
        let infos = try bench.commit([
            .put("old", [3], if: .version(old.version)), .put("new", [4], if: .absent),
            .check("kept", .version(kept.version)), .check("nothing", .absent),
        ])
        guard let (first, second) = infos[0].flatMap({ first in infos[1].map { (first, $0) } })
        else { throw CheckFailure("a commit gave no information of what it put") }
        try bench.expect("old", [3], first, "after a commit whose conditions hold")
        try bench.expect("new", [4], second, "after a commit whose conditions hold")
        try bench.expect("kept", [2], kept, "after a commit that only checked it")
        try bench.commit([.remove("old", if: .version(first.version)), .check("nothing", .absent)])
        try bench.expectAbsent("old", "after a commit that removed it")
        try bench.commit([.check("new", .version(second.version))])
    }

    // MARK: - Objects

    static func plainCalls(_ run: CheckRun) throws {
        let bench = try bench(run, needs: ["condition.version"])
        let attributes = [Attribute(name: "a", value: ""), Attribute(name: "b", value: "ü")]
        let old = try bench.put("changed", [1], attributes: [Attribute(name: "z", value: "1")])
        try bench.put("removed", [1])
        let infos = try bench.commit([
            .put("changed", [2], if: .version(old.version), attributes: attributes),
            .remove("removed"), .remove("never"), .put("made", [3]),
        ])
        guard let changed = infos[0], let made = infos[3] else {
            throw CheckFailure("a commit gave no information of what it put")
        }
        let head = try bench.head("changed")
        try require(
            head.attributes == attributes && changed.attributes == attributes,
            "the attributes of a put in a commit are not those that it was given",
            do: "replace an object's attributes as put does")
        try require(
            head.version == changed.version && head.byteCount == 1,
            "head of an object that a commit put differs from what the commit said")
        try bench.expectAbsent("removed", "after a commit that removed it")
        let listed = try bench.list("", wantsAttributes: false).entries
        try require(
            listed.map(\.path).filter { !$0.hasPrefix("refused") } == ["changed", "made"],
            "after a commit the listing has \(listed.map(\.path))",
            do: "let commits change what listings see")
        let next = try bench.put("changed", [4], if: .version(changed.version))
        try bench.remove("made", if: .version(made.version))
        try bench.expect("changed", [4], next, "after a put under a commit's version")
        try bench.expectAbsent("made", "after a removal under a commit's version")
    }

    static func newVersions(_ run: CheckRun) throws {
        let bench = try bench(run, needs: ["condition.version"])
        var seen: Set<String> = []
        for round in 1...20 {
            let infos = try bench.commit([.put("same", [1]), .put("other", [1])])
            for (path, info) in zip(["same", "other"], infos) {
                guard let info else { throw CheckFailure("a commit gave no information") }
                try require(
                    seen.insert("\(path) \(info.version)").inserted,
                    "commit \(round) gives \(path) the version \(info.version) of an earlier one",
                    do: "make a new token for each object at each commit, as put does")
            }
            if round % 5 == 0 { try bench.commit([.remove("same"), .remove("other")]) }
        }
    }

    static func sizes(_ run: CheckRun) throws {
        let bench = try bench(run)
        let most = try run.capped(3_000_000)
        let counts = [16, 16, 0, 70_000, 1, most].map { min($0, most) }
        for hasLength in [true, false] {
            // A repeat replaces each by one of another length.
            for counts in [counts, counts.reversed()] {
                let limit = Int(clamping: try run.level("transaction").limit)
                let steps = counts.prefix(limit == 0 ? counts.count : limit).enumerated().map {
                    Step.put("size/\($0)", run.random.bytes($1), hasLength: hasLength)
                }
                let infos = try bench.commit(steps)
                for (step, info) in zip(steps, infos) {
                    guard let info else { throw CheckFailure("a commit gave no information") }
                    try bench.expect(step.path, step.bytes, info, "after a commit of many sizes")
                }
            }
        }
    }

    static func limit(_ run: CheckRun) throws {
        let bench = try bench(run)
        let limit = try run.level("transaction").limit
        guard limit > 0, limit <= 5000 else {
            run.note = limit == 0 ? "no limit is reported" : "the limit of \(limit) was not tried"
            return
        }
        let steps = (0..<Int(limit)).map { Step.put("limit/\($0)", [UInt8($0 % 251)]) }
        try bench.commit(steps)
        for place in [0, steps.count / 2, steps.count - 1] {
            let found = try bench.get(steps[place].path).bytes
            try require(found == steps[place].bytes, "a commit of \(limit) changes is not whole")
        }
        let failure = try failure(
            { try bench.commit(steps + [.put("over", [1])]) },
            orFound: "a commit of \(limit + 1) changes succeeds; the limit is \(limit)",
            do: "refuse more changes than the limit, or report none")
        try require(
            failure.code == .tooLarge && failure.applied == .no,
            "a commit over the limit answers \"\(failure)\", applied \(failure.applied)",
            do: "answer HOLDFAST_TOO_LARGE before anything is changed")
        try bench.expectAbsent("over", "after a commit over the limit")
    }

    static func unknownKind(_ run: CheckRun) throws {
        let bench = try bench(run)
        for kind in [3, 77, UInt32.max] {
            let statuses = RawCommit.statuses(bench, kind)
            for (words, status) in statuses {
                try require(
                    status == HOLDFAST_UNSUPPORTED,
                    "a commit with a \(words) of the unknown kind \(kind) answers \(status)",
                    do: "answer HOLDFAST_UNSUPPORTED to kinds that you do not know")
            }
            try bench.expectAbsent("kind/0", "after a commit with an unknown kind")
            try bench.expectAbsent("kind/1", "after a commit with an unknown kind")
        }
    }
}
