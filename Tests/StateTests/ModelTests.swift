import Host
import State
import TestSupport
import Testing

/// What a state should be, in the simplest form.
private struct Model {
    var texts: [String] = []
    var isPresent = false
    var lock: String?
    var fence: UInt64 = 0

    var current: String? { isPresent ? texts.last : nil }

    /// What a change with `lockID` should be answered.
    func refusal(_ lockID: String?) -> String {
        switch (lockID, lock) {
        case (nil, nil): ""
        case (nil, _?): "locked"
        case (_?, nil): "notLocked"
        case (let mine?, let theirs?): mine == theirs ? "" : "lockMismatch"
        }
    }
}

@Suite(.allPaths) struct ModelTests {
    /// Random operations on a few states, each time by another repository, against the model.
    @Test(arguments: Array(1...12) as [UInt64])
    func randomOperations(seed: UInt64) throws {
        try Self.run(try World(), seed: seed)
    }

    static func run(_ world: World, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let paths = try ["a", "a/b", "a/@x"].map { try StatePath($0) }
        var models = [Model](repeating: Model(), count: paths.count)
        for step in 0..<150 {
            let index = Int.random(in: 0..<paths.count, using: &generator)
            let note: Comment = "seed \(seed), step \(step), path \(paths[index])"
            // One fault in ten: whatever happens, the next call must find things right.
            let isFaulty = Int.random(in: 0..<10, using: &generator) == 0
            if isFaulty { order(world, &generator) }
            try Self.step(world, paths[index], &models[index], isFaulty, &generator, note)
            world.memory.clearFaults()
            try Self.expect(world, paths[index], models[index], note)
        }
        for (path, model) in zip(paths, models) {
            _ = try world.repository().repair(path, call())
            let versions = try world.repository().versions(path, call())
            let texts = try versions.map { try world.repository().text(path, version: $0.id) }
            #expect(texts == model.texts.reversed(), "seed \(seed)")
        }
    }

    private static func order(_ world: World, _ generator: inout SeededGenerator) {
        let isLost = Bool.random(using: &generator)
        world.memory.fail(
            Int.random(in: 1...8, using: &generator), at: isLost ? .after : .before,
            with: HostError(.unavailable, "ordered", applied: isLost ? .unknown : .no))
    }

    private static func step(
        _ world: World, _ path: StatePath, _ model: inout Model, _ isFaulty: Bool,
        _ generator: inout SeededGenerator, _ note: Comment
    ) throws {
        let states = world.repository()
        let id = ["x", "y"].randomElement(using: &generator) ?? ""
        let lockID = [nil, "x", "y", model.lock].randomElement(using: &generator) ?? nil
        var expected = model
        var wanted = ""
        var act: () throws -> Void
        switch Int.random(in: 0..<7, using: &generator) {
        case 0...2:
            let text = state(Int.random(in: 0..<6, using: &generator))
            wanted = model.refusal(lockID)
            if text != model.current { expected.texts.append(text) }
            expected.isPresent = true
            act = { try states.write(path, text, lock: lockID) }
        case 3:
            wanted = model.refusal(lockID)
            expected.isPresent = false
            act = { _ = try states.remove(path, lockID: lockID, call()) }
        case 4:
            wanted = model.lock == nil || model.lock == id ? "" : "locked"
            if model.lock == nil { expected.fence += 1 }
            expected.lock = id
            act = { try states.lock(path, id) }
        case 5:
            wanted = model.lock == nil || model.lock == id ? "" : "locked"
            expected.lock = nil
            act = { try states.unlock(path, id) }
        default:
            if model.lock != nil { expected.fence += 1 }
            expected.lock = nil
            act = { _ = try states.unlock(path, .force, call()) }
        }
        let got = failure(act)
        if isFaulty, got != wanted {
            // What is there now is either of the two, and what was acknowledged is there.
            #expect(got.hasPrefix("host."), note)
            if try matches(world, path, expected), wanted.isEmpty { model = expected }
        } else {
            #expect(got == wanted, note)
            if wanted.isEmpty { model = expected }
        }
    }

    private static func matches(
        _ world: World, _ path: StatePath, _ model: Model
    ) throws -> Bool {
        let summary = try world.repository().summary(path, call())
        let versions = try world.repository().versions(path, call())
        return try summary?.lock?.info.id == model.lock && versions.count == model.texts.count
            && world.repository().text(path) == model.current
            && (summary?.fence ?? 0) == model.fence
    }

    private static func expect(
        _ world: World, _ path: StatePath, _ model: Model, _ note: Comment
    ) throws {
        let summary = try world.repository().summary(path, call())
        #expect(try world.repository().text(path) == model.current, note)
        #expect(summary?.lock?.info.id == model.lock, note)
        #expect(summary?.fence ?? 0 == model.fence, note)
        let versions = try world.repository().versions(path, call())
        #expect(versions.count == model.texts.count, note)
        let listed = try world.repository().list(prefix: "", startAfter: "", limit: 9, call())
        #expect(
            listed.contains { $0.path == path } == (model.isPresent || model.lock != nil), note)
    }
}
