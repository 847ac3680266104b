import Glibc
import HoldfastIsolation
import HoldfastLoader
import SDKTestSupport
import Synchronization
import Testing

@Suite("What a driver's process may do") struct SandboxTests {
    private let isolated: Isolated
    private let store: OpenStore
    private static let outside = "\(DriverFixture.sdk)/Package.swift"

    init() throws {
        isolated = try Isolated(
            DriverFixture(["ESCAPES", "_GNU_SOURCE", "OUTSIDE=\"\(Self.outside)\""]))
        store = try isolated.store()
    }

    private func attempt(_ what: String) throws -> String {
        String(decoding: try store.read("bad/try-\(what)"), as: UTF8.self)
    }

    private func isActive(_ part: String) -> Bool {
        isolated.record.sandbox?.parts.contains { $0.name == part && $0.isActive } == true
    }

    @Test("the report names each part, and the first two always work") func report() throws {
        let report = try #require(isolated.record.sandbox)
        #expect(report.parts.map(\.name) == ["no-new-privs", "rlimits", "landlock", "seccomp"])
        #expect(report.parts[0].isActive && report.parts[1].isActive)
        #expect(report.parts.allSatisfy { $0.isActive || !$0.detail.isEmpty })
        print("sandbox: \(report)")
    }

    @Test("it starts no program and traces none") func systemCalls() throws {
        let isActive = isActive("seccomp")
        #expect(try attempt("ptrace") == "EPERM" || !isActive)
        #expect(try attempt("execve") == "EPERM" || !isActive)
    }

    @Test("it reads libraries, and no file that no option names") func files() throws {
        #expect(try attempt("libraries") == "done")
        #expect(try attempt("outside") == (isActive("landlock") ? "EACCES" : "done"))
    }

    @Test("it sees nothing of its host's environment, files and arguments") func surroundings()
        throws
    {
        setenv("HOLDFAST_TEST_SECRET", "swordfish", 1)
        let environment = try attempt("environment")
        #expect(environment.hasPrefix("TMPDIR=/") && !environment.contains("swordfish"))
        #expect(environment.filter { $0 == ";" }.count == 1)
        #expect(try attempt("cwd") == "/")
        #expect(try attempt("arguments") == "holdfast-driver-host memory")
        // Three standard ones, control, the library twice, the connection, the folder that is read,
        // and the two names "." and "..".
        #expect(try (Int(attempt("descriptors")) ?? 99) <= 10)
    }

    @Test("what it prints goes to the log, a line at a time") func output() throws {
        let lines = Mutex<[String]>([])
        DriverEvents.setHandler { _, message, _ in lines.withLock { $0.append(message) } }
        defer { DriverEvents.setHandler(nil) }
        #expect(try attempt("write") == "22")
        #expect(eventually { lines.withLock { $0.contains("standard error: to the log") } })
        #expect(!lines.withLock { $0.contains { $0.contains("nowhere") } })
    }

    @Test("an exit of the driver is an end of its process, not of the host") func exits() throws {
        let failure = try #require(throws: DriverFailure.self) { try attempt("exit") }
        #expect(failure.code == .unavailable && failure.message.contains("with status 7"))
        #expect(isolated.record.ends.last == .status(7))
        #expect(try attempt("cwd") == "/")
    }

    @Test("its host may leave the sandbox off, and the report says so") func off() throws {
        let open = try Isolated(isolated.fixture, isSandboxed: false)
        let store = try open.store()
        #expect(String(decoding: try store.read("bad/try-outside"), as: UTF8.self) == "done")
        #expect(open.record.sandbox?.parts.contains { $0.isActive } == false)
    }
}
