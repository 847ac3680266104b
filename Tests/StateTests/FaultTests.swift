import Host
import State
import TestSupport
import Testing

/// One change of a state, with what is true before and after it.
struct StateChange: Sendable, CustomTestStringConvertible {
    var name: String
    var prepare: @Sendable (World) throws -> Void = { _ in }
    var act: @Sendable (World) throws -> Void
    /// The text after it; the text before is what `prepare` left.
    var after: String?
    var lockAfter: String?
    /// Whether a refusal is what is wanted.
    var isRefused = false

    var testDescription: String { name }

    static let large = state(2, padding: (1 << 20) + 10)

    static let largeWrite = StateChange(
        name: "large write", prepare: { try $0.repository().write($0.path, state(1)) },
        act: { try $0.repository().write($0.path, large) }, after: large)

    static let all = small + [largeWrite]

    static let small: [StateChange] = [
        StateChange(
            name: "first write", act: { try $0.repository().write($0.path, state(1)) },
            after: state(1)),
        StateChange(
            name: "second write", prepare: { try $0.repository().write($0.path, state(1)) },
            act: { try $0.repository().write($0.path, state(2)) }, after: state(2)),
        StateChange(
            name: "write under a lock",
            prepare: {
                try $0.repository().write($0.path, state(1))
                try $0.repository().lock($0.path, "a")
            }, act: { try $0.repository().write($0.path, state(2), lock: "a") }, after: state(2),
            lockAfter: "a"),
        StateChange(
            name: "removal", prepare: { try $0.repository().write($0.path, state(1)) },
            act: { _ = try $0.repository().remove($0.path, lockID: nil, call()) }, after: nil),
        StateChange(
            name: "write after a removal",
            prepare: {
                try $0.repository().write($0.path, state(1))
                _ = try $0.repository().remove($0.path, lockID: nil, call())
            }, act: { try $0.repository().write($0.path, state(2)) }, after: state(2)),
        StateChange(
            name: "first lock", act: { try $0.repository().lock($0.path, "a") }, after: nil,
            lockAfter: "a"),
        StateChange(
            name: "lock with a lease", prepare: { try $0.repository().write($0.path, state(1)) },
            act: { try $0.repository().lock($0.path, "a", lease: .seconds(60)) }, after: state(1),
            lockAfter: "a"),
        StateChange(
            name: "unlock",
            prepare: {
                try $0.repository().write($0.path, state(1))
                try $0.repository().lock($0.path, "a")
            }, act: { try $0.repository().unlock($0.path, "a") }, after: state(1)),
        StateChange(
            name: "break of a lock", prepare: { try $0.repository().lock($0.path, "a") },
            act: { _ = try $0.repository().unlock($0.path, .force, call()) }, after: nil),
        StateChange(
            name: "adopting write", prepare: { try $0.put(copy: state(1)) },
            act: { try $0.repository().write($0.path, state(2)) }, after: state(2)),
        StateChange(
            name: "adopting lock", prepare: { try $0.put(copy: state(1)) },
            act: { try $0.repository().lock($0.path, "a") }, after: state(1), lockAfter: "a"),
        StateChange(
            name: "write over an edited copy",
            prepare: {
                try $0.repository().write($0.path, state(1))
                try $0.put(copy: "edited")
            }, act: { try $0.repository().write($0.path, state(2)) }, after: state(2)),
        StateChange(
            name: "refused write", prepare: { try $0.repository().lock($0.path, "a") },
            act: { try $0.repository().write($0.path, state(2)) }, after: nil, lockAfter: "a",
            isRefused: true),
    ]
}

/// A fault for one call of the store.
struct Fault: Sendable, CustomTestStringConvertible {
    var moment: MemoryStore.Moment
    var applied: HostError.Applied
    var code: HostError.Code = .unavailable

    var testDescription: String { "\(code), \(moment), applied \(applied)" }
    var error: HostError { HostError(code, "ordered", applied: applied) }

    static let main = [
        Fault(moment: .before, applied: .no), Fault(moment: .after, applied: .unknown),
    ]

    static let all = [
        Fault(moment: .before, applied: .no), Fault(moment: .before, applied: .unknown),
        Fault(moment: .after, applied: .unknown),
        Fault(moment: .before, applied: .no, code: .full),
        Fault(moment: .after, applied: .unknown, code: .io),
        // The answer of a retry whose first attempt was taken and then built upon.
        Fault(moment: .after, applied: .unknown, code: .condition),
        Fault(moment: .after, applied: .no, code: .condition),
    ]
}

@Suite(.allPaths) struct FaultTests {
    /// Every call of the store fails once, in every way; what is left is the state before or after.
    @Test(arguments: StateChange.small, Fault.all)
    func everyCallMayFail(change: StateChange, fault: Fault) throws {
        try failEveryCall(of: change, fault)
    }

    /// A large body costs a hundred times as much, so of the faults those that differ most.
    @Test(arguments: Fault.main)
    func everyCallOfALargeWriteMayFail(fault: Fault) throws {
        try failEveryCall(of: .largeWrite, fault)
    }

