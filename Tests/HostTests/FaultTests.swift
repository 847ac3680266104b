import TestSupport
import Testing

@testable import Host

@Suite("Injected faults")
struct FaultTests {
    private let memory = MemoryStore()
    private let key = ObjectKey(collection: "c", path: "a/b")
    private let call = Call(timeout: .seconds(30))

    private func store(_ rules: String..., seed: UInt64 = 1) throws -> Store {
        let plan = FaultPlan(try rules.map { try FaultRule($0) }, seed: seed)
        return Store(
            name: "faulty", driverID: "memory", addressing: .place, capabilities: .all,
            operations: FaultLayer(base: memory, plan: plan))
    }

    private func failure(_ body: () throws -> Void) throws -> HostError {
        try #require(throws: HostError.self, performing: body)
    }

    @Test("an error strikes what its rule names, and nothing is done")
    func error() throws {
        let store = try store("error code=throttled on=put,get key=c/a nth=2")
        _ = try store.put(key, [1], condition: .none, call)
        let other = ObjectKey(collection: "other", path: "a")
        _ = try store.put(other, [1], condition: .none, call)
        let error = try failure { _ = try store.put(key, [2], condition: .none, call) }
        #expect(error.code == .throttled && error.applied == .no)
        #expect(error.retry == .same(after: .zero))
        #expect(try store.read(key, maxByteCount: 10, call)?.bytes == [1])
    }

    @Test("every and rate strike as often as they say")
    func triggers() throws {
        let every = FaultPlan([try FaultRule("delay on=ping every=3")])
        let struck = (1...9).filter { _ in !every.strikes(.ping, []).isEmpty }
        #expect(struck == [3, 6, 9])
        let seed = UInt64.random(in: 0...UInt64.max)
        let half = FaultPlan([try FaultRule("error rate=0.5")], seed: seed)
        let again = FaultPlan([try FaultRule("error rate=0.5")], seed: seed)
        let first = (0..<400).map { _ in half.strikes(.list, []).count }
        let second = (0..<400).map { _ in again.strikes(.list, []).count }
        #expect(first == second, "seed \(seed)")
        #expect((100...300).contains(first.reduce(0, +)), "seed \(seed)")
        let never = FaultPlan([try FaultRule("error rate=0")])
        #expect((0..<100).allSatisfy { _ in never.strikes(.get, [key]).isEmpty })
    }

    @Test("a lost answer is a write that took effect")
    func lostAnswer() throws {
        let store = try store("lost-answer nth=1")
        let error = try failure { _ = try store.put(key, [7], condition: .absent, call) }
        #expect(error.code == .unavailable && error.applied == .unknown)
        #expect(try store.read(key, maxByteCount: 10, call)?.bytes == [7])
    }

    @Test("the retry layer resolves a lost answer")
    func resolved() throws {
        let plan = FaultPlan([try FaultRule("lost-answer nth=1")])
        let store = Store(
            name: "faulty", driverID: "memory", addressing: .place, capabilities: .all,
            operations: RetryLayer(base: FaultLayer(base: memory, plan: plan)))
        _ = try store.put(key, [7], condition: .absent, call)
        #expect(try store.read(key, maxByteCount: 10, call)?.bytes == [7])
    }

    @Test("a short read is found out by the store")
    func shortRead() throws {
        let store = try store("short-read")
        _ = try store.put(key, Array(0..<100), condition: .none, call)
        let error = try failure { _ = try store.read(key, maxByteCount: 1000, call) }
        #expect(error.code == .internalError && error.message.contains("50 bytes of 100"))
    }

    @Test("a flipped bit, a truncated write and a stale read are not found out here")
    func silent() throws {
        let flipping = try store("bit-flip nth=1")
        _ = try flipping.put(key, Array(0..<100), condition: .none, call)
        let flipped = try #require(try flipping.read(key, maxByteCount: 1000, call)).bytes
        #expect(zip(flipped, 0..<100).filter { $0 != $1 }.count == 1)
        #expect(try flipping.read(key, maxByteCount: 1000, call)?.bytes == Array(0..<100))

        let truncating = try store("truncate nth=1")
        let info = try truncating.put(key, Array(0..<100), condition: .none, call)
        #expect(info.byteCount == 100)
        #expect(try truncating.read(key, maxByteCount: 1000, call)?.bytes == Array(0..<50))

        let stale = try store("stale-read nth=1 on=get", "stale-read nth=1 on=head")
        _ = try stale.put(key, [9], condition: .none, call)
        #expect(try stale.read(key, maxByteCount: 1000, call)?.bytes == Array(0..<50))
        #expect(try stale.head(key, call)?.byteCount == 50)
        #expect(try stale.read(key, maxByteCount: 1000, call)?.bytes == [9])
    }

    @Test("a duplicate writes twice, and a condition refuses the second")
    func duplicate() throws {
        let store = try store("duplicate")
        let first = try store.put(key, [1, 2, 3], condition: .absent, call)
        #expect(try store.head(key, call)?.version == first.version)
        let second = try store.put(key, [4], condition: .none, call)
        let found = try #require(try store.read(key, maxByteCount: 10, call))
        #expect(found.bytes == [4] && found.info.version != second.version)
    }

    @Test("a delay hears the deadline, a hang does not")
    func waiting() throws {
        let store = try store("delay for=1h on=head", "hang for=50ms on=ping")
        let error = try failure { _ = try store.head(key, Call(timeout: .milliseconds(20))) }
        #expect(error.code == .deadline)
        let late = Call(timeout: .milliseconds(1))
        _ = try? store.ping(late)
        #expect(late.remaining == .zero)
    }

    @Test(
        "a rule that cannot be read is refused with what is wrong",
        arguments: [
            ("", "of no known kind"), ("eror", "did you mean \"error\"?"),
            ("error rate=2", "not from 0 to 1"), ("error nth=0", "from 1 on"),
            ("error nth=1 rate=0.5", "more than one of"), ("error nth=1 nth=2", "twice"),
            ("error code=nonsense", "the code"), ("delay code=io", "takes no code"),
            ("truncate on=get", "cannot strike get"), ("error on=gett", "did you mean \"get\"?"),
            ("delay for=ever", "write 200ms"), ("error at=1", "unknown name"),
            ("error nth", "NAME=VALUE"), ("error key=", "NAME=VALUE"),
        ])
    func bad(rule: String, message: String) throws {
        let error = try failure { _ = try FaultRule(rule) }
        #expect(error.code == .invalid && error.message.contains(message), "\(error.message)")
    }
}
