import Glibc
import HoldfastIsolation
import HoldfastLoader
import SDKTestSupport
import Testing

/// A process that does not send what a driver's process would.
@Suite("When a driver's process lies") struct LiarTests {
    private func open(
        _ lie: String, _ fixture: DriverFixture
    ) throws -> (Isolated.Record, LoadedDriver) {
        let program = "\(fixture.root)/liar"
        try run(
            ["cc", "-std=gnu11", "-Wall", "-Werror", "-Wno-switch", "-O1"]
                + ["-DLIE=\(lie)", "\(DriverFixture.sdk)/Tests/Fixtures/liar.c", "-o", program])
        let record = Isolated.Record()
        let driver = try LoadedDriver.isolated(
            CandidateLibrary(folder: fixture.folder),
            host: HostIdentity(name: "tests", version: "1"),
            settings: IsolationSettings(
                executable: program, restart: RestartPolicy(first: .zero, greatest: .zero),
                onEvent: { record.add($0) }))
        try driver.start(CallContext())
        return (record, driver)
    }

    @Test(
        "nothing is loaded after a wrong introduction",
        arguments: [
            ("NO_WELCOME", LoaderError.Code.process), ("GARBAGE_WELCOME", .process),
            ("OTHER_ID", .table), ("OTHER_MODEL", .table), ("OTHER_VERSION", .process),
        ])
    func loading(_ lie: String, _ code: LoaderError.Code) throws {
        let fixture = try DriverFixture()
        let error = #expect(throws: LoaderError.self) { _ = try open(lie, fixture) }
        #expect(error?.code == code, "\(String(describing: error))")
    }

    @Test(
        "a wrong answer ends the process and is nobody's result",
        arguments: [
            "GARBAGE", "TOO_MANY_BYTES", "UNKNOWN_STATUS", "NO_REASON", "CREDIT", "OUT_OF_PLACE",
            "CLOSES", "STOPPED", "INFO_IN_PING", "HALF_A_FRAME", "LONG_FRAME", "TWO_WELCOMES",
            "OPERATION_IN_PING",
        ])
    func calling(_ lie: String) throws {
        let fixture = try DriverFixture()
        let (record, driver) = try open(lie, fixture)
        let store = try driver.open([], CallContext())
        let failure = try #require(throws: DriverFailure.self) { try store.ping(CallContext()) }
        #expect(failure.code == .unavailable, "\(failure)")
        guard case .protocolError(let what)? = record.ends.last else {
            Issue.record("\(record.ends)")
            return
        }
        #expect(failure.message.contains(what))
        // In a put, information is what the call waits for.
        guard lie != "INFO_IN_PING" else { return }
        // The program's folder is removed when nobody needs it any more.
        defer { withExtendedLifetime(fixture) {} }
        let write = try #require(throws: DriverFailure.self) { try store.write("x", [1]) }
        #expect((write.code, write.applied) == (.unavailable, .unknown), "\(write)")
    }

    @Test(
        "operations that cannot be are not there, and a host hears why",
        arguments: [
            ("PARAMETERS_FIRST", DriverFailure.Code.unavailable, "more operations or parameters"),
            ("TOO_MANY_OPERATIONS", .unavailable, "more operations or parameters"),
            ("WILD_OPERATION", .internalError, "other.x, whose id is not memory.<name>"),
        ])
    func declaring(_ lie: String, _ code: DriverFailure.Code, _ words: String) throws {
        let fixture = try DriverFixture()
        defer { withExtendedLifetime(fixture) {} }
        let (_, driver) = try open(lie, fixture)
        for _ in 0..<2 {
            let failure = try #require(throws: DriverFailure.self) { _ = try driver.operations() }
            #expect(failure.code == code && failure.message.contains(words), "\(failure)")
        }
    }
}
