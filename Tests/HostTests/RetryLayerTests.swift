import Synchronization
import TestSupport
import Testing

@testable import Host

/// The retry layer against a store in memory whose calls fail as ordered.
@Suite struct RetryLayerTests {
    private let memory = MemoryStore()
    private let call = Call(timeout: .seconds(600))
    private let key = ObjectKey(collection: "c", path: "p")
    private let pauses = Pauses()

    private final class Pauses: Sendable {
        let all = Mutex<[Duration]>([])
    }

    private var store: Store {
        var policy = RetryPolicy()
        policy.attempts = 4
        policy.pick = { $0 }
        policy.pause = { [pauses] duration, call throws(HostError) in
            pauses.all.withLock { $0.append(duration) }
            try call.check()
        }
        return Store(
            name: "s", driverID: "memory", addressing: .place, capabilities: .all,
            operations: RetryLayer(base: memory, policy: policy))
    }

    private func failing(
        _ code: HostError.Code = .unavailable, applied: HostError.Applied = .no,
        retry: HostError.Retry = .same(after: .zero)
    ) -> HostError {
        HostError(code, "ordered", applied: applied, retry: retry)
    }

    private func error(_ body: () throws -> Void) -> HostError? {
        do { try body() } catch { return error as? HostError }
        return nil
    }

    private func puts() -> Int { memory.calls.count { $0 == .put } }

    // MARK: - Nothing was applied

    @Test(arguments: 1...5)
    func writesThatDidNothingAreTriedAgainUpToTheBound(failures: Int) throws {
        for ordinal in 1...failures {
            memory.fail(ordinal, of: .put, at: .before, with: failing())
        }
        if failures < 4 {
            _ = try store.put(key, [1], condition: .absent, call)
            #expect(memory.bytes(of: key) == [1])
            #expect(puts() == failures + 1)
        } else {
            let failure = error { _ = try store.put(key, [1], condition: .absent, call) }
            #expect(failure?.code == .unavailable)
            #expect(failure?.applied == .no)
            #expect(memory.keys.isEmpty)
            #expect(puts() == 4)
        }
    }

