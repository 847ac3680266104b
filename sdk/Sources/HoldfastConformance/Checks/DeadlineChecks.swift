internal import CHoldfast
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

    /// Fails the check unless the answer of a write that was over before it began is the truth.
    ///
    /// - Returns: The object that must be there now, of the two.
    private static func truth<Info>(
        _ result: Result<Info, DriverFailure>, _ words: String, old: ObjectInfo?, new: ObjectInfo?,
        _ found: ObjectInfo?
    ) throws {
        if case .failure = result { try expectOver(result, words) }
        let isOld = found?.version == old?.version
        let isNew = new == nil ? found == nil : found.map { $0.version != old?.version } ?? false
        switch result {
        // A write that needs no waiting may as well be made.
        case .success:
            try require(
                isNew, "\(words) succeeds, but nothing is written",
                do: "answer HOLDFAST_OK only for what is done")
        case .failure(let failure) where failure.applied == .no:
            try require(
                isOld, "\(words) answers \"\(failure)\", applied no, but it was applied",
                do: "look at host->cancelled before anything is changed, or say what was done")
        case .failure(let failure):
            try require(
                isOld || isNew, "\(words) answers \"\(failure)\" and leaves something else")
        }
    }

    private static func info(_ bench: Bench, _ path: String) throws -> ObjectInfo? {
        do { return try bench.head(path) } catch let failure as DriverFailure
            where failure.code == .notFound
        { return nil }
    }

    static func put(_ run: CheckRun) throws {
        let bench = try run.bench()
        for (context, state) in contexts() {
            for path in ["old", "new"] {
                let old = path == "old" ? try bench.put("old", [1]) : nil
                if old == nil { try bench.remove(path) }
                let words = "put \(state)"
                let result = try withinGrace(run, words) { try bench.put(path, [2], context) }
                let found = try info(bench, path)
                try truth(result, words, old: old, new: found ?? old, found)
                let bytes = try found.map { _ in try bench.get(path).bytes }
                try require(
                    bytes == (found == nil ? nil : found?.version == old?.version ? [1] : [2]),
                    "after a \(words), \(path) has bytes that nobody wrote")
            }
        }
    }

    static func remove(_ run: CheckRun) throws {
        let bench = try run.bench()
        for (context, state) in contexts() {
            let old = try bench.put("old", [1])
            let words = "remove \(state)"
            let result = try withinGrace(run, words) { try bench.remove("old", context) }
            try truth(result, words, old: old, new: nil, try info(bench, "old"))
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
        let piece = max(1, min(4096, try run.capped(.max) / Int(2 * grace + 4000)))
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
                    // Not so much that a limit could be met first.
                    let count = min(buffer.count, piece)
                    for index in 0..<count { unsafe buffer[index] = 7 }
                    return count
                }
            }
            try expectOver(result, "put that is cancelled while it reads its source")
        }
        try bench.expect("old", [1], old, "after a put that was cancelled in the middle")
        try bench.expectAbsent("new", "after a put that was cancelled in the middle")
    }

    // MARK: - Sinks

    /// How long a sink takes for each piece after the call was cancelled.
    private static let slowness = 100

    /// Fails the check when a cancelled call goes on for long with a sink that is slow.
    private static func endsEarly(
        _ run: CheckRun, _ words: String,
        _ call: (_ onPiece: @escaping () -> Void)
            -> RawSession.Outcome
    ) throws {
        // The descriptor is read by a raw session already; its grace is the same.
        let grace = run.rawGrace
        var start: Int64?
        let outcome = call {
            if start == nil {
                start = monotonicMilliseconds()
                RawHost.isCancelled = true
            } else {
                pause(milliseconds: slowness)
            }
        }
        RawHost.isCancelled = false
        guard let start else { throw CheckFailure("\(words) sends nothing to its sink") }
        let taken = monotonicMilliseconds() - start
        try require(
            taken <= grace + 500 + Int64(slowness),
            "\(words) goes on for \(taken) ms; the driver's grace is \(grace)",
            do: "poll host->cancelled before each piece that is sent")
        try require(
            [HOLDFAST_OK, HOLDFAST_CANCELLED, HOLDFAST_DEADLINE].contains(outcome.status),
            "\(words) answers \(outcome.words)",
            do: "answer HOLDFAST_CANCELLED, or finish when little is left")
    }

    static func whileReading(_ run: CheckRun) throws {
        let session = try RawSession(run)
        try require(session.open().status == HOLDFAST_OK, "open fails")
        let bytes = run.random.bytes(session.capped(4 << 20))
        let put = session.put(.init(path: "long", bytes: bytes, length: UInt64(bytes.count)))
        try require(put.status == HOLDFAST_OK, "put answers \(put.words)")
        try endsEarly(run, "get that is cancelled while it sends bytes") { onPiece in
            session.get("long", onPiece: onPiece).outcome
        }
        let got = session.get("long")
        try require(got.bytes == bytes, "the next get \(difference(got.bytes, bytes))")
        try session.finish()
    }

    static func whileListing(_ run: CheckRun) throws {
        let session = try RawSession(run)
        try require(session.open().status == HOLDFAST_OK, "open fails")
        for number in 0..<300 {
            let put = session.put(.init(path: "entry/\(number)", bytes: [1], length: 1))
            try require(put.status == HOLDFAST_OK, "put answers \(put.words)")
        }
        try endsEarly(run, "list that is cancelled while it sends entries") { onPiece in
            session.list(limit: 1000) { _ in
                onPiece()
                return HOLDFAST_OK
            }
        }
        var count = 0
        let listed = session.list(limit: 1000) { entries in
            count += entries
            return HOLDFAST_OK
        }
        try require(
            listed.status == HOLDFAST_OK && count == 300,
            "the next list answers \(listed.words) after \(count) of 300 entries")
        try session.finish()
    }
}
