import Dispatch
import Host
import State
import Synchronization
import TestSupport
import Testing

/// Locks and transactions over every driver: the same tests, the same answers.
@Suite struct LockSemanticsTests {
    @Test(arguments: BuiltDriver.everywhere)
    func locksHaveOneHolderAndMayBeRepeated(driver: BuiltDriver) throws {
        try DriverPlace.within(driver) { world, _ in
            let first = try world.repository().lock(world.path, "a")
            #expect(first.fence == 1)
            #expect(try world.repository().lock(world.path, "a").fence == 1)
            #expect(failure { try world.repository().lock(world.path, "b") } == "locked")
            #expect(failure { try world.repository().unlock(world.path, "b") } == "locked")
            #expect(try world.repository().unlock(world.path, "a")?.info.id == "a")
            #expect(try world.repository().unlock(world.path, "a") == nil)
            #expect(try world.repository().lock(world.path, "b").fence == 2)
        }
    }

    @Test(arguments: BuiltDriver.everywhere)
    func aBreakRaisesTheFence(driver: BuiltDriver) throws {
        try DriverPlace.within(driver) { world, _ in
            try world.repository().write(world.path, state(1))
            try world.repository().lock(world.path, "a")
            #expect(try world.repository().unlock(world.path, .force, call())?.info.id == "a")
            #expect(try world.repository().unlock(world.path, .force, call()) == nil)
            #expect(
                failure { try world.repository().write(world.path, "x", lock: "a") } == "notLocked")
            // Also for a holder of the same name: it is another acquisition.
            #expect(try world.repository().lock(world.path, "a").fence == 3)
            try world.repository().write(world.path, state(2), lock: "a")
            #expect(failure { try world.repository().write(world.path, state(3)) } == "locked")
            #expect(try world.repository().text(world.path) == state(2))
            try world.repository().unlock(world.path, "a")
            try world.expectTidy()
        }
    }

    @Test(arguments: BuiltDriver.everywhere)
    func leasesAreRenewedAndRunOut(driver: BuiltDriver) throws {
        try DriverPlace.within(driver) { world, _ in
            let first = try world.repository().lock(world.path, "a", lease: .seconds(3600))
            let states = world.repository()
            #expect(failure { try states.lock(world.path, "b") } == "locked")
            func renew(_ nonce: String) throws -> HeldLock {
                try world.repository().renew(world.path, id: "a", nonce: nonce, call())
            }
            let second = try renew(first.nonce)
            #expect(second.nonce != first.nonce && second.fence == first.fence)
            // The renewal whose answer was lost is repeated; an older one is another holder's.
            let third = try renew(first.nonce)
            #expect(failure { _ = try renew(first.nonce) } == "lockMismatch")
            try world.repository().unlock(world.path, "a")
            #expect(failure { _ = try renew(third.nonce) } == "notLocked")
            let short = try world.repository().lock(world.path, "a", lease: .milliseconds(10))
            // By the store's clock, which runs by itself, or by the observer's, which is turned here.
            let observer = world.repository()
            while failure({ try observer.lock(world.path, "b") }) == "locked" {
                world.clock.advance(.milliseconds(1))
            }
            #expect(try observer.summary(world.path, call())?.lock?.info.id == "b")
            #expect(try observer.summary(world.path, call())?.fence == short.fence + 1)
            #expect(failure { _ = try renew(short.nonce) } == "lockMismatch")
            #expect(
                failure { try world.repository().write(world.path, "x", lock: "a") }
                    == "lockMismatch")
        }
    }

    @Test(arguments: BuiltDriver.everywhere)
    func randomOperations(driver: BuiltDriver) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("random operations on \(driver): seed \(seed)")
        try DriverPlace.within(driver) { world, _ in try ModelTests.run(world, seed: seed) }
    }
}

/// Record sets and commits over every driver.
@Suite struct CommitSemanticsTests {
    private static let key = ObjectKey(collection: "sets", path: "run/1")

