import Synchronization
import TestSupport
import Testing

@testable import Host

/// Watches: by the driver where it has them, by listings elsewhere.
@Suite struct WatchTests {
    private let memory = MemoryStore()
    private let scope = WatchScope(collection: "c", prefix: "a/")
    private let call = Call(timeout: .seconds(600))

    private func put(_ path: String, _ byte: UInt8 = 1, collection: String = "c") throws {
        _ = try memory.store().put(
            ObjectKey(collection: collection, path: path), [byte], condition: .none, call)
    }

    private func error(_ body: () throws -> Void) -> HostError? {
        do { try body() } catch { return error as? HostError }
        return nil
    }

    /// Does something instead of each pause, and notes how long the pause would have been.
    private func policy(
        _ act: @escaping @Sendable (Int) throws -> Void
    ) -> WatchPolicy {
        var policy = WatchPolicy()
        policy.pick = { 1 }
        policy.pause = { [pauses] duration, call throws(HostError) in
            let number = pauses.next(duration)
            do { try act(number) } catch { throw HostError(.cancelled, "\(error)") }
            try call.check()
        }
        return policy
    }

    private let pauses = Pauses()

    private final class Pauses: Sendable {
        let all = Mutex<[Duration]>([])

        func next(_ duration: Duration) -> Int {
            all.withLock { all in
                all.append(duration)
                return all.count
            }
        }
    }

    @Test func aChangeOfTheScopeEndsTheWatch() throws {
        let store = memory.store()
        try put("a/1")
        let first = try store.watch(scope, after: "", call)
        let second = try store.watch(
            scope, after: first, call,
            policy { [memory, call] number in
                // What is outside of the scope, then what is in it.
                let key = ObjectKey(collection: "c", path: number < 3 ? "b/1" : "a/1")
                _ = try memory.store().put(key, [1], condition: .none, call)
            })
        #expect(second != first)
        let seen = self.pauses.all.withLock { $0 }
        #expect(seen == [.milliseconds(500), .milliseconds(750), .milliseconds(1125)])
        // What changed while nobody watched is told at once, a removal too.
        try memory.store().remove(
            ObjectKey(collection: "c", path: "a/1"), condition: .none, call)
        #expect(try store.watch(scope, after: second, call) != second)
        #expect(try store.watch(scope, after: "d-00", call).hasPrefix("l-"))
    }

    @Test func pausesGrowToAMost() throws {
        let store = memory.store()
        let cursor = try store.watch(scope, after: "", call)
        let call = Call(timeout: .seconds(600))
        let failure = error {
            _ = try store.watch(
                scope, after: cursor, call, policy { if $0 == 20 { call.cancel() } })
        }
        #expect(failure?.code == .cancelled && failure?.store == "memory")
        let seen = self.pauses.all.withLock { $0 }
        #expect(seen.last == .seconds(15) && seen.count == 20)
    }

    @Test func aQuietScopeEndsWithTheDeadline() throws {
        let store = memory.store()
        let cursor = try store.watch(scope, after: "", call)
        let failure = error {
            _ = try store.watch(scope, after: cursor, Call(timeout: .milliseconds(30)))
        }
        #expect(failure?.code == .deadline)
        #expect(
            error { _ = try store.watch(WatchScope(collection: ""), after: "", call) }?.code
                == .invalid)
    }

    /// A driver that answers with what it was asked and one byte more.
    private struct Echo: ObservingLayer {
        let base: any StoreOperations

        func observe<R>(
            _ operation: ObservedOperation, _ call: Call, _ body: (Call) throws(HostError) -> R
        ) throws(HostError) -> R { try body(call) }

        func watch(
            _ scope: WatchScope, after cursor: [UInt8], _ call: Call
        ) throws(HostError) -> [UInt8] {
            cursor + [UInt8(cursor.count) &+ 0xA0]
        }
    }

    @Test func theDriversOwnWatchIsUsedThroughTheLayers() throws {
        let layers = try LayerStack.wrap(
            FaultLayer(base: Echo(base: memory), plan: FaultPlan([], seed: 1)),
            in: LayerStack.usual, store: "s", driver: "d")
        let store = Store(
            name: "s", driverID: "d", addressing: .place,
            capabilities: Capabilities([Capability(Capabilities.watch, .native)]),
            operations: layers)
        let first = try store.watch(scope, after: "", call)
        #expect(first == "d-a0")
        #expect(try store.watch(scope, after: first, call) == "d-a0a1")
        // A cursor of another kind is one that the driver does not know.
        #expect(try store.watch(scope, after: "l-12", call) == "d-a0")
        #expect(memory.calls.isEmpty)
    }

    @Test func aWatchHasAThreadOfItsOwn() async throws {
        let store = memory.store()
        let cursor: String = try await withCheckedThrowingContinuation { continuation in
            store.startWatch(scope, after: "", call) { continuation.resume(with: $0) }
        }
        #expect(try store.watch(scope, after: "", call) == cursor)
    }
}
