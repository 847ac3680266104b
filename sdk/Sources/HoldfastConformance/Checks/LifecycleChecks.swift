internal import Glibc
internal import HoldfastLoader

// What a driver does to the process that it lives in.

/// Checks of a driver's and a store's life.
enum LifecycleChecks {
    static func startStop(_ run: CheckRun) throws {
        _ = try run.driver()
        try work(try run.bench())
        try run.stop()
    }

    /// One of each call.
    static func work(_ bench: Bench) throws {
        let store = bench.store
        _ = try store.capabilities(CallContext())
        _ = try store.ping(CallContext())
        try bench.put("work/object", Array("bytes".utf8))
        _ = try bench.head("work/object")
        _ = try bench.get("work/object")
        _ = try bench.list()
        try bench.remove("work/object")
        try bench.expectAbsent("work/object", "after remove")
    }

    static func describeStable(_ run: CheckRun) throws {
        let driver = try run.driver()
        let first = try driver.describe(CallContext())
        try work(try run.bench())
        try require(
            try driver.describe(CallContext()) == first,
            "describe writes other bytes after a store was opened",
            do: "write only what never changes: no times, no counters, no addresses")
    }

    static func describeValid(_ run: CheckRun) throws {
        let (driver, descriptor) = (try run.driver(), try run.descriptor())
        let pairs = [
            ("id", descriptor.id, driver.id), ("version", descriptor.version, driver.version),
            ("vendor", descriptor.vendor, driver.vendor),
            ("version", driver.version, driver.manifest.version),
        ]
        for (name, left, right) in pairs {
            try require(
                left == right,
                "the \(name) is \"\(left)\" in one place and \"\(right)\" in another",
                do: "say the same in the descriptor, the table and driver.toml")
        }
    }

    static func capabilities(_ run: CheckRun) throws {
        let store = try run.bench().store
        let reports = try store.capabilities(CallContext())
        for (index, report) in reports.enumerated() {
            try require(
                !reports[..<index].contains { $0.id == report.id },
                "the capability \(report.id) is reported twice")
        }
        try require(
            try store.capabilities(CallContext()) == reports,
            "capabilities reports something else the second time")
    }

    // MARK: - Leaks

    private static let rounds = 200

    /// Opens and closes so often that one leak in each round shows, and counts something.
    private static func openClose(
        _ run: CheckRun, _ what: String, _ count: () -> Int, do remedy: String
    ) throws {
        for _ in 0..<5 { try run.close(try run.open()) }
        let before = count()
        for _ in 0..<rounds { try run.close(try run.open()) }
        let after = settled(count, to: before)
        // A driver may keep a few of its own; what is lost in each round counts.
        try require(
            after - before < rounds / 10,
            "after \(rounds) times open and close there are \(after) \(what), before \(before)",
            do: remedy)
    }

    /// A count, after time for threads to end.
    private static func settled(_ count: () -> Int, to goal: Int) -> Int {
        for _ in 0..<100 where count() > goal { pause(milliseconds: 20) }
        return count()
    }

    static func descriptors(_ run: CheckRun) throws {
        try openClose(
            run, "open files", { names(in: "/proc/self/fd").count },
            do: "close every file in close, and in open when it fails")
    }

    static func threads(_ run: CheckRun) throws {
        try openClose(run, "threads", threadCount, do: "end and join the store's threads in close")
    }

    private static func threadCount() -> Int { names(in: "/proc/self/task").count }

    /// Memory that is lost in each round shows as a resident set that grows with the rounds.
    static func memory(_ run: CheckRun) throws {
        try run.bench().put("kept", run.random.bytes(1000))
        try run.close(try run.bench().store)
        for _ in 0..<100 { try run.close(try run.open()) }
        let before = residentKiB()
        for _ in 0..<memoryRounds { try run.close(try run.open()) }
        let grown = residentKiB() - before
        try require(
            grown < memoryRounds * 4,
            "\(memoryRounds) times open and close take \(grown) KiB of memory",
            do: "free everything in close, and in open when it fails")
    }

    private static let memoryRounds = 1000

    /// The memory that this process has now.
    private static func residentKiB() -> Int {
        let status = (try? readFile("/proc/self/status", most: 65536)) ?? []
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("VmRSS:")
        }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    static func stopEndsThreads(_ run: CheckRun) throws {
        _ = try run.load()
        let before = threadCount()
        try work(try run.bench())
        try run.stop()
        let after = settled(threadCount, to: before)
        try require(
            after <= before,
            "after stop there are \(after - before) threads more than before start",
            do: "end and join the driver's threads in stop")
    }

