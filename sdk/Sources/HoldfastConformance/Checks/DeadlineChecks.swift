internal import HoldfastLoader

// Calls that are over before they begin, or while they run.

/// Checks of deadlines and cancelling.
enum DeadlineChecks {
    /// A call's context that is over, and the word for it.
    private static func contexts() -> [(CallContext, String)] {
        let cancelled = CallContext()
        cancelled.cancel()
        let past = CallContext.monotonicNanoseconds() - 1_000_000_000
        return [
            (CallContext(deadlineNanoseconds: past), "whose deadline is past"),
            (cancelled, "that was cancelled"),
        ]
    }

    /// Runs a call and fails the check when it stays longer than the driver's grace.
    private static func withinGrace<Value>(
        _ run: CheckRun, _ words: String, _ body: () throws -> Value
    ) throws -> Result<Value, DriverFailure> {
        let grace = try run.descriptor().graceMilliseconds
        let start = monotonicMilliseconds()
        let result: Result<Value, DriverFailure>
        do { result = .success(try body()) } catch let failure as DriverFailure {
            result = .failure(failure)
        }
        let taken = monotonicMilliseconds() - start
        // The machine may be busy with other things for a moment.
        try require(
            taken <= grace + 500,
            "\(words) returns after \(taken) ms; the driver's grace is \(grace)",
            do: "poll host->cancelled while waiting, and declare the grace_ms that you need")
        return result
    }

    private static func expectOver<Value>(
        _ result: Result<Value, DriverFailure>, _ words: String
    ) throws {
        guard case .failure(let failure) = result else {
            throw CheckFailure(
                "\(words) succeeds", do: "look at host->cancelled before anything is changed")
        }
        try require(
            failure.code == .deadline || failure.code == .cancelled,
            "\(words) answers \"\(failure)\"",
            do: "answer HOLDFAST_DEADLINE or HOLDFAST_CANCELLED")
        try require(
            failure.applied != .yes, "\(words) says that it was applied all the same")
    }

    static func put(_ run: CheckRun) throws {
        let bench = try run.bench()
        let old = try bench.put("old", [1])
        for (context, state) in contexts() {
            for path in ["old", "new"] {
                let words = "put \(state)"
                let result = try withinGrace(run, words) { try bench.put(path, [2], context) }
                try expectOver(result, words)
            }
            try bench.expect("old", [1], old, "after a put \(state)")
            try bench.expectAbsent("new", "after a put \(state)")
        }
    }

    static func remove(_ run: CheckRun) throws {
        let bench = try run.bench()
        let old = try bench.put("old", [1])
        for (context, state) in contexts() {
            let words = "remove \(state)"
            let result = try withinGrace(run, words) { try bench.remove("old", context) }
            try expectOver(result, words)
            try bench.expect("old", [1], old, "after a remove \(state)")
        }
    }

    static func reads(_ run: CheckRun) throws {
        let bench = try run.bench()
        for number in 0..<20 { try bench.put("object/\(number)", run.random.bytes(10_000)) }
        for (context, state) in contexts() {
            let calls: [(String, () throws -> Void)] = [
                ("head", { _ = try bench.head("object/1", context) }),
                ("get", { _ = try bench.get("object/1", .whole, context) }),
                ("list", { _ = try bench.list("", context) }),
                ("ping", { _ = try bench.store.ping(context) }),
                ("capabilities", { _ = try bench.store.capabilities(context) }),
            ]
            for (name, call) in calls {
                let result = try withinGrace(run, "\(name) \(state)", call)
                // A read that needs no waiting may as well succeed.
                if case .failure = result { try expectOver(result, "\(name) \(state)") }
            }
        }
        _ = try bench.get("object/1")
    }

    static func open(_ run: CheckRun) throws {
        let (driver, options) = (try run.driver(), try run.options())
        for (context, state) in contexts() {
            let words = "open \(state)"
            let result = try withinGrace(run, words) { try driver.open(options, context) }
            switch result {
            case .success(let store): try store.close(CallContext())
            case .failure: try expectOver(result, words)
            }
        }
        try LifecycleChecks.work(try run.bench())
    }

    static func whileWriting(_ run: CheckRun) throws {
        let bench = try run.bench()
        let old = try bench.put("old", [1])
        let grace = try run.descriptor().graceMilliseconds
        for path in ["old", "new"] {
            let context = CallContext()
            var given = 0
            var end = Int64.max
            var isLate = false
            let result = try withinGrace(run, "put that is cancelled while it reads its source") {
                try unsafe bench.store.put(bench.key(path), PutRequest(), context) { buffer in
                    if given == 3 {
                        context.cancel()
                        end = monotonicMilliseconds() + grace + 500
                    }
                    given += 1
                    isLate = isLate || monotonicMilliseconds() > end
                    // Such a driver would read for ever.
                    if isLate { throw CheckFailure("a cancelled put reads its source for ever") }
                    pause(milliseconds: 1)
                    let count = min(buffer.count, 4096)
                    for index in 0..<count { unsafe buffer[index] = 7 }
                    return count
                }
            }
            try expectOver(result, "put that is cancelled while it reads its source")
        }
        try bench.expect("old", [1], old, "after a put that was cancelled in the middle")
        try bench.expectAbsent("new", "after a put that was cancelled in the middle")
    }
}
