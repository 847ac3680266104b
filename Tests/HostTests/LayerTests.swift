import CoreMetrics
import Synchronization
import TestSupport
import Testing

@testable import Host

/// The layers other than retry, the gate of a driver's calls, and the end of a store.
@Suite(.timeLimit(.minutes(1))) struct LayerTests {
    private let memory = MemoryStore()
    private let key = ObjectKey(collection: "c", path: "p")

    private func error(_ body: () throws -> Void) -> HostError? {
        do { try body() } catch { return error as? HostError }
        return nil
    }

    // MARK: - Deadlines

    /// Remembers the deadlines of the calls that reach it.
    private struct Recorder: ObservingLayer {
        final class Log: Sendable {
            let remaining = Mutex<[Duration?]>([])
        }

        let base: any StoreOperations
        let log = Log()

        func observe<R>(
            _ operation: ObservedOperation, _ call: Call, _ body: (Call) throws(HostError) -> R
        ) throws(HostError) -> R {
            log.remaining.withLock { $0.append(call.remaining) }
            return try body(call)
        }
    }

    @Test func callsWithoutADeadlineGetOne() throws {
        let recorder = Recorder(base: memory)
        let layer = DeadlineLayer(base: recorder)
        _ = try layer.head(key, Call(timeout: nil))
        _ = try layer.head(key, Call(timeout: .seconds(5)))
        _ = try layer.get(key, .whole, Call(timeout: nil), begin: { _ in }, body: { _ in })
        let seen = recorder.log.remaining.withLock { $0 }.map { $0 ?? .seconds(1 << 40) }
        #expect(seen[0] > .seconds(5) && seen[0] <= .seconds(30))
        #expect(seen[1] <= .seconds(5))
        #expect(seen[2] > .seconds(30) && seen[2] <= .seconds(3600))
    }

    @Test func anEndIsNamedByItsCause() {
        let layer = DeadlineLayer(base: memory)
        memory.fail(1, at: .before, with: HostError(.deadline, "late, says the driver"))
        let call = Call(timeout: .seconds(60))
        memory.onOperation { _, _ in call.cancel() }
        #expect(error { _ = try layer.head(key, call) }?.code == .cancelled)
        memory.clearFaults()
        let late = Call(timeout: .milliseconds(5))
        let taken = DeadlineLayer(base: Slow(base: memory))
        #expect(error { _ = try taken.head(key, late) }?.code == .deadline)
    }

    /// Takes longer than its deadline and then says that it was cancelled.
    private struct Slow: ObservingLayer {
        let base: any StoreOperations

        func observe<R>(
            _ operation: ObservedOperation, _ call: Call, _ body: (Call) throws(HostError) -> R
        ) throws(HostError) -> R {
            while call.remaining != .zero {}
            throw HostError(.cancelled, "somebody asked to stop")
        }
    }

    // MARK: - The stack

    @Test func layersAreBuiltByName() throws {
        func wrap(_ names: [String]) throws -> any StoreOperations {
            try LayerStack.wrap(memory, in: names, store: "s", driver: "d")
        }
        #expect(try wrap([]) is MemoryStore)
        #expect(try wrap(["retry"]) is RetryLayer)
        let two = try wrap(["deadline", "retry"])
        #expect((two as? DeadlineLayer)?.base is RetryLayer)
        // Without a tracer there is nothing to trace to.
        #expect(try wrap(["trace"]) is MemoryStore)
        #expect(try wrap(LayerStack.usual) is MetricsLayer)
        let unknown = error { _ = try wrap(["rtery"]) }
        #expect(unknown?.code == .invalid)
        #expect(unknown?.message.contains("did you mean \"retry\"") == true)
        #expect(unknown?.advice.contains("deadline") == true)
        #expect(error { _ = try wrap(["retry", "retry"]) }?.message.contains("twice") == true)
    }

    @Test func theTraceLayerPassesResultsAndErrors() throws {
        let layer = TraceLayer(base: memory, store: "s", driver: "d")
        #expect(try layer.head(key, Call(timeout: nil)) == nil)
        memory.fail(1, at: .before, with: HostError(.full, "mine"))
        #expect(error { _ = try layer.head(key, Call(timeout: nil)) }?.message == "mine")
    }

    // MARK: - The gate

    /// At most one call passes, in the order they came.
    @Test func theGatePassesOneAtATime() async throws {
        let gate = CallGate()
        let inside = Inside()
        await withTaskGroup(of: Void.self) { group in
            let pool = BlockingPool(threads: 12)
            for _ in 0..<200 {
                group.addTask {
                    try? await pool.run(.normal, Call(timeout: nil)) {
                        try gate.pass(Call(timeout: nil)) { () throws(HostError) in inside.visit() }
                    }
                }
            }
        }
        #expect(inside.visits.load(ordering: .relaxed) == 200)
        #expect(inside.most.load(ordering: .relaxed) == 1)
    }

    private final class Inside: Sendable {
        let now = Atomic(0)
        let most = Atomic(0)
        let visits = Atomic(0)

        func visit() {
            let count = now.wrappingAdd(1, ordering: .relaxed).newValue
            _ = most.max(count, ordering: .relaxed)
            visits.wrappingAdd(1, ordering: .relaxed)
            for _ in 0..<100 { _ = Monotonic.now }
            now.wrappingSubtract(1, ordering: .relaxed)
        }
    }

    @Test func waitingAtTheGateEndsByDeadlineAndCancellation() async throws {
        let gate = CallGate()
        let latch = Latch()
        let pool = BlockingPool(threads: 8)
        let holder = Task {
            try await pool.run(.normal, Call(timeout: nil)) {
                try gate.pass(Call(timeout: nil)) { () throws(HostError) in latch.wait() }
            }
        }
        #expect(await eventually { latch.arrivals == 1 })
        let late = error {
            try gate.pass(Call(timeout: .milliseconds(5))) { () throws(HostError) in }
        }
        #expect(late?.code == .deadline)
        #expect(late?.applied == .no)
        let call = Call(timeout: nil)
        let cancelled = Task {
            try await pool.run(.normal, Call(timeout: nil)) {
                try gate.pass(call) { () throws(HostError) in }
            }
        }
        call.cancel()
        let result = await cancelled.result
        #expect {
            try result.get()
        } throws: {
            ($0 as? HostError)?.code == .cancelled
        }
        latch.open()
        try await holder.value
        // Those who gave up left the line: the gate still opens.
        try gate.pass(Call(timeout: .seconds(10))) { () throws(HostError) in }
    }

    // MARK: - The end of a store

    @Test func aStoreIsNotClosedUnderACall() async throws {
        let usage = UsageCount()
        let latch = Latch()
        let pool = BlockingPool(threads: 8)
        let user = Task {
            try await pool.run(.normal, Call(timeout: nil)) {
                try usage.during { () throws(HostError) in latch.wait() }
            }
        }
        #expect(await eventually { latch.arrivals == 1 })
        #expect(!usage.close(until: Monotonic.now + 5_000_000))
        #expect(!usage.wasReleased)
        #expect(
            error { try usage.during { () throws(HostError) in } }?.message == "the store is closed"
        )
        latch.open()
        try await user.value
        // Nobody closes it later: what the stuck call left behind stays.
        #expect(!usage.close(until: .max))

        let busy = UsageCount()
        let second = Latch()
        let caller = Task {
            try await pool.run(.normal, Call(timeout: nil)) {
                try busy.during { () throws(HostError) in second.wait() }
            }
        }
        #expect(await eventually { second.arrivals == 1 })
        let closing = Task {
            try await pool.run(.normal, Call(timeout: nil)) { busy.close(until: .max) }
        }
        // The close has begun when new calls are refused.
        #expect(await eventually { error { try busy.during { () throws(HostError) in } } != nil })
        #expect(!busy.wasReleased)
        second.open()
        #expect(try await closing.value)
        #expect(busy.wasReleased)
        try await caller.value

        let idle = UsageCount()
        #expect(idle.close(until: .max))
        #expect(idle.wasReleased)
        #expect(!idle.close(until: .max))
    }

    // MARK: - Calls

    @Test func derivedCallsShareTheEnd() {
        let call = Call(timeout: .seconds(100), traceParent: "t")
        let derived = call.derived(timeout: .seconds(1), attempt: 3)
        #expect(derived.traceParent == "t")
        #expect(derived.attempt == 3)
        #expect(derived.deadlineNanoseconds < call.deadlineNanoseconds)
        #expect(
            call.derived(timeout: .seconds(1000)).deadlineNanoseconds == call.deadlineNanoseconds)
        derived.cancel()
        #expect(call.isCancelled)
        #expect(Call(timeout: .seconds(Int64.max)).remaining == nil)
    }

    @Test func aJobIsRunOrWithdrawnAndNeverBoth() {
        let count = Inside()
        func job() -> PoolJob {
            PoolJob(
                lane: .normal, store: nil, call: Call(timeout: nil), body: { count.visit() },
                fail: { _ in })
        }
        let withdrawn = job()
        #expect(withdrawn.withdraw())
        withdrawn.run()
        #expect(count.visits.load(ordering: .relaxed) == 0)
        let run = job()
        run.run()
        #expect(!run.withdraw())
        #expect(count.visits.load(ordering: .relaxed) == 1)
    }

    @Test func cancellationHandlersRunOnce() {
        let call = Call(timeout: nil)
        let count = Inside()
        call.withCancellationHandler({ count.visit() }) {
            call.cancel()
            call.cancel()
        }
        call.withCancellationHandler({ count.visit() }) {}
        #expect(count.visits.load(ordering: .relaxed) == 2)
        let other = Call(timeout: nil)
        other.withCancellationHandler({ count.visit() }) {}
        other.cancel()
        #expect(count.visits.load(ordering: .relaxed) == 2)
    }

    // MARK: - Metrics

    /// The layer passes results and errors through and counts both.
    @Test func operationsAreCountedByOutcome() throws {
        let factory = CountingFactory.installed
        let layer = MetricsLayer(base: memory, store: "counted", driver: "memory")
        _ = try layer.head(key, Call(timeout: nil))
        _ = try layer.head(key, Call(timeout: nil))
        memory.fail(1, at: .before, with: HostError(.unavailable, "x"))
        #expect(error { _ = try layer.head(key, Call(timeout: nil)) }?.code == .unavailable)
        func count(_ outcome: String) -> Int {
            factory.count(
                "holdfast_store_operations_total",
                ["counted", "memory", "head", outcome])
        }
        #expect(count("ok") == 2)
        #expect(count("unavailable") == 1)
        #expect(
            factory.count("holdfast_store_operation_seconds", ["counted", "memory", "head", "ok"])
                == 2)
    }
}

