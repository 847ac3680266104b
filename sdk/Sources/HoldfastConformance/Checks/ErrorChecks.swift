internal import CHoldfast
internal import HoldfastLoader

// What a driver says of a failure, before the loader tidies it.

/// Checks of failures and their reports.
enum ErrorChecks {
    /// Calls that must fail, with their outcomes.
    private static func failures(
        _ run: CheckRun
    ) throws -> [(words: String, outcome: RawSession.Outcome)] {
        let session = try RawSession(run)
        let flags = session.open(flags: 1 << 31)
        let opened = session.open()
        try require(opened.status == HOLDFAST_OK, "open answers \(opened.words)")
        let good = session.put(.init(path: "good", bytes: [1], length: 1))
        try require(
            good.status == HOLDFAST_OK && good.report == nil,
            "put answers \(good.words) and calls fail \(good.report?.count ?? 0) times",
            do: "call fail only for a call that fails")
        let put = session.put(.init(path: "kind", bytes: [1], length: 1, condition: 99))
        let broken = session.put(.init(path: "broken", bytes: [1], isBroken: true))
        let get = session.get("nothing/there").outcome
        try session.finish()
        return [
            ("open with unknown flags", flags), ("put under an unknown condition", put),
            ("put from a broken source", broken), ("get of an absent object", get),
        ]
    }

    static func report(_ run: CheckRun) throws {
        for (words, outcome) in try failures(run) {
            guard let report = outcome.report else {
                throw CheckFailure(
                    "\(words) returns \(outcome.status) without a call of fail",
                    do: "call host->fail once before you return a negative status")
            }
            try require(
                report.status == outcome.status,
                "\(words) returns \(outcome.status) and reports \(report.status)",
                do: "report the status that the function returns")
            try require(report.count == 1, "\(words) calls fail \(report.count) times")
            try require(
                report.applied == HOLDFAST_APPLIED_NO,
                "\(words) reports applied \(report.applied)", do: "say HOLDFAST_APPLIED_NO")
            try require(
                report.retry <= HOLDFAST_RETRY_REOPEN,
                "\(words) reports the unknown retry \(report.retry)")
        }
    }

    /// Calls that fail in most stores, each in another way.
    private static func moreFailures(
        _ run: CheckRun
    ) throws -> [(words: String, outcome: RawSession.Outcome)] {
        let session = try RawSession(run)
        let existing = session.open(flags: HOLDFAST_OPEN_EXISTING)
        if !session.isOpen {
            let opened = session.open()
            try require(opened.status == HOLDFAST_OK, "open answers \(opened.words)")
        }
        let one = RawSession.Put(path: "there", bytes: [1], length: 1)
        let good = session.put(one)
        try require(good.status == HOLDFAST_OK, "put answers \(good.words)")
        var again = one
        again.condition = HOLDFAST_CONDITION_ABSENT
        var calls = [
            ("open of a store that must exist", existing),
            ("head of an absent object", session.head("not/there")),
            ("get of an absent object", session.get("not/there").outcome),
            ("put of an object that must be absent and is there", session.put(again)),
        ]
        RawHost.isCancelled = true
        calls += [
            ("a cancelled head", session.head("there")),
            ("a cancelled get", session.get("there").outcome),
            ("a cancelled put", session.put(one)),
            ("a cancelled list", session.list(limit: 10) { _ in HOLDFAST_OK }),
        ]
        RawHost.isCancelled = false
        try session.finish()
        return calls
    }

    static func reported(_ run: CheckRun) throws {
        for (words, outcome) in try moreFailures(run) where outcome.status < 0 {
            guard let report = outcome.report else {
                throw CheckFailure(
                    "\(words) returns \(outcome.status) without a call of fail",
                    do: "call host->fail once before you return a negative status")
            }
            try require(
                report.status == outcome.status && report.count == 1,
                "\(words) returns \(outcome.status), reports \(report.status) and calls fail"
                    + " \(report.count) times",
                do: "call fail once, with the status that the function returns")
        }
    }

    static func retry(_ run: CheckRun) throws {
        for (words, outcome) in try failures(run) {
            guard let report = outcome.report else { continue }
            let isLasting = [HOLDFAST_UNSUPPORTED, HOLDFAST_INVALID, HOLDFAST_NOT_FOUND]
                .contains(report.status)
            try require(
                !isLasting || report.retry == HOLDFAST_RETRY_NEVER,
                "\(words) says that the same call may succeed later",
                do: "say HOLDFAST_RETRY_NEVER where nothing but another call helps")
        }
    }

    static func message(_ run: CheckRun) throws {
        for (words, outcome) in try failures(run) {
            let bytes = outcome.report?.messageBytes ?? []
            try require(
                (1...4096).contains(bytes.count),
                "\(words) gives a message of \(bytes.isEmpty ? "no" : "more than 4096") bytes",
                do: "say what failed, on what and why")
            try require(
                String(validating: bytes, as: UTF8.self) != nil
                    && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f },
                "\(words) gives a message that is not one line of UTF-8",
                do: "replace line breaks and other control characters")
        }
    }
}
