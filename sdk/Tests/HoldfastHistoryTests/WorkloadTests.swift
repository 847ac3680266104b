import HoldfastHistory
import Synchronization
import Testing

@Suite("Contended workload") struct WorkloadTests {
    private let seed = UInt64.random(in: 0...UInt64(UInt32.max))

    /// A correct store behind one lock; `makeVersion` gets the number and the value of the write.
    private final class LockedStore: Sendable {
        private struct Content {
            var writes: UInt64 = 0
            var objects: [String: (value: UInt64, version: History.Version)] = [:]
        }
        private let content = Mutex(Content())
        private let makeVersion: @Sendable (UInt64, UInt64) -> History.Version

        init(
            makeVersion: @escaping @Sendable (UInt64, UInt64) -> History.Version = { number, _ in
                History.Version("w\(number)")
            }
        ) { self.makeVersion = makeVersion }

        var calls: ContendedWorkload.Store {
            ContendedWorkload.Store(
                put: { call, value, condition in
                    self.content.withLock { content in
                        let current = content.objects[call.key]?.version
                        guard Self.holds(condition, current) else {
                            return .refused(current: current)
                        }
                        content.writes += 1
                        let version = self.makeVersion(content.writes, value)
                        content.objects[call.key] = (value, version)
                        return .wrote(version)
                    }
                },
                remove: { call, condition in
                    self.content.withLock { content in
                        let current = content.objects[call.key]?.version
                        guard Self.holds(condition, current) else {
                            return .refused(current: current)
                        }
                        content.objects[call.key] = nil
                        return .removed
                    }
                },
                read: { call in
                    self.content.withLock { content in
                        content.objects[call.key].map { .found(value: $0.value, $0.version) }
                            ?? .absent
                    }
                },
                head: { call in
                    self.content.withLock { content in
                        content.objects[call.key].map { .saw($0.version) } ?? .absent
                    }
                })
        }

        private static func holds(
            _ condition: History.Condition, _ current: History.Version?
        ) -> Bool {
            switch condition {
            case .none: true
            case .absent: current == nil
            case .version(let version): current == version
            }
        }
    }

    @Test("the history of a correct store is accepted and complete", arguments: [1, 4, 16])
    func correct(_ clients: Int) throws {
        let workload = ContendedWorkload(
            seed: seed, clients: clients, keys: 2, operationsPerClient: 60)
        let history = try workload.run(LockedStore().calls)
        #expect(history.operations.count == clients * 60)
        #expect(history.keys == ["k0", "k1"])
        #expect(Set(history.operations.map(\.invocation)).count == clients * 60)
        let verdict = HistoryChecker().check(history)
        #expect(verdict == .linearizable, "seed \(seed): \(verdict)")
        for client in 0..<clients {
            let own = history.operations.filter { $0.client == client }
            for (earlier, later) in zip(own, own.dropFirst()) {
                #expect(earlier.response < later.invocation, "a client does one thing at a time")
            }
        }
    }

    @Test("versions that come from the bytes are found") func contentVersions() throws {
        let store = LockedStore { _, value in History.Version("v\(value)") }
        let history = try ContendedWorkload(seed: seed).run(store.calls)
        guard case .violation(let violation) = HistoryChecker().check(history) else {
            Issue.record("seed \(seed): accepted")
            return
        }
        #expect(violation.kind == .reusedVersion, "seed \(seed): \(violation)")
    }

    @Test("a store that takes every condition for true is found") func ignoredConditions() throws {
        let store = LockedStore().calls
        var blind = store
        blind.put = { call, value, _ in store.put(call, value, .none) }
        let history = try ContendedWorkload(seed: seed).run(blind)
        guard case .violation(let violation) = HistoryChecker().check(history) else {
            Issue.record("seed \(seed): accepted")
            return
        }
        #expect(violation.operations.count <= 6, "seed \(seed): \(violation)")
    }

    @Test("what a client asks depends on the seed and the answers only") func seeded() throws {
        func run(_ seed: UInt64) throws -> [History.Action] {
            try ContendedWorkload(seed: seed, clients: 1).run(LockedStore().calls).operations.map(
                \.action)
        }
        #expect(try run(seed) == run(seed))
        #expect(try run(seed) != run(seed &+ 1), "seed \(seed)")
    }
}