/// A metrics backend that counts what it receives.
private final class CountingFactory: MetricsFactory, CounterHandler, TimerHandler, RecorderHandler,
    Sendable
{
    private final class Totals: Sendable {
        let counts = Mutex<[String: Int]>([:])
    }

    static let installed: CountingFactory = {
        let factory = CountingFactory(name: "", totals: Totals())
        MetricsSystem.bootstrap(factory)
        return factory
    }()

    private let name: String
    private let totals: Totals

    private init(name: String, totals: Totals) {
        self.name = name
        self.totals = totals
    }

    func count(_ label: String, _ values: [String]) -> Int {
        let name = ([label] + values).joined(separator: " ")
        return totals.counts.withLock { $0[name] ?? 0 }
    }

    private func named(_ label: String, _ dimensions: [(String, String)]) -> CountingFactory {
        CountingFactory(
            name: ([label] + dimensions.map(\.1)).joined(separator: " "), totals: totals)
    }

    private func add() { totals.counts.withLock { $0[name, default: 0] += 1 } }

    func increment(by amount: Int64) { add() }
    func reset() {}
    func recordNanoseconds(_ duration: Int64) { add() }
    func record(_ value: Int64) {}
    func record(_ value: Double) {}
    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        named(label, dimensions)
    }
    func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        named(label, dimensions)
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        named(label, dimensions)
    }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}
