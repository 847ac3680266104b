internal import Glibc
internal import HoldfastLoader

// Memory that runs out, files and disks that are full, folders that cannot be written.

/// Checks of what a driver does when the system has no more to give.
enum ShortageChecks {
    // MARK: - Memory

    static func memory(_ run: CheckRun) throws {
        let isVolatile = try run.isVolatile()
        let size = try run.capped(12 << 20)
        let old = Pattern(id: 1, count: 1000)
        try run.bench().put("old", old.bytes)
        try run.close(try run.bench().store)
        var deaths = 0
        for growth in [0, 256 << 10, 2 << 20, 6 << 20] {
            let peer = try run.peer(mayDie: true)
            if isVolatile { try Client(peer).put("old", old) }
            let attempts = [
                Attempt("new", Pattern(id: 2, count: size)), Attempt("old", Pattern(id: 3)),
            ]
            for attempt in attempts {
                try peer.ask("prepare", "\(attempt.pattern.id)", "\(attempt.pattern.count)")
            }
            try peer.ask("starve", "\(growth)")
            let answers = try attempts.map { attempt in try attempt.made(by: peer) }
            if answers.contains(where: { $0.outcome == .died }) { deaths += 1 }
            let when = "after writes with \(growth >> 10) KiB of memory left"
            if isVolatile {
                for attempt in answers { try attempt.judge(through: peer, when) }
            } else {
                peer.kill()
                let found = try KillChecks.found(run, ["old", "new"], when)
                for attempt in answers { try attempt.judge(found[attempt.path], when) }
            }
            let bench = try run.bench()
            try bench.remove("new")
            try bench.put("old", old.bytes)
            try run.close(bench.store)
        }
        if deaths > 0 { run.note = "\(deaths) of 4 processes ended for want of memory" }
    }

    /// A write that may fail, and what came of it.
    private struct Attempt {
        enum Outcome: Equatable {
            case done, notApplied, unknown, died
        }

        let path: String
        let pattern: Pattern
        var outcome = Outcome.unknown
        private static let old = Pattern(id: 1, count: 1000)

        init(_ path: String, _ pattern: Pattern) {
            self.path = path
            self.pattern = pattern
        }

        func made(by peer: Peer) throws -> Attempt {
            var attempt = self
            do {
                try Client(peer).put(path, pattern)
                attempt.outcome = .done
            } catch let failure as DriverFailure {
                attempt.outcome = failure.applied == .no ? .notApplied : .unknown
            } catch is PeerGone {
                attempt.outcome = .died
            }
            return attempt
        }

        func judge(through peer: Peer, _ when: String) throws {
            // A process that ended took its objects with it.
            guard outcome != .died else { return }
            do {
                try judge(try Client(peer).get(path)?.pattern, when)
            } catch is DriverFailure {} catch is PeerGone {}
        }

        func judge(_ found: Pattern?, _ when: String) throws {
            let before = path == "old" ? Self.old : nil
            let allowed: [Pattern?] =
                switch outcome {
                case .done: [pattern]
                case .notApplied: [before]
                case .unknown, .died: [before, pattern]
                }
            try require(
                allowed.contains(found),
                "\(when), \(path) has \(found.map { "the \($0.count) bytes of write \($0.id)" } ?? "no object"),"
                    + " though its put of \(pattern.count) bytes answered \(outcome)",
                do: "check every allocation, and report a write that was not made")
        }
    }

    // MARK: - Files

    /// Ends early, with a note, where the store's files do not lie in the check's folder.
    private static func hasFiles(_ run: CheckRun) throws -> Bool {
        if try run.isVolatile() {
            run.note = "the driver declares volatile, so it has no files to fill"
            return false
        }
        guard run.optionsFile.isFresh(try run.options(), folder: run.folder) else {
            run.note =
                "the options name no path in the check's own folder, so no limit could be set"
            return false
        }
        return true
    }

