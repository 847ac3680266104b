import SDKTestSupport
import Testing

@testable import HoldfastConformance

@Suite("holdfast-conformance") struct ProgramTests {
    @Test("a good driver ends with 0, a bad one with 1, a wrong command line with 2") func codes()
        throws
    {
        let good = try Kit().fixture
        let chosen = ["--only", "data.remove,clock.reported", "--seed", "7"]
        let passed = try Output([good.folder] + chosen)
        #expect(passed.status == 0, "\(passed.text)")
        #expect(passed.text.contains("2 checks: 2 pass, 0 refused, 0 fail"))
        #expect(passed.text.contains("seed 7"))
        let bad = try Kit(["CRASHES_IN_REMOVE"])
        let failed = try Output([bad.fixture.folder] + chosen)
        #expect(failed.status == 1)
        #expect(failed.text.contains("found: the process was ended by SIGABRT"))
        #expect(failed.text.contains("again: --seed 7 --only data.remove\n"))
    }

    @Test(
        "a wrong command line says what is wrong and runs nothing",
        arguments: [
            ([], "folder is missing"), (["/nonexistent"], "/nonexistent: No such file"),
            (["/tmp", "--only", "data.nothing"], "no check or group data.nothing"),
            (["/tmp", "--profile", "all"], "no profile all"), (["/tmp", "/"], "more than one"),
            (["/tmp", "--seed", "x"], "--seed needs a whole number"),
            (["/tmp", "--wrong"], "unknown option --wrong"), (["/tmp", "--only"], "needs a value"),
            (["/tmp", "--deadline", "0"], "--deadline needs whole seconds"),
            (["/tmp", "--options", "/nonexistent"], "/nonexistent: No such file"),
            (["/tmp", "--profile", "clock", "--only", "data"], "no check is left"),
        ] as [([String], String)])
    func usage(_ arguments: [String], _ words: String) throws {
        let output = try Output(arguments)
        #expect(output.status == 2)
        #expect(output.text.contains(words), "\(output.text)")
    }

    @Test("--list shows the chosen checks") func list() throws {
        let output = try Output(["--list", "--only", "clock"])
        let lines = output.text.split(separator: "\n")
        #expect(output.status == 0 && lines.count == 5)
        #expect(lines.first?.hasPrefix("clock.reported  [clock]  ping reports a clock") == true)
    }

    @Test("the JSON document names each check and its verdict") func json() throws {
        let kit = try Kit(["CRASHES_IN_REMOVE"])
        let output = try Output([
            kit.fixture.folder, "--only", "data.remove,data.head", "--json", "--seed", "9",
        ])
        let root = try #require(try JSONValue(Array(output.text.utf8)).members)
        #expect(root["format"]?.integer == 1 && root["seed"]?.text == "9")
        #expect(root["driver"]?.members?["id"]?.text == "memory")
        #expect(root["summary"]?.members?["crash"]?.integer == 1)
        let checks = try #require(root["checks"]?.elements).compactMap(\.members)
        #expect(checks.map { $0["id"]?.text } == ["data.head", "data.remove"])
        #expect(checks.map { $0["verdict"]?.text } == ["pass", "crash"])
        #expect(checks.last?["signal"]?.integer == 6)
    }

    @Test("the JSON document says what the driver can do, and counts by group") func survey() throws
    {
        let kit = try Kit()
        let output = try Output([kit.fixture.folder, "--only", "data.head,clock.boot", "--json"])
        let root = try #require(try JSONValue(Array(output.text.utf8)).members)
        let driver = try #require(root["driver"]?.members)
        #expect(driver["threads"]?.text == "parallel")
        let value = driver["capabilities"]?.elements?.compactMap(\.members).first {
            $0["id"]?.text == "value"
        }
        #expect(value?["level"]?.integer == 10 && value?["limit"]?.integer == 1 << 20)
        let groups = try #require(root["groups"]?.elements).compactMap(\.members)
        #expect(groups.map { $0["name"]?.text } == ["data", "clock"])
        #expect(groups.allSatisfy { $0["pass"]?.integer == 1 && $0["fail"]?.integer == 0 })
    }

