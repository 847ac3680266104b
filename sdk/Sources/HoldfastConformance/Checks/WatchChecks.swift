internal import CHoldfast
internal import HoldfastLoader

// A watch tells that something changed: late perhaps, for nothing now and then, but never not at all.

/// Checks of watches, by `holdfast/watch.h`.
enum WatchChecks {
    private static let remedy = "compare the cursor with the store itself, after every wake as well"
    /// How long a change may take to wake a watch, in milliseconds; far more than any needs.
    private static let patience = 10_000

    /// A store that can be watched; ends the check where it cannot.
    private static func bench(_ run: CheckRun) throws -> Bench {
        let bench = try run.bench()
        let driver = try run.driver()
        let hasTable = unsafe driver.extensionTable(HOLDFAST_WATCH_ID) != nil
        let report = try run.level("watch")
        try require(
            hasTable || report.level == .none,
            "the store reports watch, but the driver has no table \(HOLDFAST_WATCH_ID)",
            do: "return the table from extension, or do not report the capability")
        try require(
            !hasTable || driver.threadModel == .parallel,
            "the driver has watches and takes one call at a time",
            do: "have watches only with HOLDFAST_THREADS_PARALLEL")
        try run.needs("watch", attempt: { _ = try bench.watch("", [], milliseconds: 1000) })
        return bench
    }

    /// The cursor of this moment.
    private static func now(_ bench: Bench, _ prefix: String = "") throws -> [UInt8] {
        do { return try bench.watch(prefix, [], milliseconds: patience) } catch let failure
            as DriverFailure
        {
            throw CheckFailure(
                "watch without a cursor answers \"\(failure)\"",
                do: "report the cursor of this moment at once")
        }
    }

    /// Fails the check unless a watch ends by itself.
    @discardableResult private static func expectWake(
        _ bench: Bench, _ prefix: String, _ cursor: [UInt8], _ words: String
    ) throws -> [UInt8] {
        do { return try bench.watch(prefix, cursor, milliseconds: patience) } catch let failure
            as DriverFailure
        {
            throw CheckFailure("after \(words), watch answers \"\(failure)\"", do: remedy)
        }
    }

    static func declared(_ run: CheckRun) throws {
        let bench = try bench(run)
        _ = try now(bench)
    }

    static func first(_ run: CheckRun) throws {
        let bench = try bench(run)
        let start = monotonicMilliseconds()
        for prefix in ["", "a", "a/b"] { _ = try now(bench, prefix) }
        let taken = monotonicMilliseconds() - start
        try require(
            taken < 3 * 5000, "watches without a cursor take \(taken) ms",
            do: "report the cursor of this moment at once")
    }

    // MARK: - Wakes

    /// The ways in which an object changes.
    private static func changes(_ run: CheckRun, _ bench: Bench) throws -> [(
        String, () throws -> Void
    )] {
        var changes: [(String, () throws -> Void)] = [
            ("a put of a new object", { try bench.put("a/new", [1]) }),
            ("a put over an object", { try bench.put("a/new", [2]) }),
            ("a put of the same bytes", { try bench.put("a/new", [2]) }),
            ("a removal", { try bench.remove("a/new") }),
        ]
        if try run.level("transaction").level != .none {
            changes += [
                ("a commit that puts", { try bench.commit([.put("a/1", [1]), .put("a/2", [1])]) }),
                ("a commit that removes", { try bench.commit([.remove("a/1"), .remove("a/2")]) }),
            ]
        }
        return changes
    }

    /// Changes that were made while nobody watched.
    static func missed(_ run: CheckRun) throws {
        let bench = try bench(run)
        for prefix in ["", "a", "a/"] {
            for (words, change) in try changes(run, bench) {
                let cursor = try now(bench, prefix)
                try change()
                let next = try expectWake(
                    bench, prefix, cursor, "\(words) that nobody watched")
                try require(
                    next != cursor, "after \(words), watch gives the same cursor again",
                    do: "give the cursor of a moment after the change")
            }
        }
    }

