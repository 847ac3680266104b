import Glibc
import HoldfastConformance
import SDKTestSupport
import Testing

/// The kit over a driver that is built for one test.
struct Kit {
    let fixture: DriverFixture
    let run: ConformanceRun

    /// Builds the driver.
    ///
    /// - Parameter defines: Macros of `memory.c` and `spoiled.h`.
    /// - Throws: `TestFailure`.
    init(_ defines: [String] = []) throws {
        fixture = try DriverFixture(defines)
        run = ConformanceRun(
            program: Self.program, driverFolder: fixture.folder, seed: Self.seed)
    }

    /// The numbers of all tests; printed with each result by the kit itself.
    static let seed: UInt64 = 20_260_401

    /// The program, which lies beside the tests.
    static let program: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count)
        let own = String(
            decoding: path.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return own.split(separator: "/").dropLast().reduce(into: "") { $0 += "/" + $1 }
            + "/holdfast-conformance"
    }()

    /// Runs the checks with these ids.
    func results(_ ids: [String]) -> [CheckResult] {
        run.run(CheckTable.checks.filter { ids.contains($0.id) })
    }

    /// Runs one check.
    func verdict(_ id: String, seconds: Int? = nil) throws -> Verdict {
        var check = try #require(CheckTable.checks.first { $0.id == id })
        check.seconds = seconds ?? check.seconds
        return run.run(check).verdict
    }
}

/// What `holdfast-conformance` printed, and how it ended.
struct Output {
    let status: Int32
    let text: String

    /// Runs the program with its standard output and error in one file.
    init(_ arguments: [String]) throws {
        var template = Array("/tmp/holdfast-kit-tests-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw TestFailure("mkstemp: \(errno)") }
        defer {
            close(file)
            unlink(template)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, file, 1)
        posix_spawn_file_actions_adddup2(&actions, file, 2)
        var texts = ([Kit.program] + arguments).map { strdup($0) } + [nil]
        defer { texts.forEach { free($0) } }
        var id: pid_t = 0
        guard posix_spawn(&id, Kit.program, &actions, nil, &texts, environ) == 0 else {
            throw TestFailure("cannot run \(Kit.program)")
        }
        var ended: Int32 = 0
        while waitpid(id, &ended, 0) < 0 && errno == EINTR {}
        status = ended & 0x7f == 0 ? ended >> 8 & 0xff : -1
        text = String(decoding: try contents("/proc/self/fd/\(file)"), as: UTF8.self)
    }
}
