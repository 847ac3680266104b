import Host
import Synchronization
import TestSupport
import Testing

/// Six threads: four for everything, two of these for writes and bulk, three for one store, two kept
/// for control.
@Suite(.timeLimit(.minutes(1))) struct BlockingPoolTests {
    private let pool = BlockingPool(threads: 6, grace: .milliseconds(20))

    private final class Counter: Sendable {
        let value = Atomic(0)
        func add() { value.wrappingAdd(1, ordering: .relaxed) }
        var count: Int { value.load(ordering: .relaxed) }
    }

    /// A store whose calls are given up soon.
    private func store(_ name: String) -> Store {
        Store(
            name: name, driverID: "memory", addressing: .place,
            capabilityRecord: CapabilityRecord(declared: .all, probed: .all),
            grace: .milliseconds(5), operations: MemoryStore())
    }

    private func code(_ error: any Error) -> HostError.Code? { (error as? HostError)?.code }

    /// Starts `count` jobs that wait at `latch`, and comes back when `running` of them do.
    private func occupy(
        _ count: Int, _ lane: BlockingPool.Lane = .normal, on store: Store? = nil,
        at latch: Latch, running: Int
    ) async -> Task<Void, any Error> {
        let before = latch.arrivals
        let pool = pool
        let task = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<count {
                    group.addTask {
                        try await pool.run(lane, on: store, Call(timeout: nil)) { latch.wait() }
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(await eventually { latch.arrivals == before + running })
        return task
    }

    @Test func resultsAndErrorsComeBack() async throws {
        #expect(try await pool.run(.normal, Call(timeout: nil)) { 42 } == 42)
        #expect(try pool.runBlocking(.normal, Call(timeout: nil)) { 43 } == 43)
        let mine = HostError(.full, "mine")
        await #expect { try await pool.run(.bulk, Call(timeout: nil)) { throw mine } } throws: {
            ($0 as? HostError)?.message == "mine"
        }
    }

    @Test func lanesHaveTheirShare() async throws {
        let latch = Latch()
        let bulk = await occupy(10, .bulk, at: latch, running: 2)
        let normal = await occupy(10, .normal, at: latch, running: 2)
        // Two threads are left, and only the control lane gets them.
        let control = await occupy(5, .control, at: latch, running: 2)
        #expect(pool.statistics.threads == 6)
        #expect(pool.statistics.running == 6)
        #expect(await eventually { pool.statistics.queued == 8 + 8 + 3 })
        latch.open()
        for task in [bulk, normal, control] { try await task.value }
        #expect(await eventually { pool.statistics.running == 0 })
        #expect(pool.statistics.threads == 6)
        #expect(pool.statistics.queued == 0)
    }

    /// Writers and transfers together leave two of the four to readers, in whatever order they came.
    @Test(arguments: [BlockingPool.Lane.write, .bulk])
    func slowJobsLeaveRoomForReaders(first: BlockingPool.Lane) async throws {
        let latch = Latch()
        let slow = await occupy(10, first, at: latch, running: 2)
        let others = await occupy(10, first == .write ? .bulk : .write, at: latch, running: 0)
        #expect(await eventually { pool.statistics.queued == 18 })
        let readers = await occupy(2, .normal, at: latch, running: 2)
        #expect(pool.statistics.running == 4)
        latch.open()
        for task in [slow, others, readers] { try await task.value }
    }

    @Test func bulkIsNotStarved() async throws {
        // It came first, so it goes first, whatever came after it.
        let lanes: [BlockingPool.Lane] = [.bulk] + Array(repeating: .normal, count: 9)
        #expect(try await order(of: lanes) == Array(0..<10))
    }

    @Test func jobsRunInTheOrderTheyCame() async throws {
        let lanes: [BlockingPool.Lane] = Array(repeating: .normal, count: 40)
        #expect(try await order(of: lanes) == Array(0..<40))
    }

    private final class Order: Sendable {
        let all = Mutex<[Int]>([])
    }

    /// Queues jobs one after the other before a store that takes one at a time, then lets them go.
    private func order(of lanes: [BlockingPool.Lane]) async throws -> [Int] {
        let pool = BlockingPool(threads: 4)
        let store = self.store("one at a time")
        let order = Order()
        let latch = Latch()
        var tasks = [
            Task { try await pool.run(.normal, on: store, Call(timeout: nil)) { latch.wait() } }
        ]
        #expect(await eventually { latch.arrivals == 1 })
        for (number, lane) in lanes.enumerated() {
            tasks.append(
                Task {
                    try await pool.run(lane, on: store, Call(timeout: nil)) {
                        order.all.withLock { $0.append(number) }
                    }
                })
            #expect(await eventually { pool.statistics.queued == number + 1 })
        }
        latch.open()
        for task in tasks { try await task.value }
        return order.all.withLock { $0 }
    }

    @Test func oneStoreCannotFillThePool() async throws {
        let greedy = MemoryStore().store(name: "greedy")
        let modest = MemoryStore().store(name: "modest")
        let latch = Latch()
        let occupied = await occupy(50, on: greedy, at: latch, running: 3)
        // Its lock renewals still get a thread, one.
        let renewals = await occupy(3, .control, on: greedy, at: latch, running: 1)
        #expect(try await pool.run(.normal, on: modest, Call(timeout: nil)) { 1 } == 1)
        #expect(try await pool.run(.control, on: modest, Call(timeout: nil)) { 2 } == 2)
        #expect(await eventually { pool.statistics.running == 4 })
        latch.open()
        try await occupied.value
        try await renewals.value
    }

    @Test func aDeadlineInTheQueueMeansNothingRan() async throws {
        let latch = Latch()
        let occupied = await occupy(4, at: latch, running: 4)
        let ran = Counter()
        do {
            try await pool.run(.normal, Call(timeout: .milliseconds(20))) { ran.add() }
            Issue.record("it ran")
        } catch let error as HostError {
            #expect(error.code == .deadline)
            #expect(error.applied == .no)
        }
        latch.open()
        try await occupied.value
        _ = try await pool.run(.normal, Call(timeout: nil)) { 0 }
        #expect(ran.count == 0)
        #expect(pool.statistics.queued == 0)
    }

    @Test func aDeadlineThatIsOverMeansNothingRan() async {
        let ran = Counter()
        await #expect { try await pool.run(.normal, Call(timeout: .zero)) { ran.add() } } throws: {
            code($0) == .deadline
        }
        #expect(ran.count == 0)
    }

    @Test func aStuckCallLetsItsCallerGoAndIsReplaced() async throws {
        let store = self.store("stuck")
        let latch = Latch()
        let call = Call(timeout: .seconds(1))
        do {
            try await pool.run(.normal, on: store, call) { latch.wait() }
            Issue.record("it came back")
        } catch let error as HostError {
            #expect(error.code == .stuck)
            #expect(error.applied == .unknown)
            #expect(error.store == "stuck")
            #expect(error.driver == "memory")
        }
        #expect(call.isCancelled)
        #expect(pool.statistics.stuck == 1)
        #expect(pool.statistics.running == 0)
        // Its thread does not count against the others: four more fit.
        let others = await occupy(6, at: latch, running: 4)
        #expect(pool.statistics.threads == 5)
        latch.open()
        try await others.value
        #expect(await eventually { pool.statistics.stuck == 0 })
        #expect(try await pool.run(.normal, on: store, Call(timeout: nil)) { 3 } == 3)
    }

    /// Leaves a job stuck: it runs, its call is cancelled, and it goes on.
    private func stick(on store: Store?, at latch: Latch) async {
        let before = latch.arrivals
        let call = Call(timeout: nil)
        let pool = pool
        let task = Task { try await pool.run(.normal, on: store, call) { latch.wait() } }
        #expect(await eventually { latch.arrivals == before + 1 })
        call.cancel()
        let result = await task.result
        #expect {
            try result.get()
        } throws: {
            code($0) == .stuck
        }
    }

    @Test func stuckCallsDoNotGiveTheirStoreMoreThreads() async throws {
        let store = self.store("stuck")
        let latch = Latch()
        for _ in 0..<3 { await stick(on: store, at: latch) }
        // Three of three are stuck, so a fourth waits in vain.
        await #expect {
            try await pool.run(.normal, on: store, Call(timeout: .milliseconds(5))) {}
        } throws: {
            code($0) == .deadline
        }
        #expect(try await pool.run(.normal, Call(timeout: nil)) { 1 } == 1)
        latch.open()
        #expect(await eventually { pool.statistics.stuck == 0 })
        #expect(try await pool.run(.normal, on: store, Call(timeout: nil)) { 1 } == 1)
    }

    @Test func replacementsAreBounded() async throws {
        let latch = Latch()
        // Six are replaced, and four more take the lane's own threads.
        for index in 0..<10 { await stick(on: self.store("s\(index)"), at: latch) }
        // Then the pool is at its end, and says so in time.
        for index in 10..<13 {
            let store = self.store("s\(index)")
            await #expect {
                try await pool.run(.normal, on: store, Call(timeout: .milliseconds(5))) {}
            } throws: {
                code($0) == .deadline
            }
        }
        #expect(pool.statistics.stuck == 10)
        #expect(pool.statistics.threads <= 12)
        // The control lane has its threads even now.
        #expect(try await pool.run(.control, Call(timeout: nil)) { 1 } == 1)
        latch.open()
        #expect(await eventually { pool.statistics.stuck == 0 })
        // The threads that are too many end when they have nothing to do.
        #expect(await eventually { pool.statistics.threads <= 6 })
        #expect(try await pool.run(.normal, Call(timeout: nil)) { 1 } == 1)
    }

    @Test func whoWaitsBehindStuckCallsGetsTheirReplacements() async throws {
        let latch = Latch()
        let pool = pool
        let calls = (0..<4).map { _ in Call(timeout: nil) }
        let stuck = calls.map { call in
            Task { try await pool.run(.normal, call) { latch.wait() } }
        }
        #expect(await eventually { latch.arrivals == 4 })
        let waiting = Task { try await pool.run(.normal, Call(timeout: nil)) { 7 } }
        #expect(await eventually { pool.statistics.queued == 1 })
        // Nothing but the replacement of one of the four can let it run.
        for call in calls { call.cancel() }
        #expect(try await waiting.value == 7)
        latch.open()
        for task in stuck { _ = await task.result }
    }

    @Test func cancellingTheTaskCancelsTheCall() async throws {
        let call = Call(timeout: nil)
        let pool = pool
        let started = Latch()
        started.open()
        let task = Task {
            try await pool.run(.normal, call) {
                started.wait()
                while !call.isCancelled {}
                throw HostError(.cancelled, "the body saw it")
            }
        }
        #expect(await eventually { started.arrivals == 1 })
        task.cancel()
        let result = await task.result
        #expect(throws: HostError.self) { try result.get() }
        #expect(call.isCancelled)
    }

    @Test func aCancelledJobInTheQueueNeverRuns() async throws {
        let latch = Latch()
        let occupied = await occupy(4, at: latch, running: 4)
        let ran = Counter()
        let call = Call(timeout: nil)
        let pool = pool
        let task = Task { try await pool.run(.normal, call) { ran.add() } }
        #expect(await eventually { pool.statistics.queued == 1 })
        call.cancel()
        // The answer comes while all threads are still taken.
        let result = await task.result
        #expect {
            try result.get()
        } throws: {
            code($0) == .cancelled
        }
        #expect(pool.statistics.queued == 0)
        latch.open()
        try await occupied.value
        #expect(ran.count == 0)
    }

    @Test func aCancelledCallThatGoesOnIsLetGo() async throws {
        let latch = Latch()
        let call = Call(timeout: nil)
        let pool = pool
        let store = self.store("s")
        let task = Task { try await pool.run(.normal, on: store, call) { latch.wait() } }
        #expect(await eventually { latch.arrivals == 1 })
        call.cancel()
        let result = await task.result
        #expect {
            try result.get()
        } throws: {
            code($0) == .stuck
        }
        latch.open()
    }

    @Test func aFullQueueRefuses() async throws {
        let latch = Latch()
        let occupied = await occupy(4 + 4096, at: latch, running: 4)
        #expect(await eventually { pool.statistics.queued == 4096 })
        await #expect { try await pool.run(.normal, Call(timeout: nil)) {} } throws: {
            code($0) == .throttled
        }
        latch.open()
        try await occupied.value
    }

    /// Deadlines, cancellations and results in every order: a checked continuation traps on a second
    /// answer, and the test hangs on a missing one.
    @Test func everyCallerGetsOneAnswer() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let pool = pool
        let stores = (0..<3).map { self.store("s\($0)") }
        let answers = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<3000 {
                let microseconds = Int64.random(in: 0...400, using: &random)
                let timeout = Int64.random(in: 0...600, using: &random)
                let lane: BlockingPool.Lane = [.control, .normal, .bulk].randomElement(
                    using: &random)!
                let store = stores.randomElement(using: &random)!
                let cancels = Bool.random(using: &random)
                group.addTask {
                    let call = Call(timeout: .microseconds(timeout))
                    if cancels { Task { call.cancel() } }
                    _ = try? await pool.run(lane, on: store, call) {
                        let end = Monotonic.now + microseconds * 1000
                        while Monotonic.now < end {}
                    }
                    answers.add()
                }
            }
        }
        #expect(answers.count == 3000)
        #expect(await eventually { pool.statistics.stuck == 0 })
        #expect(await eventually { pool.statistics.running == 0 })
        #expect(pool.statistics.queued == 0)
        #expect(pool.statistics.threads <= 6)
    }
}