    private func failEveryCall(of change: StateChange, _ fault: Fault) throws {
        var ordinal = 0
        while true {
            ordinal += 1
            let world = try World()
            try change.prepare(world)
            let before = try world.repository().text(world.path)
            let lockBefore = try world.repository().summary(world.path, call())?.lock?.info.id
            world.memory.fail(ordinal, at: fault.moment, with: fault.error)
            let count = world.memory.calls.count
            let thrown = error { try change.act(world) }
            let struck = world.memory.calls.count - count >= ordinal
            world.memory.clearFaults()
            guard struck else { break }
            let note: Comment = "call \(ordinal) of \(change.name), \(fault.testDescription)"
            try expectOldOrNew(world, change, thrown, before, lockBefore, note)
            // The client asks again, as it is told to.
            let again = error { try change.act(world) }
            #expect((again == nil) != change.isRefused, "\(again?.message ?? "") \(note)")
            #expect(try world.repository().text(world.path) == change.after, note)
            let lock = try world.repository().summary(world.path, call())?.lock?.info.id
            #expect(lock == change.lockAfter, note)
            try world.expectTidy(note)
            if change.name == "write over an edited copy" {
                let orphans = try world.repository().orphans(world.path, call())
                #expect(orphans.map { $0.reason } == ["edited-copy"], note)
            }
        }
        #expect(ordinal > 1)
    }

    private func expectOldOrNew(
        _ world: World, _ change: StateChange, _ thrown: StateError?, _ before: String?,
        _ lockBefore: String?, _ note: Comment
    ) throws {
        let text = try world.repository().text(world.path)
        let lock = try world.repository().summary(world.path, call())?.lock?.info.id
        let isOld = text == before && lock == lockBefore
        let isNew = text == change.after && lock == change.lockAfter
        #expect(isOld || isNew, note)
        if change.isRefused {
            #expect(thrown != nil && isOld, note)
        } else if thrown == nil {
            #expect(isNew, "acknowledged and lost: \(note)")
        } else if thrown?.applied == .no {
            // A change that says it did nothing must have done nothing that shows.
            #expect(isOld, "said to have changed nothing: \(note)")
        }
    }

    private func error(_ body: () throws -> Void) -> StateError? {
        do {
            try body()
            return nil
        } catch let error as StateError {
            return error
        } catch {
            return StateError(.invalid, "\(error)")
        }
    }

    /// The publisher fails: the write is committed, says so, and the next call publishes.
    @Test func aFailedCopyDoesNotUndoTheCommit() throws {
        let world = try World()
        guard world.writePath != .mixed else { return }
        try world.repository().write(world.path, state(1))
        guard world.writePath != .native else {
            // The look at the copy: where it fails the write is made in steps, with the copy at the end.
            world.memory.fail(1, of: .head, at: .before, with: HostError(.full, "no space"))
            world.memory.fail(2, of: .head, at: .before, with: HostError(.full, "no space"))
            #expect(try !world.repository().write(world.path, state(2)).isPublished)
            #expect(try world.repository().text(world.path) == state(2))
            #expect(world.copy == state(2))
            return
        }
        // The last put of a write over an existing version is that of the copy, after a look at it.
        let before = world.memory.calls.count
        try world.repository().write(world.path, state(2))
        let calls = Array(world.memory.calls[before...])
        let put = try #require(calls.lastIndex(of: .put))
        let look = try #require(calls[..<put].lastIndex(of: .head))
        for ordinal in [look + 1, put + 1] {
            let body = state(100 + ordinal)
            world.memory.fail(ordinal, at: .before, with: HostError(.full, "no space"))
            let version = try world.repository().write(world.path, body)
            #expect(!version.isPublished)
            #expect(world.copy != body)
            #expect(try world.repository().text(world.path) == body)
            #expect(world.copy == body)
        }
        world.memory.fail(look + 1, at: .before, with: HostError(.full, "no space"))
        try world.repository().write(world.path, state(10))
        try world.repository().lock(world.path, "a")
        #expect(world.copy == state(10))
        #expect(try world.record()["writing"] == .null)
    }

    /// What can be read back after an I/O error may still be gone after a power cut.
    @Test func anIOErrorIsNeverASuccess() throws {
        let world = try World()
        guard world.writePath != .mixed else { return }
        try world.repository().write(world.path, state(1))
        let io = HostError(.io, "fsync failed", applied: .unknown)
        let changes: [(World) throws -> Void] = [
            { try $0.repository().write($0.path, state(2)) },
            { try $0.repository().lock($0.path, "a") },
            { try $0.repository().unlock($0.path, "a") },
            { _ = try $0.repository().remove($0.path, lockID: nil, call()) },
        ]
        for (index, change) in changes.enumerated() {
            // The put of the record: after that of the version in a write, the only one elsewhere. In
            // one commit it is not a put.
            if world.writePath == .native, [0, 3].contains(index) {
                world.memory.fail(1, of: .commit, at: .after, with: io)
            } else {
                world.memory.fail(index == 0 ? 2 : 1, of: .put, at: .after, with: io)
            }
            let thrown = error { try change(world) }
            #expect(thrown?.word == "host.io" && thrown?.applied == .unknown)
            world.memory.clearFaults()
            #expect(error { try change(world) }?.word == nil)
        }
    }

    /// A store that stays away: nothing is said to have worked.
    @Test(arguments: StateChange.all)
    func aStoreThatStaysAwayLosesNothing(change: StateChange) throws {
        for ordinal in 1..<20 {
            let world = try World()
            try change.prepare(world)
            let before = try world.repository().text(world.path)
            for call in ordinal..<ordinal + 60 {
                world.memory.fail(call, at: .before, with: HostError(.unavailable, "away"))
            }
            let thrown = error { try change.act(world) }
            world.memory.clearFaults()
            let text = try world.repository().text(world.path)
            #expect(text == before || text == change.after)
            if thrown == nil { #expect(text == change.after) }
            try world.expectTidy("from call \(ordinal) of \(change.name)")
        }
    }
}