    static func fileSize(_ run: CheckRun) throws {
        guard try hasFiles(run) else { return }
        let old = Pattern(id: 1, count: 1000)
        try run.bench().put("old", old.bytes)
        _ = signal(SIGXFSZ, SIG_IGN)
        let room = largestFile(in: run.folder) + 300_000
        try run.limitFiles(room)
        let failed = try fill(run, "with files limited to \(room) bytes", old)
        try run.limitFiles(nil)
        guard failed else { return }
        try worksAgain(run, old, "after the limit of the size of files was lifted")
    }

    /// Writes objects until one fails, and looks whether the failure is the truth.
    ///
    /// - Returns: Whether one failed.
    private static func fill(_ run: CheckRun, _ when: String, _ old: Pattern) throws -> Bool {
        let bench = try run.bench()
        let client = Client(bench)
        let size = try run.capped(1 << 20)
        for number in UInt64(1)...64 {
            let path = number % 2 == 0 ? "old" : "full/\(number)"
            let before = try client.get(path)?.pattern
            let pattern = Pattern(id: 1000 + number, count: size)
            do { try client.put(path, pattern) } catch let failure as DriverFailure {
                try require(
                    [.full, .io, .tooLarge].contains(failure.code),
                    "\(when), put answers \"\(failure)\"",
                    do: "answer HOLDFAST_FULL for want of space, HOLDFAST_IO for other failures")
                let found: Pattern?
                do { found = try client.get(path)?.pattern } catch let later as DriverFailure
                    where later.retry == .reopen
                {
                    try run.close(bench.store)
                    found = try Client(try run.bench()).get(path)?.pattern
                }
                let allowed = failure.applied == .no ? [before] : [before, pattern]
                try require(
                    allowed.contains(found),
                    "\(when), put answers \"\(failure)\", applied \(failure.applied), and leaves"
                        + " \(found.map { "the \($0.count) bytes of write \($0.id)" } ?? "no object")",
                    do: "take back a write that fails, or say HOLDFAST_APPLIED_UNKNOWN")
                return true
            }
            let found = try client.get(path)?.pattern
            try require(
                found == pattern,
                "\(when), put of \(path) succeeds, but get finds"
                    + " \(found.map { "the \($0.count) bytes of write \($0.id)" } ?? "no object")",
                do: "look at what write and fsync return; a failed one is a failed put")
        }
        try expectKept(run, when, size)
        run.note = "64 objects of \(size) bytes \(when) met no failure"
        return false
    }

    /// Fails the check when another process does not find what ``fill(_:_:_:)`` wrote at the end.
    private static func expectKept(_ run: CheckRun, _ when: String, _ size: Int) throws {
        try run.close(try run.bench().store)
        let found = try Client(try run.peer()).get("full/63")?.pattern
        try require(
            found == Pattern(id: 1063, count: size),
            "\(when), 64 objects of \(size) bytes are acknowledged, and another process does not"
                + " find the last of them",
            do: "look at what write and fsync return; a failed one is a failed put")
    }

    private static func worksAgain(_ run: CheckRun, _ old: Pattern, _ when: String) throws {
        let new = Pattern(id: 9, count: 5000)
        do { try Client(try run.bench()).put("afterwards", new) } catch let failure as DriverFailure
        {
            try require(
                failure.retry == .reopen, "\(when), put answers \"\(failure)\"",
                do: "go on, or say HOLDFAST_RETRY_REOPEN where the store must be opened anew")
            try run.close(try run.bench().store)
            try Client(try run.bench()).put("afterwards", new)
        }
        try run.close(try run.bench().store)
        let bench = try run.bench()
        let client = try run.isExclusive() ? Client(bench) : Client(try run.peer())
        for path in ["old", "afterwards"] {
            let found = try client.get(path)?.pattern
            try require(
                found != nil && (path == "old" || found == new),
                "\(when) and another open, \(path) is not there", do: "lose nothing to a full disk")
        }
    }

    private static func largestFile(in folder: String) -> Int {
        var status = stat()
        guard unsafe lstat(folder, &status) == 0 else { return 0 }
        guard status.st_mode & S_IFMT == S_IFDIR else { return Int(status.st_size) }
        return names(in: folder).map { largestFile(in: "\(folder)/\($0)") }.max() ?? 0
    }

