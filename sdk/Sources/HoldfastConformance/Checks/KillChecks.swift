internal import Glibc
internal import HoldfastLoader

// What is left when the process of a writer is killed.

/// Checks of writers that die.
enum KillChecks {
    private static let remedy =
        "answer HOLDFAST_OK only for what is kept, and make a write visible in one step"

    /// Whether the driver keeps anything when its process ends; a note says so where it does not.
    private static func isKept(_ run: CheckRun) throws -> Bool {
        guard try run.isVolatile() else { return true }
        run.note = "the driver declares volatile: nothing is kept when its process ends"
        return false
    }

    /// Writes as the check's own process, and closes, so that another one can open.
    private static func prepare(_ run: CheckRun, _ objects: [(String, Pattern)]) throws {
        let bench = try run.bench()
        for (path, pattern) in objects { try bench.put(path, pattern.bytes) }
        try run.close(bench.store)
    }

    /// Opens the store that a killed writer had open.
    ///
    /// The process of an isolated driver ends a moment after the writer, so its store may be held until then.
    private static func openAfterKill(_ run: CheckRun) throws -> Bench {
        for _ in 0..<200 {
            do { return try run.openBench() } catch let failure as DriverFailure {
                let isHeld = [.unavailable, .conflict].contains(failure.code)
                guard run.driverHost != nil, isHeld else { throw failure }
                pause(milliseconds: 10)
            }
        }
        return try run.openBench()
    }

    /// What is there after the writer's end, by a store that is opened then.
    static func found(
        _ run: CheckRun, _ paths: [String], _ when: String
    ) throws -> [String: Pattern] {
        let bench: Bench
        do { bench = try openAfterKill(run) } catch let failure as DriverFailure {
            throw CheckFailure(
                "\(when), open answers \"\(failure)\"",
                do: "clean up at open what a killed writer left behind")
        }
        defer { try? run.close(bench.store) }
        var found: [String: Pattern] = [:]
        for path in paths {
            do { found[path] = try Client(bench).get(path)?.pattern } catch let failure
                as CheckFailure
            {
                throw CheckFailure("\(when), \(failure.found)", do: failure.remedy)
            }
        }
        let listed = try bench.list().entries
        try require(
            listed.map(\.path) == found.keys.sorted(),
            "\(when), the listing has \(listed.map(\.path)), yet get finds \(found.keys.sorted())",
            do: "list an object from the step on that makes it visible, and not before")
        for entry in listed {
            try require(
                Int(entry.info.byteCount) == found[entry.path]?.count,
                "\(when), the listing says that \(entry.path) has \(entry.info.byteCount) bytes")
        }
        return found
    }

    // MARK: - In a put

    static func whileReading(_ run: CheckRun) throws {
        guard try isKept(run) else { return }
        let old = Pattern(id: 1, count: 500)
        let size = try run.capped(400_000)
        try prepare(run, [("old", old)])
        for place in 0...4 {
            for path in ["old", "new"] {
                let peer = try run.peer()
                peer.say(["die-in-put", path, "2", "\(size)", "\(place)"])
                if let answer = peer.hear() {
                    throw CheckFailure(
                        "put answers \(answer.first ?? "") before its source has ended",
                        do: "read the source until it gives no more bytes")
                }
                try requireKilled(peer)
                let when = "after a put of \(path) was killed when its source had given \(place)/4"
                let found = try found(run, ["old", "new"], when)
                try require(
                    found == ["old": old], "\(when), there is \(words(found))", do: remedy)
            }
        }
    }

    static func acknowledged(_ run: CheckRun) throws {
        guard try isKept(run) else { return }
        let size = try run.capped(100_000)
        try run.close(try run.bench().store)
        var expected: [String: Pattern] = [:]
        for round in 1...8 {
            let path = round % 2 == 0 ? "again" : "new/\(round)"
            let pattern = Pattern(id: UInt64(round), count: round % 3 == 0 ? 20 : size)
            let peer = try run.peer()
            if round == 7 {
                try peer.ask("die-after-remove", "new/1")
                expected["new/1"] = nil
            } else {
                try peer.ask("die-after-put", path, "\(pattern.id)", "\(pattern.count)")
                expected[path] = pattern
            }
            try requireKilled(peer)
            let when = "after a process was killed whose write \(round) was acknowledged"
            let found = try found(run, Array(expected.keys) + ["new/1"], when)
            try require(found == expected, "\(when), there is \(words(found))", do: remedy)
        }
    }

    private static func requireKilled(_ peer: Peer) throws(CheckFailure) {
        guard case .signalled(SIGKILL) = peer.end() else {
            throw CheckFailure("\(peer.ended()) before the kit killed it")
        }
    }

    private static func words(_ found: [String: Pattern]) -> String {
        found.isEmpty
            ? "nothing"
            : found.sorted { $0.key < $1.key }
                .map { "\($0.key) with the \($0.value.count) bytes of write \($0.value.id)" }
                .joined(separator: ", ")
    }

    // MARK: - At any moment

    private static let paths = (0..<4).map { "path/\($0)" }

    static func anyMoment(_ run: CheckRun) throws {
        guard try isKept(run) else { return }
        let most = try run.capped(300_000)
        try run.close(try run.bench().store)
        var kept: [String: Pattern] = [:]
        for round in 1...12 {
            let peer = try run.peer()
            peer.say(["write-for-ever", "\(round * 1_000_000)", "\(most)"])
            pause(milliseconds: Int.random(in: 1...60, using: &run.random))
            peer.kill()
            let underWay = try follow(peer, &kept)
            let when = "after a writer was killed in round \(round)"
            let found = try found(run, paths, when)
            for path in paths where found[path] != kept[path] {
                try require(
                    underWay?.path == path && underWay?.pattern == found[path],
                    "\(when), \(path) has \(shown(found[path])); the last write that was"
                        + " acknowledged left \(shown(kept[path]))", do: remedy)
            }
            kept = found
        }
    }

    /// Reads what a writer said, and returns the write that was under way at its end.
    private static func follow(
        _ peer: Peer, _ kept: inout [String: Pattern]
    ) throws -> (path: String, pattern: Pattern?)? {
        var underWay: (path: String, pattern: Pattern?)?
        while let line = peer.hear() {
            if line.first == "end", let write = underWay {
                kept[write.path] = write.pattern
                underWay = nil
            } else if line.count == 4, let id = UInt64(line[2]), let count = Int(line[3]) {
                underWay = (line[1], count == 0 ? nil : Pattern(id: id, count: count))
            } else if line.first != "begin" {
                _ = try PeerMessage.result(line)
            }
        }
        return underWay
    }

    private static func shown(_ pattern: Pattern?) -> String {
        pattern.map { "the \($0.count) bytes of write \($0.id)" } ?? "no object"
    }
}
