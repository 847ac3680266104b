internal import HoldfastLoader

// The file and its manifest, without running any of the library's code.

/// Checks of the driver's files.
enum BinaryChecks {
    /// Fails on the first problem of these kinds, and when the loader could not look so far.
    private static func expect(
        _ codes: [LoaderError.Code], isReached: Bool, _ run: CheckRun
    ) throws(CheckFailure) {
        let problems = run.inspection.problems
        if let problem = problems.first(where: { codes.contains($0.code) }) {
            throw CheckFailure("\(problem.path) \(problem.message)", do: problem.remedy)
        }
        if !isReached, let problem = problems.first {
            throw CheckFailure(
                "this could not be looked at: \(problem.path) \(problem.message)",
                do: problem.remedy)
        }
    }

    static func manifest(_ run: CheckRun) throws {
        try expect(
            [.manifest, .missing, .unreadable], isReached: run.inspection.manifest != nil, run)
    }

    static func files(_ run: CheckRun) throws {
        try expect(
            [.owner, .writable, .symbolicLink, .kind, .tooLarge],
            isReached: run.inspection.identity != nil, run)
    }

    static func library(_ run: CheckRun) throws {
        try expect([.malformed, .machine], isReached: run.inspection.image != nil, run)
    }

    static func note(_ run: CheckRun) throws {
        try expect([.note, .interface], isReached: run.inspection.image != nil, run)
    }

    static func exports(_ run: CheckRun) throws {
        try expect([.exports], isReached: run.inspection.image != nil, run)
    }

    static func needed(_ run: CheckRun) throws {
        try expect([.needed], isReached: run.inspection.image != nil, run)
    }

    static func linking(_ run: CheckRun) throws {
        try expect([.linking], isReached: run.inspection.image != nil, run)
    }
}
