import Glibc
import HoldfastLoader
import SDKTestSupport
import Testing

/// The shelf of broken drivers in `Tests/Broken`: each must misbehave as its line says, in front of
/// nothing but a small probe, so that what tests drivers can be tested with it.
@Suite("The shelf of broken drivers", .serialized) struct ShelfTests {
    /// A line of `shelf.txt`.
    struct Broken: Sendable, CustomTestStringConvertible {
        var name: String
        var define: String
        var check: String
        var sentence: String

        var testDescription: String { "\(name) (\(check))" }
    }

    private static let folder = "\(DriverFixture.sdk)/Tests/Broken"
    private static let groups: Set<Substring> = [
        "binary", "negotiation", "lifecycle", "data", "condition", "list", "deadline", "options",
        "secret", "clock", "history", "robust", "error", "operations",
    ]

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

    /// What each test needs, built once.
    private struct Tools {
        /// Keeps the folder of the probe.
        var fixture: DriverFixture
        var probe: String
        /// The driver without a fault.
        var correct: DriverFixture
    }

    private static let tools = Result {
        let fixture = try DriverFixture(manifest: DriverFixture.goodManifest)
        let probe = "\(fixture.root)/probe"
        try run(
            ["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-I"]
                + ["\(DriverFixture.sdk)/include", "\(folder)/probe.c", "-o", probe])
        return Tools(fixture: fixture, probe: probe, correct: try build(nil))
    }

    private static func build(_ define: String?) throws -> DriverFixture {
        let manifest = String(decoding: try contents("\(folder)/driver.toml"), as: UTF8.self)
        let fixture = try DriverFixture(manifest: manifest)
        try run(
            ["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O0", "-shared", "-fPIC"]
                + ["-fvisibility=hidden", "-I", "\(DriverFixture.sdk)/include"]
                + (define.map { ["-D\($0)"] } ?? [])
                + ["\(folder)/driver.c", "-o", fixture.library])
        return fixture
    }

    /// How the probe ended: its exit code, or 128 and the signal that ended it.
    private static func probe(_ driver: DriverFixture, _ check: String) throws -> Int32 {
        let probe = try tools.get().probe
        let command = "\"$0\" \"$1\" \"$2\" > /dev/null 2>&1"
        return try exitCode(of: ["sh", "-c", command, probe, driver.library, check])
    }

    @Test("every line is whole, and every fault has one") func lines() throws {
        #expect(Self.shelf.count >= 25)
        for broken in Self.shelf {
            let group = broken.check.prefix { $0 != "." }
            #expect(Self.groups.contains(group), "\(broken)")
            #expect(broken.define.hasPrefix("FAULT=") && !broken.sentence.isEmpty, "\(broken)")
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

    @Test("each misbehaves as its line says, and the correct one does not", arguments: shelf)
    func broken(_ broken: Broken) throws {
        let correct = try Self.tools.get().correct
        let driver = try Self.build(broken.define)
        guard !broken.check.hasPrefix("binary.") else {
            // The loader's own inspection answers for the file.
            #expect(LibraryInspection.inspect(folder: correct.folder).problems == [])
            let codes = LibraryInspection.inspect(folder: driver.folder).problems.map(\.code)
            #expect(codes.contains(broken.check == "binary.exports" ? .exports : .interface))
            return
        }
        #expect(try Self.probe(correct, broken.check) == 0)
        let expected: Int32 =
            switch broken.name {
            case "crashes-in-open", "crashes-in-put": 128 + SIGSEGV
            case "hangs-in-head": 128 + SIGALRM
            default: 1
            }
        #expect(try Self.probe(driver, broken.check) == expected)
    }
}

/// Runs a program to its end.
private func exitCode(of arguments: [String]) throws -> Int32 {
    var pid: pid_t = 0
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    guard posix_spawnp(&pid, arguments[0], nil, nil, &pointers, environ) == 0 else {
        throw TestFailure("cannot run \(arguments[0])")
    }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
}
