import Host
import State
import TestSupport
import Testing

/// A daemon that writes in three steps beside one that writes in one commit, on one state.
@Suite struct MixedFleetTests {
    private let world: World
    private let older: StateRepository
    private let newer: StateRepository

    init() throws {
        let world = try World()
        func repository(_ capabilities: Capabilities) -> StateRepository {
            StateRepository(
                store: world.memory.store(capabilities: capabilities), kind: .terraform,
                workspace: "", environment: world.clock.environment)
        }
        self.world = world
        older = repository(.all)
        newer = repository(.transactional)
    }

    /// The older one has committed and is about to look at the copy, or to replace it.
    @Test(arguments: [MemoryStore.Operation.head, .put], [true, false])
    func aSlowPublisherDoesNotUndoALaterCommit(
        operation: MemoryStore.Operation, removes: Bool
    ) throws {
        try newer.write(world.path, state(1))
        let pause = Pause(world.memory, before: operation, of: world.key("terraform"))
        let outcome = Box<String>()
        pause.start { [older, world] in
            outcome.value = failure { try older.write(world.path, state(2)) }
        }
        #expect(world.copy == state(1))
        if removes {
            #expect(try newer.remove(world.path, lockID: nil, call()))
        } else {
            try newer.write(world.path, state(3))
        }
        pause.resume()
        #expect(outcome.value == "")
        #expect(world.copy == (removes ? nil : state(3)))
        #expect(try older.orphans(world.path, call()).isEmpty)
        try world.expectTidy()
    }

    /// The older one saw no copy, and puts one after the newer one has removed the state.
    @Test func aPublisherThatSawNoCopyTakesItBack() throws {
        let pause = Pause(world.memory, before: .put, of: world.key("terraform"))
        pause.start { [older, world] in _ = try? older.write(world.path, state(1)) }
        #expect(try newer.remove(world.path, lockID: nil, call()))
        pause.resume()
        #expect(world.copy == nil)
        try world.expectTidy()
    }

    /// Where that publisher ends before it looks again, whoever takes the lock next does so.
    @Test func aPublisherThatDiesAfterARemovalIsMended() throws {
        let pause = Pause(world.memory, before: .put, of: world.key("terraform"))
        pause.start { [older, world] in _ = try? older.write(world.path, state(1)) }
        #expect(try newer.remove(world.path, lockID: nil, call()))
        for ordinal in 2...40 {
            world.memory.fail(ordinal, at: .before, with: HostError(.cancelled, "dead"))
        }
        pause.resume()
        world.memory.clearFaults()
        #expect(world.copy == state(1))
        try newer.lock(world.path, "a")
        #expect(world.copy == nil)
        try newer.unlock(world.path, "a")
        try world.expectTidy()
    }

    /// The newer one is about to commit while the older one writes or removes.
    @Test(arguments: [true, false])
    func aSlowCommitLooksAgain(removes: Bool) throws {
        try older.write(world.path, state(1))
        let pause = Pause(world.memory, before: .put, of: world.key("terraform-records"))
        let outcome = Box<String>()
        pause.start { [newer, world] in
            outcome.value = failure { try newer.write(world.path, state(2)) }
        }
        if removes {
            #expect(try older.remove(world.path, lockID: nil, call()))
        } else {
            try older.write(world.path, state(3))
        }
        pause.resume()
        #expect(outcome.value == "")
        #expect(try newer.versions(world.path, call()).count == (removes ? 2 : 3))
        #expect(world.copy == state(2))
        try world.expectTidy()
    }

    @Test func aSlowRemovalDoesNotTakeALaterState() throws {
        try newer.write(world.path, state(1))
        let pause = Pause(world.memory, before: .put, of: world.key("terraform-records"))
        let outcome = Box<String>()
        pause.start { [newer, world] in
            outcome.value = failure { _ = try newer.remove(world.path, lockID: nil, call()) }
        }
        try older.write(world.path, state(2))
        pause.resume()
        #expect(outcome.value == "conflict")
        #expect(world.copy == state(2))
        try world.expectTidy()
    }

    // MARK: - What a commit costs and leaves

    /// The calls of a write over another one, of the first one and of a removal, without the collection.
    @Test func callsOfTheDriver() throws {
        func calls(_ body: () throws -> Void) rethrows -> [MemoryStore.Operation] {
            let before = world.memory.calls.count
            try body()
            return world.memory.calls[before...].filter { $0 != .list }
        }
        try newer.lock(world.path, "a")
        #expect(
            try calls { try newer.write(world.path, state(1), lock: "a") }
                == [.get, .head, .head, .commit])
        #expect(
            try calls { try newer.write(world.path, state(2), lock: "a") } == [
                .get, .head, .commit,
            ])
        #expect(
            try calls { try older.write(world.path, state(3), lock: "a") }
                == [.get, .put, .put, .head, .put])
        #expect(
            try calls { _ = try newer.remove(world.path, lockID: "a", call()) }
                == [.get, .head, .commit])
    }

    @Test func aCommitLeavesNothingToPublish() throws {
        try newer.write(world.path, state(1))
        #expect(try world.record()["writing"] == .null)
        try older.write(world.path, state(2))
        #expect(try world.record()["writing"] != .null)
        try newer.write(world.path, state(3))
        #expect(try world.record()["writing"] == .null)
        #expect(try newer.remove(world.path, lockID: nil, call()))
        #expect(try world.record()["writing"] != .null)
    }

    /// A driver that takes less at once than this needs, or only pretends to, is written to in steps.
    @Test func whatIsNoTransactionOfTheStoreIsNotUsed() throws {
        let poor = [
            Capability(Capabilities.transaction, .native, limit: 2),
            Capability(Capabilities.transaction, .emulated),
        ]
        for capability in poor {
            let world = try World()
            let capabilities = Capabilities(Capabilities.all.all + [capability])
            let states = StateRepository(
                store: world.memory.store(capabilities: capabilities), kind: .terraform,
                workspace: "")
            try states.write(world.path, state(1))
            #expect(!world.memory.calls.contains(.commit))
        }
    }

    /// What a store finds too much for one commit goes in steps.
    @Test func aCommitThatIsTooLargeGoesInSteps() throws {
        world.memory.fail(1, of: .commit, at: .before, with: HostError(.tooLarge, "over 4 MB"))
        try newer.write(world.path, state(1))
        #expect(world.copy == state(1))
        try world.expectTidy()
    }

    /// A copy that changes at every look keeps nobody from writing.
    @Test func aCopyThatNeverRestsGoesInSteps() throws {
        try newer.write(world.path, state(1))
        world.memory.onOperation { [world] operation, key in
            guard operation == .commit, key == world.key("terraform-records") else { return }
            try? world.put(copy: "edited")
        }
        try newer.write(world.path, state(2))
        world.memory.onOperation(nil)
        #expect(try newer.text(world.path) == state(2))
        #expect(world.copy == state(2))
        #expect(try newer.orphans(world.path, call()).map { $0.reason } == ["edited-copy"])
        try world.expectTidy()
    }
}
