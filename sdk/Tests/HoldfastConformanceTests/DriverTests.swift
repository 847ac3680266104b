import Glibc
import HoldfastConformance
import SDKTestSupport
import Testing

@Suite("Verdicts") struct DriverTests {
    @Test("a driver that keeps the interface passes every check") func good() throws {
        let kit = try Kit()
        let results = kit.run.run(CheckTable.checks)
        #expect(results.count == CheckTable.checks.count)
        for result in results {
            guard case .pass = result.verdict else {
                Issue.record("\(result.check.id): \(result.verdict) \(result.errorOutput)")
                continue
            }
        }
    }

    @Test("a missing capability that is refused is not a failure") func refused() throws {
        let kit = try Kit(["LEVEL_OF_VERSION=0", "REFUSES_VERSIONS"])
        let refused = [
            "condition.version-matches", "condition.version-stale", "condition.version-of-absent",
            "condition.checked-at-end", "condition.remove-matches", "condition.remove-stale",
            "condition.remove-absent", "condition.versions-return",
        ]
        for result in kit.results(refused) {
            #expect(
                result.verdict == .refused(capability: "condition.version"), "\(result.check.id)")
        }
        #expect(try kit.verdict("condition.absent-refused") == .pass(note: ""))
    }

    @Test("a missing capability that works all the same is a failure") func undeclared() throws {
        let found = try failure(["LEVEL_OF_VERSION=0"], "condition.version-matches")
        #expect(found.contains("does not report condition.version"), "\(found)")
    }

    @Test("a capability that is refused although it is declared is a failure") func overdeclared()
        throws
    {
        let found = try failure(["REFUSES_VERSIONS"], "condition.version-matches")
        #expect(found.contains("unsupported"), "\(found)")
    }

    @Test(
        "a broken driver fails the check that names its defect",
        arguments: [
            ("IGNORES_CONDITIONS", "condition.absent-refused", "succeeds"),
            ("IGNORES_CONDITIONS", "condition.version-stale", "succeeds"),
            ("CHECKS_EARLY", "condition.checked-at-end", "succeeds"),
            ("NEXT_VERSION(m)=(m)->count", "condition.new-versions", "of an earlier one"),
            ("REMOVES_FIRST", "data.put-whole", "gives nothing"),
            ("REMOVES_FIRST", "data.source-fails-over", "not found"),
            ("KEEPS_HALF", "data.source-fails", "answers success"),
            ("KEEPS_HALF", "data.source-short", "answers success"),
            ("IGNORES_DEADLINES", "deadline.while-writing", "reads its source for ever"),
            ("CHANGES_FOLDER", "lifecycle.process-state", "the working directory from"),
            ("LOSES_FILES", "lifecycle.descriptors", "open files"),
            ("ACCEPTS_FLAGS", "options.unknown-flags", "answers success"),
            ("TELLS_SECRET", "secrets.options", "appears in an event"),
            ("LISTS_TWICE", "list.pages", "do not ascend"),
            ("ACCEPTS_DRAFTS", "negotiation.draft-refused", "answers 0 to an offer of draft"),
            ("EXITS_IN_REMOVE", "data.remove", "ended with status 0 in the middle"),
            ("REPORTS_OTHER_CLASS", "error.report", "returns -16 and reports -11"),
            ("NO_NOTE", "binary.note", "no Holdfast note"),
            ("EXTRA_EXPORT", "binary.exports", "helper_of_the_driver"),
            (
                "ADD_CODE={{\"i64,text\",8},7,NULL}", "operations.declared",
                "but that of its signature"
            ),
            ("INVOKES_SWAPPED", "operations.canary", "the canary by invoke answers 0"),
            ("CANARY=SWAPPED_CANARY", "operations.canary", "the way that the host calls it"),
            ("TAKES_ANY_TYPES", "operations.types", "answers 0 to arguments of the types"),
            ("TAKES_ANY_ID", "operations.unknown", "unknown operation \"\" answers"),
            ("TABLE_THREADS=2000", "negotiation.loads", "per-store"),
            ("CUTS_DESCRIPTION", "lifecycle.describe-valid", "the descriptor is wrong: it is not"),
            ("CUTS_DESCRIPTION", "data.head", "the descriptor is wrong: it is not JSON"),
            ("CUTS_DESCRIPTION", "error.reported", "the descriptor is wrong: it is not JSON"),
        ])
    func broken(_ define: String, _ id: String, _ words: String) throws {
        let found = try failure([define], id)
        #expect(found.contains(words), "\(found)")
    }

    @Test("a check that crashes says by which signal") func crash() throws {
        #expect(try Kit(["CRASHES_IN_REMOVE"]).verdict("data.remove") == .crash(signal: 6))
    }

    @Test("a check that does not end is ended") func hang() throws {
        let kit = try Kit(["HANGS_IN_PING"])
        #expect(try kit.verdict("clock.reported", seconds: 1) == .hang(seconds: 1))
    }

    @Test("what is printed during another check is the failure of the check for silence")
    func output() throws {
        let results = try Kit(["PRINTS"]).results(["data.remove"])
        #expect(results.map(\.check.id) == ["data.remove", "lifecycle.quiet"])
        #expect(results[0].verdict == .pass(note: "") && results[0].output.hasPrefix("removing\n"))
        guard case .fail(let failure) = results[1].verdict else {
            Issue.record("\(results[1].verdict)")
            return
        }
        #expect(failure.found.contains("standard output"), "\(failure)")
    }

    @Test(
        "files that the loader would refuse fail the check of their defect",
        arguments: [
            ("binary.linking", ["-Wl,-z,execstack"]), ("binary.linking", ["-Wl,-rpath,/tmp"]),
            ("binary.linking", ["-Wl,-z,norelro"]), ("binary.linking", ["-Wl,-z,lazy"]),
            ("binary.needed", ["-Wl,--no-as-needed", "-lresolv"]),
        ] as [(String, [String])])
    func linked(_ id: String, _ flags: [String]) throws {
        try expectFailure(id, try DriverFixture([], flags: flags))
    }

    @Test("files that are damaged, or open to others, fail the check of their defect")
    func files() throws {
        let open = try DriverFixture()
        #expect(chmod(open.library, 0o666) == 0)
        try expectFailure("binary.files", open)
        let cut = try DriverFixture()
        try write(Array(try contents(cut.library).prefix(1000)), to: cut.library)
        try expectFailure("binary.library", cut)
        try expectFailure("binary.manifest", try DriverFixture(manifest: "manifest_version = 1\n"))
    }

    private func expectFailure(_ id: String, _ fixture: DriverFixture) throws {
        let check = try #require(CheckTable.checks.first { $0.id == id })
        let run = ConformanceRun(
            program: Kit.program, driverFolder: fixture.folder, seed: Kit.seed)
        guard case .fail = run.run(check).verdict else {
            Issue.record("\(id): \(run.run(check).verdict)")
            return
        }
    }

    private func failure(_ defines: [String], _ id: String) throws -> String {
        let verdict = try Kit(defines).verdict(id)
        guard case .fail(let failure) = verdict else {
            Issue.record("\(id): \(verdict)")
            return ""
        }
        return failure.found
    }
}