    static func twoStores(_ run: CheckRun) throws {
        guard try !run.isExclusive() else { return try oneOpener(run) }
        let first = try run.bench()
        let second = Bench(store: try run.open(), space: first.space)
        guard try !run.isAlone() else { return try twoAlone(run, first, second) }
        let info = try first.put("shared", Array("one".utf8))
        try second.expect("shared", Array("one".utf8), info, "in a second store of the same place")
        if try !run.isVolatile() {
            let peer = Client(try run.peer())
            let version = try peer.put("shared", Pattern(id: 3))
            let written = ObjectInfo(version: version, byteCount: UInt64(Pattern.least))
            try second.expect(
                "shared", Pattern(id: 3).bytes, written, "after another process wrote it")
        }
        try run.close(first.store)
        let other = try second.put("shared", Array("two".utf8))
        try second.expect("shared", Array("two".utf8), other, "after the first store was closed")
    }

    /// Two openings that share nothing do not disturb each other either.
    private static func twoAlone(_ run: CheckRun, _ first: Bench, _ second: Bench) throws {
        try first.put("own", Array("one".utf8))
        try second.expectAbsent("own", "in a store of another process")
        let info = try second.put("own", Array("two".utf8))
        try run.close(first.store)
        try second.expect("own", Array("two".utf8), info, "after the first store was closed")
    }

    /// A driver that declares one opener refuses all others, and lets the next one in.
    private static func oneOpener(_ run: CheckRun) throws {
        let first = try run.bench()
        let info = try first.put("held", [1])
        let (driver, options) = (try run.driver(), try run.options())
        let peer = try Peer()
        let openings: [(String, () throws -> Void)] = [
            (
                "a second open in the same process",
                { try driver.open(options, CallContext()).close(CallContext()) }
            ),
            ("an open in another process", { try peer.ask("open") }),
        ]
        for (words, opening) in openings {
            let failure = try failure(
                opening,
                orFound: "\(words) succeeds, though the driver declares that it is exclusive",
                do: "refuse it, or do not declare the capability exclusive")
            try require(
                failure.code == .unavailable || failure.code == .conflict,
                "\(words) answers \"\(failure)\"",
                do: "answer HOLDFAST_UNAVAILABLE or HOLDFAST_CONFLICT, and say who holds the store")
            try require(
                failure.retry != .never, "\(words) is refused as if it could never succeed",
                do: "say HOLDFAST_RETRY_SAME: the other opener goes away")
            try first.expect("held", [1], info, "after \(words) was refused")
        }
        try run.close(first.store)
        try peer.ask("open")
        try Client(peer).put("held", Pattern(id: 2))
        try peer.ask("close")
        let again = Bench(store: try run.open(), space: first.space)
        try require(
            try again.get("held").bytes == Pattern(id: 2).bytes,
            "what another process wrote between two openings is not there")
    }

    // MARK: - The process

    static func processState(_ run: CheckRun) throws {
        _ = try run.load()
        let before = ProcessState()
        try work(try run.bench())
        try run.stop()
        let after = ProcessState()
        for (name, old) in before.facts {
            let new = after.facts[name] ?? ""
            try require(
                new == old, "the driver changed the \(name) from \(old) to \(new)",
                do: "leave the process as it is; it belongs to the host")
        }
    }

    static func children(_ run: CheckRun) throws {
        try work(try run.bench())
        var status: Int32 = 0
        let child = unsafe waitpid(-1, &status, WNOHANG)
        try require(
            child == -1 && errno == ECHILD, "the driver started the process \(child)",
            do: "never fork: a process with threads cannot do it safely")
    }

    /// The runner fails this check as well when the driver wrote anything during another one.
    static func quiet(_ run: CheckRun) throws {
        try work(try run.bench())
        _ = try failure(
            { _ = try run.bench().head("absent") }, orFound: "head of nothing succeeded")
        try run.stop()
        fflush(nil)
        for (descriptor, name) in [(Int32(1), "output"), (2, "error")] {
            var status = stat()
            let isKnown = unsafe fstat(descriptor, &status) == 0
            try require(
                isKnown && status.st_size == 0, "it wrote to standard \(name)",
                do: "give messages to the host's event function")
        }
    }
}
