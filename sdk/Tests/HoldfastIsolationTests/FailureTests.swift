import Glibc
import HoldfastIsolation
import HoldfastLoader
import SDKTestSupport
import Testing

@Suite("When a driver's process fails") struct FailureTests {
    private static let after100s = RestartPolicy(first: .seconds(100), greatest: .seconds(100))

    private func failure(_ body: () throws -> Void) throws -> DriverFailure {
        try #require(throws: DriverFailure.self) { try body() }
    }

    @Test("a crash in a write leaves it unknown, and the next call has a new process")
    func crashInPut() throws {
        let isolated = try Isolated.shelf("CRASHES_IN_PUT")
        let store = try isolated.store()
        let failure = try failure { try store.write("x", [1]) }
        #expect((failure.code, failure.applied) == (.unavailable, .unknown))
        #expect(failure.retry == .same(afterNanoseconds: 0))
        for part in ["shelf", "signal 11 (SIGSEGV)", "put", "a new one will be started"] {
            #expect(failure.message.contains(part), "\(failure.message)")
        }
        #expect(isolated.record.ends == [.closed, .signal(SIGSEGV)])
        #expect(isolated.record.callsInFlight == [0, 1])
        #expect(try self.failure { _ = try store.head(key("x"), CallContext()) }.code == .notFound)
        #expect(isolated.record.started.count == 3)
        try store.close(CallContext())
        #expect(isolated.record.ends.last == .closed)
    }

    @Test("a crash in open is that opening's failure") func crashInOpen() throws {
        let isolated = try Isolated.shelf("CRASHES_IN_OPEN")
        for _ in 0..<2 {
            let failure = try failure { _ = try isolated.store() }
            #expect(failure.code == .unavailable && failure.message.contains("SIGSEGV"))
        }
        #expect(isolated.record.ends == [.closed, .signal(SIGSEGV), .signal(SIGSEGV)])
    }

    @Test("a call that stays past its deadline is ended with its process") func overstay() throws {
        let isolated = try Isolated.shelf("HANGS_IN_HEAD")
        let store = try isolated.store()
        try store.write("x", [1])
        let soon = CallContext.monotonicNanoseconds() + 20_000_000
        let failure = try failure {
            _ = try store.head(key("x"), CallContext(deadlineNanoseconds: soon))
        }
        #expect((failure.code, failure.applied) == (.deadline, .no))
        #expect(failure.message.contains("stayed more than 500 ms"))
        #expect(isolated.record.ends.last == .overstayed)
        // The next process finds what was stored.
        #expect(try store.read("x") == [1])
    }

    @Test("a cancelled call that stays is ended as well") func cancelled() throws {
        let isolated = try Isolated.shelf("HANGS_IN_HEAD")
        let store = try isolated.store()
        try store.write("x", [1])
        let context = CallContext()
        // A task would wait for a thread that these tests block.
        let thread = Later { context.cancel() }
        defer { thread.join() }
        #expect(try failure { _ = try store.head(key("x"), context) }.code == .deadline)
        #expect(isolated.record.ends.last == .overstayed)
    }

    @Test("within the delay nothing is started, and the caller hears how long it is")
    func backOff() throws {
        let isolated = try Isolated.shelf("CRASHES_IN_PUT", restart: Self.after100s)
        let store = try isolated.store()
        _ = try failure { try store.write("x", [1]) }
        let refused = try failure { try store.write("x", [1]) }
        #expect((refused.code, refused.applied) == (.unavailable, .no))
        guard case .same(let wait) = refused.retry else {
            Issue.record("\(refused.retry)")
            return
        }
        #expect((50_000_000_000...100_000_000_000).contains(wait))
        #expect(refused.message.contains("ended by signal 11"))
        #expect(isolated.record.started.count == 2)
        try store.close(CallContext())
    }