    @Test("the support table is the same at each run, and says what failed") func table() throws {
        let good = try Kit()
        let path = good.fixture.root + "/table"
        for seed in ["1", "2"] {
            let output = try Output([
                good.fixture.folder, "--only", "data.remove,clock.boot", "--table", path, "--seed",
                seed,
            ])
            #expect(output.status == 0)
            let lines = String(decoding: try contents(path), as: UTF8.self).split(separator: "\n")
            #expect(lines.count == 3 && lines[0].hasPrefix("| driver | version | conditions |"))
            let row =
                "| `memory` | 1.2.3 | native | native | native | native | native, 1000 changes | native"
                + " | 1 MiB | any number | in one process, and is gone with it | 2 of 2 |"
            #expect(lines.last.map(String.init) == row)
        }
        let bad = try Kit(["CRASHES_IN_REMOVE"])
        let output = try Output([
            bad.fixture.folder, "--only", "data.remove,clock.boot", "--table", path,
        ])
        #expect(output.status == 1)
        let text = String(decoding: try contents(path), as: UTF8.self)
        #expect(text.hasSuffix("| 1 of 2, fails data |\n"), "\(text)")
    }

    @Test("--deadline ends a check that takes longer, and --large adds the large ones")
    func limits() throws {
        let hangs = try Kit(["HANGS_IN_PING"]).fixture
        let output = try Output([hangs.folder, "--only", "clock.boot", "--deadline", "1"])
        #expect(output.status == 1 && output.text.contains("it had not ended after 1 s"))
        #expect(try !Output(["--list"]).text.contains("data.huge"))
        #expect(try Output(["--list", "--large"]).text.contains("data.huge  [large]"))
    }

    @Test("the JUnit document counts and escapes") func junit() throws {
        let kit = try Kit(["KEEPS_HALF"])
        let path = kit.fixture.root + "/junit.xml"
        let output = try Output([
            kit.fixture.folder, "--only", "data.source-short,data.head", "--junit", path,
        ])
        #expect(output.status == 1)
        let text = String(decoding: try contents(path), as: UTF8.self)
        #expect(text.contains("<testsuite name=\"data\" tests=\"2\" failures=\"1\" errors=\"0\""))
        #expect(text.contains("<failure message=\"put from a source of 0 bytes that says 1"))
        #expect(text.hasSuffix("</testsuites>\n"))
    }

    @Test("an options file reaches the driver, and a wrong one is refused") func options() throws {
        let fixture = try Kit().fixture
        let path = fixture.root + "/options"
        try write(Array("# a comment\nname = other\ntoken = x y\n".utf8), to: path)
        let chosen = ["--only", "lifecycle.start-stop", "--options", path]
        #expect(try Output([fixture.folder] + chosen).status == 0)
        try write(Array("nmae = other\n".utf8), to: path)
        let unknown = try Output([fixture.folder] + chosen)
        #expect(unknown.status == 1 && unknown.text.contains("gives nmae"), "\(unknown.text)")
        try write(Array("name\n".utf8), to: path)
        let wrong = try Output([fixture.folder] + chosen)
        #expect(wrong.status == 2 && wrong.text.contains("options:1: is not"), "\(wrong.text)")
    }

    @Test("ids are unique, and the profile's name and the group's are words") func ids() {
        let ids = CheckTable.checks.map(\.id)
        #expect(Set(ids).count == ids.count)
        for check in CheckTable.checks {
            #expect(check.id.split(separator: ".").count == 2, "\(check.id)")
            #expect(!check.title.hasSuffix(".") && !check.title.isEmpty, "\(check.id)")
        }
    }
}
