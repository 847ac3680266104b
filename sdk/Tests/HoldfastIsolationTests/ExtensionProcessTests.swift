import Glibc
import HoldfastIsolation
import HoldfastLoader
import SDKTestSupport
import Synchronization
import Testing

/// What only a process adds to ``ExtensionCallTests``, which run here as well.
@Suite("Commits and watches in a process") struct ExtensionProcessTests {
    private func failure(_ body: () throws -> Void) throws -> DriverFailure {
        try #require(throws: DriverFailure.self) { try body() }
    }

    @Test("a crash in a commit leaves it unknown") func crash() throws {
        let isolated = try Isolated()
        let store = try isolated.store()
        let failed = try failure {
            let change = Change(key("bad/crashes"), .put(length: 0))
            _ = try store.commit([change], CallContext()) { _, _ in 0 }
        }
        #expect((failed.code, failed.applied) == (.unavailable, .unknown))
        #expect(failed.retry == .same(afterNanoseconds: 0))
        for part in ["commit", "memory", "signal 6", "a new one will be started"] {
            #expect(failed.message.contains(part), "\(failed.message)")
        }
    }

    @Test("a watch whose process ends is to be repeated, and misses nothing") func dies() throws {
        let isolated = try Isolated()
        let store = try isolated.store()
        var request = WatchRequest(collection: "terraform", workspace: "w")
        request.cursor = try store.watch(request, CallContext())
        let process = try #require(isolated.record.started.last)
        let failures = Mutex<[DriverFailure]>([])
        let threads = PlainThreads(1) { [request] _ in
            do throws(DriverFailure) {
                _ = try store.watch(request, CallContext())
            } catch {
                failures.withLock { $0.append(error) }
            }
        }
        usleep(20000)
        kill(process, SIGKILL)
        threads.join()
        let failed = try #require(failures.withLock { $0 }.first)
        #expect((failed.code, failed.applied) == (.unavailable, .no))
        #expect(failed.retry == .same(afterNanoseconds: 0))
        // The new process knows nothing of the cursor, and so may have missed anything.
        #expect(try store.watch(request, CallContext()) != request.cursor)
    }

    @Test("a change that is too long to pass is refused, and the process goes on") func tooLong()
        throws
    {
        let isolated = try Isolated()
        let store = try isolated.store()
        let long = String(repeating: "x", count: 4000)
        for place in [0, 300] {
            var changes = (0..<301).map {
                Change(key("p\($0)/" + String(repeating: "y", count: 190)), .remove)
            }
            changes[place].key.path = long
            let failed = try failure { _ = try store.commit(changes, CallContext()) { _, _ in 0 } }
            #expect(failed.code == .invalid && failed.applied == .no, "\(failed)")
        }
        try store.write("x", [1])
        #expect(isolated.record.ends == [.closed])
    }
}