    @Test("delays double up to the greatest") func delays() {
        let policy = RestartPolicy(first: .milliseconds(100), greatest: .seconds(1))
        let delays = (1...6).map { policy.delay(afterEnds: $0) / 1_000_000 }
        #expect(delays == [100, 200, 400, 800, 1000, 1000])
        #expect(policy.delay(afterEnds: .max) == 1_000_000_000)
    }

    @Test("who may refuse a start is asked before each, and its reason comes out") func mayStart()
        throws
    {
        let isolated = try Isolated.shelf("CRASHES_IN_PUT")
        let store = try isolated.store()
        isolated.record.refusal = "it crashed too often"
        _ = try failure { try store.write("x", [1]) }
        let refused = try failure { _ = try store.head(key("x"), CallContext()) }
        #expect(refused.code == .unavailable && refused.message.contains("it crashed too often"))
        #expect(
            try failure { _ = try isolated.store() }.message.contains("it crashed too often"))
        #expect(isolated.record.started.count == 2)
    }

    @Test("a path too long for a message is refused at once, and is no crash") func longPath()
        throws
    {
        let isolated = try Isolated.shelf("NOTHING")
        let path = "/tmp/" + String(repeating: "a", count: 1 << 20)
        let place = OptionValue(name: "place", type: .path, value: .text(path))
        #expect(try failure { _ = try isolated.store([place]) }.code == .invalid)
        #expect(isolated.record.ends.allSatisfy { $0 == .closed })
    }

    @Test("a crash costs the calls of one store alone") func twoStores() throws {
        let isolated = try Isolated.shelf("CRASHES_IN_PUT")
        let (first, second) = (try isolated.store(), try isolated.store())
        let pids = Set(isolated.record.started)
        #expect(pids.count == 3)
        _ = try failure { try first.write("x", [1]) }
        #expect(try failure { _ = try second.head(key("x"), CallContext()) }.code == .notFound)
        #expect(isolated.record.started.count == 3)
        #expect(isolated.record.ends == [.closed, .signal(SIGSEGV)])
    }

    @Test("a store that had to exist is not made when it is opened again") func mustExist() throws {
        let isolated = try Isolated.shelf("CRASHES_IN_PUT")
        let place = OptionValue(name: "place", type: .string, value: .text("kept"))
        // In memory, a new process has no store of that name.
        #expect(
            try failure { _ = try isolated.driver.open([place], mustExist: true, CallContext()) }
                .code == .notFound)
    }

    @Test("a program that is not there is a loader's error") func noProgram() throws {
        let fixture = try DriverFixture()
        let error = #expect(throws: LoaderError.self) {
            _ = try LoadedDriver.isolated(
                CandidateLibrary(folder: fixture.folder),
                host: HostIdentity(name: "tests", version: "1"),
                settings: IsolationSettings(executable: "/nonexistent/holdfast-driver-host"))
        }
        #expect(error?.code == .process && error?.path == "/nonexistent/holdfast-driver-host")
    }

    @Test("a driver that crashes while it is loaded is a loader's error") func crashInLoading()
        throws
    {
        let fixture = try DriverFixture(["WILD_TABLE=64"])
        let error = #expect(throws: LoaderError.self) { _ = try Isolated(fixture) }
        #expect(error?.code == .table)
    }

    @Test(
        "large values go both ways in pieces", arguments: [0, 262_143, 262_144, 262_145, 9_000_000])
    func largeValues(_ size: Int) throws {
        let store = try Isolated.shelf("NOTHING").store()
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 12) }
        for length in [UInt64?.some(UInt64(size)), nil] {
            #expect(try store.write("x", bytes, length: .some(length)).byteCount == UInt64(size))
            #expect(try store.read("x") == bytes)
        }
    }

    @Test("many calls at once each get their own bytes") func concurrency() async throws {
        let store = try Isolated.shelf("NOTHING").store()
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<8 {
                group.addTask {
                    let bytes = [UInt8](repeating: UInt8(task), count: 300_000 + task)
                    return (0..<10).allSatisfy { turn in
                        (try? store.write("\(task)", bytes)) != nil
                            && (try? store.read("\(task)")) == bytes
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