    @Test func pausesGrowAndHonourTheStore() throws {
        memory.fail(1, of: .head, at: .before, with: failing())
        memory.fail(2, of: .head, at: .before, with: failing())
        let slow = failing(.throttled, retry: .same(after: .seconds(7)))
        memory.fail(3, of: .head, at: .before, with: slow)
        _ = try store.head(key, call)
        #expect(
            pauses.all.withLock { $0 } == [.milliseconds(50), .milliseconds(100), .seconds(7)])
    }

    @Test func nothingIsTriedPastTheDeadline() throws {
        let call = Call(timeout: .seconds(5))
        let slow = failing(.throttled, retry: .same(after: .seconds(7)))
        memory.fail(1, of: .head, at: .before, with: slow)
        #expect(error { _ = try store.head(key, call) }?.code == .throttled)
        #expect(memory.calls == [.head])
        #expect(pauses.all.withLock { $0 }.isEmpty)
    }

    @Test(arguments: [HostError.Retry.never, .reopen])
    func whatWillFailAgainIsNotTriedAgain(retry: HostError.Retry) {
        memory.fail(1, of: .put, at: .before, with: failing(retry: retry))
        let failure = error { _ = try store.put(key, [1], condition: .none, call) }
        #expect(failure?.code == .unavailable)
        #expect(puts() == 1)
    }

    @Test func aCancelledCallIsNotTriedAgain() {
        memory.onOperation { [call] _, _ in call.cancel() }
        memory.fail(1, of: .head, at: .before, with: failing())
        #expect(error { _ = try store.head(key, call) }?.code == .cancelled)
        #expect(memory.calls.isEmpty)
    }

    @Test(arguments: 1...3)
    func readsAreTriedAgain(failures: Int) throws {
        _ = try store.put(key, [1, 2], condition: .none, call)
        for ordinal in 1...failures {
            memory.fail(ordinal, at: .before, with: failing())
        }
        #expect(try store.read(key, maxByteCount: 9, call)?.bytes == [1, 2])
        for ordinal in 1...failures { memory.fail(ordinal, at: .before, with: failing()) }
        #expect(try store.list(Listing(collection: "c"), call).count == 1)
        for ordinal in 1...failures { memory.fail(ordinal, at: .before, with: failing()) }
        #expect(try store.ping(call) != nil)
    }

    @Test func aReadThatBeganIsNotRepeated() throws {
        _ = try store.put(key, [1, 2], condition: .none, call)
        let mine = failing()
        var begins = 0
        let failure = error {
            _ = try store.get(
                key, call, begin: { _ in begins += 1 },
                body: { _ throws(HostError) in throw mine })
        }
        #expect(failure?.code == .unavailable)
        #expect(begins == 1)
        #expect(memory.calls == [.put, .get])
    }

    @Test func aSourceThatWasReadIsNotReadAgain() {
        memory.fail(1, of: .put, at: .before, with: failing())
        let failure = error {
            _ = try store.put(key, from: StreamSource([1, 2, 3]), condition: .none, call)
        }
        #expect(failure?.code == .unavailable)
        #expect(failure?.applied == .no)
        #expect(puts() == 1)
    }

    @Test func aFailedSourceIsNotReadAgain() {
        let broken = HostError(.unavailable, "the upload broke", retry: .same(after: .zero))
        let failure = error {
            _ = try store.put(
                key, from: StreamSource([1], failure: broken), condition: .none, call)
        }
        #expect(failure?.message == "the upload broke")
        #expect(memory.calls.isEmpty)
        #expect(memory.keys.isEmpty)
    }

    // MARK: - The answer was lost

    /// Every condition, every way to lose the answer: the caller hears of success, once.
    @Test(arguments: [HostError.Code.unavailable, .deadline, .throttled, .conflict])
    func aLostAnswerOfAnAppliedWriteIsSuccess(code: HostError.Code) throws {
        let old = try store.put(key, [0], condition: .absent, call)
        for condition in [Condition.version(old.version), .none] {
            memory.fail(1, of: .put, at: .after, with: failing(code, applied: .unknown))
            let before = puts()
            let info = try store.put(
                key, [1, 2], condition: condition, attributes: ["a": "b"], call)
            #expect(puts() == before + 1)
            #expect(info.attributes == ["a": "b"])
            #expect(try store.head(key, call) == info)
        }
    }

    @Test func aLostRequestIsSentAgain() throws {
        for condition in [Condition.absent, .none] {
            let key = ObjectKey(collection: "c", path: "\(condition)")
            memory.fail(1, of: .put, at: .before, with: failing(applied: .unknown))
            let info = try store.put(key, [1], condition: condition, call)
            #expect(try store.head(key, call) == info)
        }
        let old = try store.put(key, [0], condition: .absent, call)
        memory.fail(1, of: .put, at: .before, with: failing(applied: .unknown))
        _ = try store.put(key, [5], condition: .version(old.version), call)
        #expect(memory.bytes(of: key) == [5])
    }

    /// The answer of the first attempt is lost and so is the read-back; the second attempt meets the
    /// first one's object.
    @Test func aConditionThatOurOwnWriteBrokeIsSuccess() throws {
        memory.fail(1, of: .put, at: .after, with: failing(applied: .no))
        let info = try store.put(key, [1], condition: .absent, call)
        #expect(puts() == 2)
        #expect(try store.head(key, call) == info)
    }

    @Test func anothersWriteIsAFailedCondition() throws {
        let old = try store.put(key, [0], condition: .absent, call)
        // Ours takes effect, its answer is lost, and before the read-back another write lands.
        memory.fail(1, of: .put, at: .after, with: failing(applied: .unknown))
        let rival = memory.store()
        overtake(on: .head, by: rival)
        let failure = error {
            _ = try store.put(key, [1], condition: .version(old.version), call)
        }
        #expect(failure?.code == .condition)
        #expect(failure?.applied == .unknown)
        #expect(failure?.currentVersion == (try rival.head(key, call)?.version))
        #expect(memory.bytes(of: key) == [9])
    }

    @Test func anUnconditionalWriteNeverOverwritesWhatCameAfterIt() throws {
        memory.fail(1, of: .put, at: .after, with: failing(applied: .unknown))
        overtake(on: .head, by: memory.store())
        let failure = error { _ = try store.put(key, [1], condition: .none, call) }
        #expect(failure?.code == .conflict)
        #expect(failure?.applied == .unknown)
        #expect(failure?.retry == .never)
        #expect(memory.bytes(of: key) == [9])
    }

    @Test func anHonestConditionIsPassedOn() throws {
        let current = try store.put(key, [0], condition: .absent, call)
        let failure = error { _ = try store.put(key, [1], condition: .absent, call) }
        #expect(failure?.code == .condition)
        #expect(failure?.applied == .no)
        #expect(failure?.currentVersion == current.version)
        #expect(memory.calls == [.put, .put])
    }

    @Test func whatCannotBeReadBackIsUnknown() {
        memory.fail(1, of: .put, at: .after, with: failing(applied: .unknown))
        for ordinal in 1...9 {
            memory.fail(ordinal, of: .head, at: .before, with: failing(.io, retry: .never))
        }
        let failure = error { _ = try store.put(key, [1], condition: .absent, call) }
        #expect(failure?.code == .unavailable)
        #expect(failure?.applied == .unknown)
        #expect(failure?.message.contains("unknown") == true)
        #expect(puts() == 1)
    }

    /// That bytes can be read does not make them durable.
    @Test(arguments: [HostError.Code.io, .full, .corrupt, .internalError])
    func aWriteThatFailedInTheStoreIsNeverTakenForASuccess(code: HostError.Code) {
        memory.fail(
            1, of: .put, at: .after,
            with: failing(code, applied: .unknown, retry: .same(after: .zero)))
        let failure = error { _ = try store.put(key, [1], condition: .absent, call) }
        #expect(failure?.code == code)
        #expect(failure?.applied == .unknown)
        #expect(memory.calls == [.put])
    }

    @Test func whatMayStillArriveStaysUnknown() {
        for ordinal in 1...4 {
            memory.fail(ordinal, of: .put, at: .before, with: failing(applied: .unknown))
        }
        let failure = error { _ = try store.put(key, [1], condition: .absent, call) }
        #expect(failure?.applied == .unknown)
        #expect(puts() == 4)
    }

    @Test func aLaterFailureCannotPromiseThatNothingArrived() {
        memory.fail(1, of: .put, at: .before, with: failing(applied: .unknown))
        memory.fail(2, of: .put, at: .before, with: failing(.forbidden, retry: .never))
        let failure = error { _ = try store.put(key, [1], condition: .absent, call) }
        #expect(failure?.code == .forbidden)
        #expect(failure?.applied == .unknown)
    }

    /// The store failed, said that nothing was applied, and yet the bytes are there: readable is not
    /// durable, so this is no success.
    @Test func aVisibleWriteAfterAFailureOfTheStoreStaysUnknown() {
        memory.fail(1, of: .put, at: .after, with: failing(.io, retry: .same(after: .zero)))
        let failure = error { _ = try store.put(key, [1], condition: .absent, call) }
        #expect(failure?.code == .condition)
        #expect(failure?.applied == .unknown)
    }

    /// For every number of the call that fails, before or after it took effect, one increment is one
    /// increment.
    @Test(arguments: 1...12, [MemoryStore.Moment.before, .after])
    func aCounterLosesNothing(ordinal: Int, moment: MemoryStore.Moment) throws {
        let store = store
        memory.fail(ordinal, at: moment, with: failing(applied: .unknown))
        for _ in 1...4 {
            let current = try store.read(key, maxByteCount: 1, call)
            let condition = current.map { Condition.version($0.info.version) } ?? .absent
            _ = try store.put(key, [(current?.bytes[0] ?? 0) + 1], condition: condition, call)
        }
        #expect(memory.bytes(of: key) == [4])
    }

    // MARK: - Removals

    @Test func aLostRemovalIsResolved() throws {
        for moment in [MemoryStore.Moment.before, .after] {
            let old = try store.put(key, [0], condition: .absent, call)
            memory.fail(1, of: .remove, at: moment, with: failing(applied: .unknown))
            try store.remove(key, condition: .version(old.version), call)
            #expect(memory.keys.isEmpty)
        }
    }

    @Test func aRemovalThatMeetsAnothersObjectLeavesIt() throws {
        let old = try store.put(key, [0], condition: .absent, call)
        for condition in [Condition.version(old.version), .none] {
            memory.fail(1, of: .remove, at: .after, with: failing(applied: .unknown))
            overtake(on: .head, by: memory.store())
            let failure = error { try store.remove(key, condition: condition, call) }
            #expect(failure?.code == (condition == .none ? .conflict : .condition))
            #expect(failure?.applied == .unknown)
            #expect(memory.bytes(of: key) == [9])
        }
    }

    /// Lets `rival` write once, right before the next call of `operation`.
    private func overtake(on operation: MemoryStore.Operation, by rival: Store) {
        let flag = Once()
        memory.onOperation { [key, call] current, _ in
            guard current == operation, flag.takeFirst() else { return }
            _ = try? rival.put(key, [9], condition: .none, call)
        }
    }
}