    private func set(_ store: Store) throws -> RecordSet { try RecordSet(store, at: Self.key) }

    @Test(arguments: BuiltDriver.everywhere)
    func recordSetsChangeTogetherOrNotAtAll(driver: BuiltDriver) throws {
        try DriverPlace.stores(driver, count: 2) { stores in
            let (one, other) = (try set(stores[0]), try set(stores[1]))
            let first = try one.commit(
                [.init("a", .absent, .put([0xFF, 0])), .init("b", .absent, .put([]))], call())
            #expect(try other.read(call()).map(\.bytes) == [[0xFF, 0], []])
            let refused = hostFailure {
                try other.commit(
                    [.init("c", .none, .put([1])), .init("b", .absent, .put([1]))], call())
            }
            #expect(refused?.code == .condition && refused?.change == 2)
            #expect(refused?.currentVersion == first)
            let second = try other.commit(
                [
                    .init("a", .version(first), .put([1])), .init("b", .version(first), .remove),
                    .init("c", .absent, .check),
                ], call())
            let records = try one.read(call())
            #expect(records.map(\.name) == ["a"] && records.map(\.version) == [second])
        }
    }

    /// Several stores of one place move units between records; readers never see a part of a move.
    @Test(arguments: BuiltDriver.everywhere)
    func transfersKeepTheSum(driver: BuiltDriver) throws {
        let names = ["a", "b", "c"]
        try DriverPlace.stores(driver, count: 4) { stores in
            try set(stores[0]).commit(names.map { .init($0, .absent, .put([60])) }, call())
            let done = Atomic(0)
            let wrong = Mutex<[String]>([])
            DispatchQueue.concurrentPerform(iterations: 4) { thread in
                do {
                    let set = try set(stores[thread])
                    for index in 0..<8 {
                        try move(from: names[(thread + index) % 3], to: names[thread % 3], set)
                        let sum = try set.read(call()).reduce(0) { $0 + Int($1.bytes[0]) }
                        if sum != 180 { wrong.withLock { $0.append("a sum of \(sum)") } }
                        done.wrappingAdd(1, ordering: .relaxed)
                    }
                } catch { wrong.withLock { $0.append("\(error)") } }
            }
            #expect(wrong.withLock { $0 }.isEmpty)
            #expect(done.load(ordering: .relaxed) == 32)
        }
    }

    private func move(from: String, to: String, _ set: RecordSet) throws {
        guard from != to else { return }
        while true {
            let records = try set.read([from, to], call())
            let changes = records.map { record in
                let byte = record.bytes[0]
                return RecordSet.RecordChange(
                    record.name, .version(record.version),
                    .put([record.name == from ? byte - 1 : byte + 1]))
            }
            do throws(HostError) {
                try set.commit(changes, call())
                return
            } catch {
                guard error.code == .condition, error.applied == .no else { throw error }
            }
        }
    }