    /// Changes that are made during a watch.
    static func wakes(_ run: CheckRun) throws {
        let bench = try bench(run)
        for (words, change) in try changes(run, bench) {
            let cursor = try now(bench, "a/")
            let watcher = Rival { try bench.watch("a/", cursor, milliseconds: patience) }
            watcher.go()
            pause(milliseconds: 20)
            try change()
            do { _ = try watcher.finish() } catch let failure as DriverFailure {
                throw CheckFailure(
                    "during \(words), a watch ends with \"\(failure)\"", do: remedy)
            }
        }
    }

    static func elsewhere(_ run: CheckRun) throws {
        let bench = try bench(run)
        let isAlone = try run.isVolatile() ? true : run.isExclusive()
        guard !isAlone else {
            run.note = "no other process can change this store"
            return
        }
        let other = Client(try run.peer())
        for number in UInt64(1)...4 {
            var cursor = try now(bench, "far")
            try other.put("far/\(number)", Pattern(id: number))
            cursor = try expectWake(bench, "far", cursor, "a put by another process")
            cursor = try now(bench, "far")
            let watcher = Rival { [cursor] in
                try bench.watch("far", cursor, milliseconds: patience)
            }
            watcher.go()
            pause(milliseconds: 20)
            try other.remove("far/\(number)")
            do { _ = try watcher.finish() } catch let failure as DriverFailure {
                throw CheckFailure(
                    "during a removal by another process, a watch ends with \"\(failure)\"",
                    do: remedy)
            }
        }
        // The other process finds a cursor of this one good.
        let cursor = try now(bench)
        try bench.put("near", [1])
        _ = try other.watch("", cursor, milliseconds: patience)
    }

    /// No change inside a scope is missed, whatever lies around it.
    static func scope(_ run: CheckRun) throws {
        let bench = try bench(run)
        let paths = ["a", "a/b", "ab", "a/b/c", "a-b", "b", "a/bc"]
        let prefixes = ["", "a", "a/", "a/b", "b", "a/b/"]
        for round in 1...40 {
            let prefix = prefixes[Int.random(in: 0..<prefixes.count, using: &run.random)]
            let inside = paths.filter { $0.utf8.starts(with: prefix.utf8) }
            let path = inside[Int.random(in: 0..<inside.count, using: &run.random)]
            let cursor = try now(bench, prefix)
            try bench.put("other/\(round % 3)", [1])
            try bench.put(path, [UInt8(round)])
            try expectWake(
                bench, prefix, cursor, "a put of \(shown(path)) under the prefix \(shown(prefix))")
        }
    }

    static func unknownCursor(_ run: CheckRun) throws {
        let bench = try bench(run)
        let cursors: [[UInt8]] = [
            [0], Array("nonsense".utf8), [UInt8](repeating: 0xff, count: 256),
            try now(bench) + [0x20],
        ]
        for cursor in cursors where cursor.count <= 256 {
            try expectWake(bench, "", cursor, "a cursor of \(cursor.count) bytes that is not known")
        }
    }

    // MARK: - Ends

    /// Waits until a store has come to rest, and gives the cursor of then.
    private static func rest(_ bench: Bench) throws -> [UInt8] {
        var cursor = try now(bench)
        for _ in 0..<20 {
            do { cursor = try bench.watch("", cursor, milliseconds: 200) } catch let failure
                as DriverFailure
            {
                guard failure.code == .deadline else { throw failure }
                return cursor
            }
        }
        throw CheckFailure(
            "in a store where nothing changes, 20 watches in a row end with a change",
            do: quietRemedy)
    }

    private static let quietRemedy = "wait while the store is as it was at the cursor"

