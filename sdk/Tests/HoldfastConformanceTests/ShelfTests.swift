import Glibc
import HoldfastConformance
import SDKTestSupport
import Testing

/// The shelf of broken drivers in `Tests/Broken`: each must fail the check that its line names, which the
/// correct driver passes.
@Suite("The shelf of broken drivers") struct ShelfTests {
    /// A line of `shelf.txt`.
    struct Broken: Sendable, CustomTestStringConvertible {
        var name: String
        var define: String
        var check: String
        var sentence: String

        var testDescription: String { "\(name) (\(check))" }
    }

    private static let folder = "\(DriverFixture.sdk)/Tests/Broken"

    /// The lines of `shelf.txt`.
    static let shelf: [Broken] = {
        let text = (try? contents("\(folder)/shelf.txt")) ?? []
        return String(decoding: text, as: UTF8.self).split(separator: "\n").filter {
            !$0.hasPrefix("#")
        }.map { line in
            let cells = line.split(separator: "|").map { cell in
                String(
                    cell.trimmingPrefix(while: \.isWhitespace).reversed()
                        .trimmingPrefix(while: \.isWhitespace).reversed())
            }
            guard cells.count == 4 else {
                return Broken(name: String(line), define: "", check: "", sentence: "")
            }
            return Broken(name: cells[0], define: cells[1], check: cells[2], sentence: cells[3])
        }
    }()

    private static func build(
        _ define: String?, threads: String = "parallel"
    ) throws -> DriverFixture {
        let manifest = String(decoding: try contents("\(folder)/driver.toml"), as: UTF8.self)
            .replacing("threads = \"parallel\"", with: "threads = \"\(threads)\"")
        let fixture = try DriverFixture(manifest: manifest)
        try run(
            ["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"]
                + [
                    "-fvisibility=hidden", "-Wl,-z,now,-z,relro", "-I",
                    "\(DriverFixture.sdk)/include",
                ]
                + (define.map { ["-D\($0)"] } ?? [])
                + ["\(folder)/driver.c", "-o", fixture.library])
        return fixture
    }

    /// How a check ends with a driver.
    private static func verdict(_ driver: DriverFixture, _ id: String) throws -> Verdict {
        var check = try #require(CheckTable.checks.first { $0.id == id })
        // What hangs need not hang for a minute.
        if check.id == "data.head" { check.seconds = 5 }
        let run = ConformanceRun(
            program: Kit.program, driverFolder: driver.folder, seed: Kit.seed)
        return try #require(run.run([check]).first { $0.check.id == id }).verdict
    }

    @Test("every line is whole, every fault has one, and every check exists") func lines() throws {
        #expect(Self.shelf.count >= 25)
        for broken in Self.shelf {
            #expect(broken.define.hasPrefix("FAULT=") && !broken.sentence.isEmpty, "\(broken)")
            #expect(CheckTable.checks.contains { $0.id == broken.check }, "\(broken)")
        }
        let faults = try contents("\(Self.folder)/faults.h")
        let named = String(decoding: faults, as: UTF8.self).split(separator: "\n").compactMap {
            let words = $0.split(separator: " ")
            return words.count == 3 && words[0] == "#define" && words[2] != "0"
                && words[2] != "NOTHING" ? "FAULT=\(words[1])" : nil
        }
        #expect(Self.shelf.map(\.define) == named)
        #expect(Set(Self.shelf.map(\.name)).count == Self.shelf.count)
    }

    @Test("the correct driver passes every check") func correct() throws {
        let driver = try Self.build(nil)
        let run = ConformanceRun(
            program: Kit.program, driverFolder: driver.folder, seed: Kit.seed)
        for result in run.run(CheckTable.checks) {
            guard case .pass = result.verdict else {
                Issue.record("\(result.check.id): \(result.verdict) \(result.errorOutput)")
                continue
            }
        }
    }

    @Test("a driver that takes one call at a time gets one, and passes all that could disturb it")
    func serial() throws {
        let driver = try Self.build("ONE_CALL_AT_A_TIME", threads: "per-driver")
        let run = ConformanceRun(
            program: Kit.program, driverFolder: driver.folder, seed: Kit.seed)
        let names = ["lifecycle", "condition", "clock", "transaction", "history", "robustness"]
        let checks = CheckTable.checks.filter {
            names.contains($0.group) || $0.id == "data.put-whole"
        }
        for result in run.run(checks) {
            #expect(result.verdict == .pass(note: ""), "\(result.check.id)")
        }
    }

    @Test("each fails the check that its line names", arguments: shelf)
    func broken(_ broken: Broken) throws {
        let verdict = try Self.verdict(try Self.build(broken.define), broken.check)
        let isExpected =
            switch (broken.name, verdict) {
            // Without a privilege there is no disk to fill, and the check says so.
            case ("keeps-failed", .pass(let note)) where geteuid() != 0: note.contains("only root")
            case ("crashes-in-open", .crash(SIGSEGV)), ("crashes-in-put", .crash(SIGSEGV)),
                ("crashes-on-long", .crash(SIGSEGV)), ("assumes-stride", .crash),
                ("hangs-in-head", .hang), (_, .fail):
                true
            default: false
            }
        #expect(isExpected, "\(verdict)")
    }
}