    /// Commits of several objects, where the store makes them itself; elsewhere they are refused.
    @Test(arguments: BuiltDriver.everywhere)
    func objectsChangeTogetherOrNotAtAll(driver: BuiltDriver) throws {
        try DriverPlace.stores(driver, count: 2) { stores in
            func key(_ path: String) -> ObjectKey { ObjectKey(collection: "things", path: path) }
            let first = [
                Change.put(key("a"), [1], condition: .absent, attributes: ["x": "y"]),
                .put(key("b"), [UInt8](repeating: 7, count: 300_000), condition: .none),
                .check(key("c"), condition: .absent),
            ]
            guard stores[0].capabilities.supports(Capabilities.transaction) else {
                let refused = hostFailure { _ = try stores[0].commit(first, call()) }
                #expect(refused?.code == .unsupported && refused?.applied == .no)
                #expect(try stores[1].head(key("a"), call()) == nil)
                return
            }
            let infos = try stores[0].commit(first, call())
            #expect(try stores[1].head(key("a"), call()) == infos[0])
            #expect(try stores[1].head(key("b"), call()) == infos[1])
            let refusals: [[Change]] = [
                [
                    .put(key("c"), [1], condition: .none),
                    .remove(key("a"), condition: .version(infos[1].version)),
                ],
                [.remove(key("a"), condition: .none), .put(key("b"), [1], condition: .absent)],
                [
                    .put(key("a"), [2], condition: .version(infos[0].version)),
                    .check(key("b"), condition: .absent),
                ],
            ]
            for changes in refusals {
                let refused = hostFailure { _ = try stores[1].commit(changes, call()) }
                #expect(refused?.code == .condition && refused?.applied == .no)
                #expect(refused?.change == nil || refused?.change == 2)
                #expect(try stores[0].head(key("a"), call()) == infos[0])
                #expect(try stores[0].head(key("c"), call()) == nil)
            }
            #expect(
                try stores[1].commit(
                    [
                        .remove(key("a"), condition: .version(infos[0].version)),
                        .check(key("b"), condition: .version(infos[1].version)),
                        .remove(key("none"), condition: .none),
                    ], call()
                ).isEmpty)
            #expect(try stores[0].head(key("a"), call()) == nil)
        }
    }

    /// A random run of one set from two stores, against what it should be.
    @Test(arguments: BuiltDriver.everywhere)
    func randomCommits(driver: BuiltDriver) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("random commits on \(driver): seed \(seed)")
        var random = SeededGenerator(seed: seed)
        try DriverPlace.stores(driver, count: 2) { stores in
            let sets = try stores.map { try set($0) }
            var model: [String: RecordSet.Record] = [:]
            for step in 0..<60 {
                let note: Comment = "seed \(seed), step \(step)"
                let changes = Self.changes(model, &random)
                let set = sets[step % 2]
                let wanted = changes.firstIndex { !$0.holds(in: model) }.map { $0 + 1 }
                do throws(HostError) {
                    let version = try set.commit(changes, call())
                    #expect(wanted == nil, note)
                    for change in changes { change.apply(to: &model, version) }
                } catch {
                    #expect(error.code == .condition && error.change == wanted, note)
                }
                let records = try sets[(step + 1) % 2].read(call())
                #expect(records == model.values.sorted { $0.name < $1.name }, note)
            }
        }
    }

    private static func changes(
        _ model: [String: RecordSet.Record], _ random: inout SeededGenerator
    ) -> [RecordSet.RecordChange] {
        let names = ["a", "b", "c", "d", "e"].shuffled(using: &random)
        return names.prefix(Int.random(in: 1...4, using: &random)).map { name in
            // Mostly what is there, so that commits of several changes succeed now and then.
            let isHonest = Int.random(in: 0..<5, using: &random) > 0
            let version = isHonest ? model[name]?.version : model["a"]?.version
            let condition = version.map { Condition.version($0) } ?? .absent
            switch Int.random(in: 0..<4, using: &random) {
            case 0: return .init(name, condition, .check)
            case 1: return .init(name, version == nil ? .none : condition, .remove)
            default:
                let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                return .init(name, condition, .put(bytes))
            }
        }
    }
}

extension RecordSet.RecordChange {
    fileprivate func holds(in model: [String: RecordSet.Record]) -> Bool {
        switch condition {
        case .none: true
        case .absent: model[name] == nil
        case .version(let version): model[name]?.version == version
        }
    }

    fileprivate func apply(to model: inout [String: RecordSet.Record], _ version: Version) {
        switch action {
        case .check: break
        case .put(let bytes):
            model[name] = RecordSet.Record(name: name, bytes: bytes, version: version)
        case .remove: model[name] = nil
        }
    }
}

/// The error of the host that `body` throws; `nil` when it throws none.
private func hostFailure(_ body: () throws -> Void) -> HostError? {
    do { try body() } catch { return error as? HostError }
    return nil
}