    static func deadline(_ run: CheckRun) throws {
        let bench = try bench(run)
        let grace = try run.descriptor().graceMilliseconds
        let cursor = try rest(bench)
        for wait in [1, 300] {
            let start = monotonicMilliseconds()
            let failure = try failure(
                { _ = try bench.watch("", cursor, milliseconds: wait) },
                orFound: "in a store where nothing changes, a watch of \(wait) ms succeeds",
                do: "answer HOLDFAST_DEADLINE at the deadline")
            let taken = monotonicMilliseconds() - start
            try require(
                failure.code == .deadline, "a watch past its deadline answers \"\(failure)\"",
                do: "answer HOLDFAST_DEADLINE")
            try require(
                taken <= Int64(wait) + grace + 500,
                "a watch of \(wait) ms returns after \(taken) ms; the driver's grace is \(grace)",
                do: "wake up to look at the deadline")
        }
        try bench.put("after", [1])
        try expectWake(bench, "", cursor, "a deadline and then a put")
    }

    static func cancelled(_ run: CheckRun) throws {
        let bench = try bench(run)
        let grace = try run.descriptor().graceMilliseconds
        let cursor = try rest(bench)
        let context = CallContext(
            deadlineNanoseconds: CallContext.monotonicNanoseconds() + 30_000_000_000)
        let watcher = Rival { try bench.watch("", cursor, context) }
        watcher.go()
        pause(milliseconds: 50)
        context.cancel()
        let start = monotonicMilliseconds()
        let failure = try failure(
            { _ = try watcher.finish() },
            orFound: "in a store where nothing changes, a watch that is cancelled succeeds")
        let taken = monotonicMilliseconds() - start
        try require(
            failure.code == .cancelled || failure.code == .deadline,
            "a watch that is cancelled answers \"\(failure)\"", do: "answer HOLDFAST_CANCELLED")
        try require(
            taken <= grace + 500,
            "a watch returns \(taken) ms after it was cancelled; the driver's grace is \(grace)",
            do: "poll host->cancelled while waiting")
        try bench.put("after", [1])
        try expectWake(bench, "", cursor, "a cancelled watch and then a put")
    }

    static func quiet(_ run: CheckRun) throws {
        let bench = try bench(run)
        try bench.put("still", [1])
        var cursor = try rest(bench)
        var wakes = 0
        for _ in 0..<20 {
            do {
                cursor = try bench.watch("", cursor, milliseconds: 50)
                wakes += 1
            } catch let failure as DriverFailure where failure.code == .deadline {}
            // Reading is no change.
            _ = try bench.get("still")
        }
        try require(
            wakes <= 5,
            "in a store where nothing changes, \(wakes) of 20 watches end with a change",
            do: quietRemedy)
    }

    /// How long some puts and gets take.
    private static func timeOfCalls(_ bench: Bench) throws -> Int64 {
        let start = monotonicMilliseconds()
        for number in UInt8(1)...20 {
            try bench.put("beside", [number])
            let found = try bench.get("beside").bytes
            try require(found == [number], "while others watch, get gives another put's bytes")
        }
        return monotonicMilliseconds() - start
    }

    static func beside(_ run: CheckRun) throws {
        let bench = try bench(run)
        let alone = try timeOfCalls(bench)
        let cursor = try rest(bench)
        let limit = Int(clamping: try run.level("concurrency").limit)
        let count = limit == 0 ? 12 : max(1, min(12, limit - 1))
        let contexts = (0..<count).map { _ in
            CallContext(deadlineNanoseconds: CallContext.monotonicNanoseconds() + 60_000_000_000)
        }
        let watchers = contexts.map { context in
            Rival { try bench.watch("nothing/", cursor, context) }
        }
        for watcher in watchers { watcher.go() }
        pause(milliseconds: 50)
        let taken = try timeOfCalls(bench)
        for context in contexts { context.cancel() }
        for watcher in watchers {
            do { _ = try watcher.finish() } catch is DriverFailure {}
        }
        try require(
            taken <= 10 * alone + 2000,
            "while \(count) watches wait, 20 puts and gets take \(taken) ms, before \(alone) ms",
            do: "hold nothing that writers need while a watch waits")
    }
}