    // MARK: - Disks

    static func diskFull(_ run: CheckRun) throws {
        // Before the driver can start a thread: a name space of mounts is a process's own.
        guard MountSpace.make() else { return run.note = MountSpace.note }
        guard try hasFiles(run) else { return }
        try MountSpace.mount(at: run.folder, bytes: 24 << 20)
        let old = Pattern(id: 1, count: 1000)
        try run.bench().put("old", old.bytes)
        let ballast = "\(run.folder)/ballast"
        try writeBallast(ballast, leaving: 400_000, of: run.folder)
        let failed = try fill(run, "on a disk with 400 kB left", old)
        _ = unsafe unlink(ballast)
        guard failed else { return }
        try worksAgain(run, old, "after the disk had space again")
    }

    private static func writeBallast(
        _ path: String, leaving rest: Int, of folder: String
    ) throws(CheckFailure) {
        var space = statvfs()
        _ = unsafe statvfs(folder, &space)
        let free = Int(space.f_bavail) * Int(space.f_bsize) - rest
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { _ = close(file) }
        let piece = [UInt8](repeating: 1, count: 65536)
        for _ in 0..<max(0, free / piece.count) {
            try require(writeAll(piece, to: file), "the kit cannot fill its disk: \(systemError())")
        }
    }

    static func readOnly(_ run: CheckRun) throws {
        let isMounted = MountSpace.make()
        // Modes do not bind root.
        guard isMounted || geteuid() != 0 else { return run.note = MountSpace.note }
        guard try hasFiles(run) else { return }
        if isMounted { try MountSpace.mount(at: run.folder, bytes: 24 << 20) }
        let old = Pattern(id: 1, count: 1000)
        // A file that is still open for writing would keep the disk writable.
        let peer = try run.peer()
        try Client(peer).put("old", old)
        peer.finish()
        var modes: [(path: String, mode: mode_t)] = []
        if isMounted {
            try MountSpace.makeReadOnly(run.folder)
        } else {
            takeModes(run.folder, &modes)
        }
        defer { for (path, mode) in modes { _ = unsafe chmod(path, mode) } }
        try useReadOnly(run, old)
        if isMounted { try MountSpace.makeWritable(run.folder) }
        for (path, mode) in modes { _ = unsafe chmod(path, mode) }
        try worksAgain(run, old, "after the disk could be written again")
    }

    /// Lets nothing below a folder be written, and remembers what its modes were, folders first.
    private static func takeModes(_ path: String, _ modes: inout [(path: String, mode: mode_t)]) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFLNK else { return }
        modes.append((path, status.st_mode & 0o7777))
        for name in names(in: path) { takeModes("\(path)/\(name)", &modes) }
        _ = unsafe chmod(path, status.st_mode & 0o7555)
    }

    /// A disk that cannot be written may be read or refused, in words that fit.
    private static func useReadOnly(_ run: CheckRun, _ old: Pattern) throws {
        let when = "on a disk that cannot be written"
        let opened: Bench
        do { opened = try run.openBench() } catch let failure as DriverFailure {
            try require(
                [.forbidden, .io, .unavailable, .unsupported, .invalid].contains(failure.code)
                    && !failure.message.isEmpty,
                "\(when), open answers \"\(failure)\"", do: "say that the place cannot be written")
            return
        }
        let failure = try failure(
            { try opened.put("new", Pattern(id: 2).bytes) }, orFound: "\(when), put succeeds",
            do: "look at what write and fsync return")
        try require(
            [.forbidden, .io, .unavailable, .unsupported, .full].contains(failure.code)
                && failure.applied == .no,
            "\(when), put answers \"\(failure)\", applied \(failure.applied)",
            do: "answer HOLDFAST_FORBIDDEN or HOLDFAST_IO, applied \"no\"")
        let found = try Client(opened).get("old")?.pattern
        try require(found == old, "\(when), a store that opens does not give what it holds")
        try run.close(opened.store)
    }
}
