import Synchronization
import TestSupport
import Testing

@testable import Host

/// Commits of several changes: what may be asked, what may be answered, and every layer around them.
@Suite struct CommitTests {
    private let memory = MemoryStore()
    private let call = Call(timeout: .seconds(600))

    private func key(_ path: String) -> ObjectKey { ObjectKey(collection: "c", path: path) }

    private func store(_ operations: any StoreOperations) -> Store {
        Store(
            name: "s", driverID: "memory", addressing: .place, capabilities: .transactional,
            operations: operations)
    }

    private var store: Store { store(memory) }

    private var retrying: Store {
        var policy = RetryPolicy()
        policy.attempts = 4
        policy.pause = { _, call throws(HostError) in try call.check() }
        return store(RetryLayer(base: memory, policy: policy))
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

    private func commits() -> Int { memory.calls.count { $0 == .commit } }

    @discardableResult
    private func put(_ path: String, _ bytes: [UInt8] = [0]) throws -> ObjectInfo {
        try store.put(key(path), bytes, condition: .none, call)
    }

    // MARK: - The store

    @Test func allChangesOrNone() throws {
        let old = try put("old")
        let gone = try put("gone")
        let infos = try store.commit(
            [
                .check(key("none"), condition: .absent),
                .put(key("new"), [1], condition: .absent, attributes: ["a": "b"]),
                .remove(key("gone"), condition: .version(gone.version)),
                .put(key("old"), [2, 2], condition: .version(old.version)),
            ], call)
        #expect(infos.map(\.byteCount) == [1, 2])
        #expect(infos[0].attributes == ["a": "b"] && !infos[0].writeID.isEmpty)
        #expect(infos[0].writeID == infos[1].writeID)
        #expect(try store.head(key("new"), call) == infos[0])
        #expect(memory.keys == [key("new"), key("old")])
        let refused = error {
            _ = try store.commit(
                [
                    .put(key("more"), [1], condition: .absent),
                    .remove(key("new"), condition: .none),
                    .put(key("old"), [3], condition: .version(old.version)),
                ], call)
        }
        #expect(refused?.code == .condition && refused?.change == 3)
        #expect(refused?.key == key("old") && refused?.currentVersion == infos[1].version)
        #expect(memory.keys == [key("new"), key("old")])
    }

    @Test func badCommitsNeverReachTheDriver() {
        let long = ObjectKey(collection: "c", path: String(repeating: "x", count: 201))
        let cases: [([Change], HostError.Code, Int?)] = [
            ([], .invalid, nil),
            ((0...64).map { .put(key("\($0)"), [], condition: .none) }, .tooLarge, nil),
            ([.check(key("a"), condition: .none)], .invalid, 1),
            (
                [.put(key("a"), [], condition: .none), .remove(key("b"), condition: .absent)],
                .invalid, 2
            ),
            (
                [.put(key("a"), [], condition: .none), .check(key("a"), condition: .absent)],
                .invalid, 2
            ),
            ([.put(long, [], condition: .none)], .invalid, 1),
            ([.check(key("a"), condition: .version(Version(token: [])))], .invalid, 1),
            ([.put(key("a"), [], condition: .none, attributes: ["write-id": "x"])], .invalid, 1),
        ]
        for (changes, code, change) in cases {
            let failure = error { _ = try store.commit(changes, call) }
            #expect(failure?.code == code && failure?.change == change, "\(failure?.message ?? "")")
            #expect(failure?.applied == .no)
        }
        let plain = memory.store()
        let refused = error { _ = try plain.commit([.check(key("a"), condition: .absent)], call) }
        #expect(refused?.code == .unsupported && refused?.message.contains("transaction") == true)
        #expect(memory.calls.isEmpty)
    }

    @Test func aBrokenSourceIsNamedAndNothingIsWritten() {
        let broken = HostError(.source, "the upload broke")
        let failure = error {
            _ = try store.commit(
                [
                    .put(key("a"), [1], condition: .none),
                    Change(
                        key("b"), .none,
                        .put(StreamSource([1], failure: broken), attributes: [:])),
                ], call)
        }
        #expect(failure?.message == "the upload broke" && failure?.change == 2)
        #expect(failure?.key == key("b") && failure?.applied == .no)
        #expect(memory.keys.isEmpty)
    }

    /// Changes what a commit answers.
    private struct Liar: ObservingLayer {
        let base: any StoreOperations
        let lie: @Sendable (inout [ObjectInfo]) -> Void

        func observe<R>(
            _ operation: ObservedOperation, _ call: Call, _ body: (Call) throws(HostError) -> R
        ) throws(HostError) -> R {
            let result = try body(call)
            guard var infos = result as? [ObjectInfo] else { return result }
            lie(&infos)
            return infos as? R ?? result
        }
    }

    @Test func nonsenseIsRefused() {
        let lies: [@Sendable (inout [ObjectInfo]) -> Void] = [
            { $0.removeLast() }, { $0[1].byteCount += 1 }, { $0[0].attributes["x"] = "y" },
            { $0[1].version = Version(token: []) }, { $0.append($0[0]) },
        ]
        for lie in lies {
            let failure = error {
                _ = try store(Liar(base: memory, lie: lie)).commit(
                    [
                        .put(key("a"), [1], condition: .none),
                        .put(key("b"), [1, 2], condition: .none),
                    ], call)
            }
            #expect(failure?.code == .internalError && failure?.applied == .unknown)
        }
    }

    // MARK: - Injected faults

    @Test func faultsStrikeCommits() throws {
        func faulty(_ rule: String) throws -> Store {
            store(FaultLayer(base: memory, plan: FaultPlan([try FaultRule(rule)], seed: 1)))
        }
        func commit(_ store: Store, _ byte: UInt8) throws {
            _ = try store.commit(
                [
                    .put(key("a"), [byte, byte], condition: .none),
                    .put(key("b/c"), [byte, byte], condition: .none),
                ], call)
        }
        let before = try faulty("error code=throttled on=commit key=c/b")
        #expect(error { try commit(before, 1) }?.code == .throttled)
        #expect(memory.keys.isEmpty)
        #expect(error { try commit(try faulty("error on=put"), 1) } == nil)
        let after = try faulty("lost-answer")
        #expect(error { try commit(after, 2) }?.applied == .unknown)
        #expect(memory.bytes(of: key("b/c")) == [2, 2])
        try commit(try faulty("truncate"), 3)
        #expect(memory.bytes(of: key("a")) == [3] && memory.bytes(of: key("b/c")) == [3])
        let count = commits()
        try commit(try faulty("duplicate"), 4)
        #expect(commits() == count + 2 && memory.bytes(of: key("a")) == [4, 4])
    }

    // MARK: - Retries

    @Test(arguments: [HostError.Code.unavailable, .deadline, .throttled, .conflict])
    func aLostAnswerOfAnAppliedCommitIsSuccess(code: HostError.Code) throws {
        let old = try put("old")
        memory.fail(1, of: .commit, at: .after, with: failing(code, applied: .unknown))
        let infos = try retrying.commit(
            [
                .put(key("old"), [1], condition: .version(old.version)),
                .put(key("new"), [2], condition: .none),
            ], call)
        #expect(commits() == 1)
        #expect(try store.head(key("old"), call) == infos[0])
        #expect(try store.head(key("new"), call) == infos[1])
    }

    @Test func aLostRequestIsSentAgain() throws {
        for condition in [Condition.absent, .none] {
            let path = "\(condition)"
            memory.fail(1, of: .commit, at: .before, with: failing(applied: .unknown))
            let infos = try retrying.commit(
                [
                    .put(key(path), [1], condition: condition),
                    .put(key(path + "2"), [1], condition: condition),
                ], call)
            #expect(try store.head(key(path), call) == infos[0])
        }
    }

    /// Both objects are ours or none, so the first proves the commit; of the second, which another has
    /// overwritten, nobody can say which version it had.
    @Test(arguments: [0, 1])
    func oneObjectProvesTheCommit(rivalAt: Int) throws {
        memory.fail(1, of: .commit, at: .after, with: failing(applied: .unknown))
        let keys = [key("a"), key("b")]
        overtake(on: .head) { _ = try? $0.put(keys[rivalAt], [9], condition: .none, self.call) }
        let failure = error {
            _ = try retrying.commit(keys.map { .put($0, [1], condition: .absent) }, call)
        }
        #expect(failure?.applied == .yes && failure?.code == .conflict)
        #expect(failure?.change == rivalAt + 1 && failure?.key == keys[rivalAt])
        #expect(memory.bytes(of: keys[1 - rivalAt]) == [1])
    }

    /// The commit arrives between the two looks.
    @Test func aCommitThatArrivesWhileItIsReadBackIsSuccess() throws {
        memory.fail(1, of: .commit, at: .before, with: failing(applied: .unknown))
        let late = Mutex<[ObjectKey: [String: String]]>([:])
        let looks = Mutex(0)
        let recording = Recording(base: memory) { changes in
            for change in changes {
                late.withLock { $0[change.key] = change.putAttributes }
            }
        }
        let store = store(RetryLayer(base: recording))
        memory.onOperation { [memory, call] operation, _ in
            let look = looks.withLock { count in
                count += operation == .head ? 1 : 0
                return count
            }
            guard operation == .head, look == 2 else { return }
            let changes = late.withLock { $0 }.map { key, attributes in
                Change.put(key, [1], condition: .absent, attributes: attributes)
            }
            _ = try? memory.commit(changes, call)
        }
        let infos = try store.commit(
            [.put(key("a"), [1], condition: .absent), .put(key("b"), [1], condition: .absent)],
            call)
        #expect(infos.count == 2 && memory.bytes(of: key("b")) == [1])
    }

    /// Hands on what is committed.
    private struct Recording: StoreOperations {
        let base: any StoreOperations
        let note: @Sendable ([Change]) -> Void

        func head(_ key: ObjectKey, _ call: Call) throws(HostError) -> ObjectInfo? {
            try base.head(key, call)
        }
        func get(
            _ key: ObjectKey, _ range: ByteRange, _ call: Call,
            begin: (ObjectInfo) throws(HostError) -> Void,
            body: (UnsafeRawBufferPointer) throws(HostError) -> Void
        ) throws(HostError) -> ObjectInfo? {
            try base.get(key, range, call, begin: begin, body: body)
        }
        func put(
            _ key: ObjectKey, _ request: PutRequest, from source: any ByteSource, _ call: Call
        ) throws(HostError) -> ObjectInfo {
            try base.put(key, request, from: source, call)
        }
        func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(HostError) {
            try base.remove(key, condition, call)
        }
        func commit(_ changes: [Change], _ call: Call) throws(HostError) -> [ObjectInfo] {
            note(changes)
            return try base.commit(changes, call)
        }
        func list(_ listing: Listing, _ call: Call) throws(HostError) -> [Entry] {
            try base.list(listing, call)
        }
        func ping(_ call: Call) throws(HostError) -> StoreClock? { try base.ping(call) }
        func close(_ call: Call) { base.close(call) }
    }

    @Test func aConditionThatOurOwnCommitBrokeIsSuccess() throws {
        memory.fail(1, of: .commit, at: .after, with: failing(applied: .no))
        let infos = try retrying.commit(
            [.put(key("a"), [1], condition: .absent), .put(key("b"), [1], condition: .none)], call)
        #expect(commits() == 2)
        #expect(try store.head(key("b"), call) == infos[1])
    }

    @Test func anHonestConditionIsPassedOn() throws {
        let current = try put("a")
        let failure = error {
            _ = try retrying.commit(
                [.put(key("b"), [1], condition: .none), .put(key("a"), [1], condition: .absent)],
                call)
        }
        #expect(failure?.code == .condition && failure?.applied == .no && failure?.change == 2)
        #expect(failure?.currentVersion == current.version)
        #expect(memory.calls == [.put, .commit])
    }

    @Test func anothersWriteAfterALostAnswerIsSaidSo() throws {
        let old = try put("a")
        memory.fail(1, of: .commit, at: .before, with: failing(applied: .unknown))
        let key = key("a")
        overtake(on: .head) { _ = try? $0.put(key, [9], condition: .none, self.call) }
        let failure = error {
            _ = try retrying.commit(
                [
                    .check(self.key("x"), condition: .absent),
                    .put(key, [1], condition: .version(old.version)),
                ], call)
        }
        #expect(failure?.code == .condition && failure?.applied == .unknown)
        #expect(failure?.change == 2 && failure?.key == key)
        #expect(memory.bytes(of: key) == [9])
    }

    @Test(arguments: [HostError.Code.io, .full, .corrupt, .internalError])
    func aCommitThatFailedInTheStoreIsNeverTakenForASuccess(code: HostError.Code) {
        memory.fail(
            1, of: .commit, at: .after,
            with: failing(code, applied: .unknown, retry: .same(after: .zero)))
        let changes = [Change.put(key("a"), [1], condition: .absent)]
        let failure = error { _ = try retrying.commit(changes, call) }
        #expect(failure?.code == code && failure?.applied == .unknown)
        #expect(memory.calls == [.commit])
    }

    @Test func whatCannotBeReadBackIsUnknown() {
        memory.fail(1, of: .commit, at: .after, with: failing(applied: .unknown))
        for ordinal in 1...9 {
            memory.fail(ordinal, of: .head, at: .before, with: failing(.io, retry: .never))
        }
        let changes = [Change.put(key("a"), [1], condition: .absent)]
        let failure = error { _ = try retrying.commit(changes, call) }
        #expect(failure?.applied == .unknown && commits() == 1)
    }

    @Test func aSourceThatWasReadIsNotReadAgain() {
        memory.fail(1, of: .commit, at: .before, with: failing())
        let failure = error {
            _ = try retrying.commit(
                [
                    .put(key("a"), [1], condition: .none),
                    Change(key("b"), .none, .put(StreamSource([1, 2]), attributes: [:])),
                ], call)
        }
        #expect(failure?.code == .unavailable && failure?.applied == .no && commits() == 1)
    }

    /// For every call that fails, before or after it took effect, one transfer is one transfer.
    @Test(arguments: 1...12, [MemoryStore.Moment.before, .after])
    func aTransferLosesNothing(ordinal: Int, moment: MemoryStore.Moment) throws {
        let store = retrying
        try put("a", [4])
        try put("b", [0])
        memory.fail(ordinal, at: moment, with: failing(applied: .unknown))
        for _ in 1...4 {
            let (a, b) = (
                try #require(try store.read(key("a"), maxByteCount: 1, call)),
                try #require(try store.read(key("b"), maxByteCount: 1, call))
            )
            _ = try store.commit(
                [
                    .put(key("a"), [a.bytes[0] - 1], condition: .version(a.info.version)),
                    .put(key("b"), [b.bytes[0] + 1], condition: .version(b.info.version)),
                ], call)
        }
        #expect(memory.bytes(of: key("a")) == [0] && memory.bytes(of: key("b")) == [4])
    }

    // MARK: - Commits that put nothing

    @Test(arguments: [HostError.Applied.no, .unknown], [MemoryStore.Moment.before, .after])
    func checksAreRepeatedAndChangeNothing(
        applied: HostError.Applied, moment: MemoryStore.Moment
    ) throws {
        let there = try put("a")
        let checks = [
            Change.check(key("a"), condition: .version(there.version)),
            .check(key("b"), condition: .absent),
        ]
        memory.fail(1, of: .commit, at: moment, with: failing(applied: applied))
        #expect(try retrying.commit(checks, call).isEmpty)
        #expect(commits() == 2)
        for ordinal in 1...4 {
            memory.fail(ordinal, of: .commit, at: moment, with: failing(applied: applied))
        }
        let failure = error { _ = try retrying.commit(checks, call) }
        #expect(failure?.code == .unavailable && failure?.applied == .no)
        try put("b")
        memory.fail(1, of: .commit, at: .before, with: failing(applied: applied))
        let refused = error { _ = try retrying.commit(checks, call) }
        #expect(refused?.code == .condition && refused?.applied == .no && refused?.change == 2)
    }

    @Test func aLostRemovalIsResolved() throws {
        let guardian = try put("guard")
        for moment in [MemoryStore.Moment.before, .after] {
            for isChecked in [true, false] {
                let old = try put("a")
                let check = Change.check(key("guard"), condition: .version(guardian.version))
                memory.fail(1, of: .commit, at: moment, with: failing(applied: .unknown))
                _ = try retrying.commit(
                    [.remove(key("a"), condition: .version(old.version))]
                        + (isChecked ? [check] : []), call)
                #expect(memory.keys == [key("guard")])
            }
        }
    }

    /// That an object is absent now does not tell whether it was when the others were removed.
    @Test func aRemovalWhoseCheckCannotBeJudgedAnyMoreIsUnknown() throws {
        let old = try put("a")
        let guardian = try put("guard")
        let remove = Change.remove(key("a"), condition: .version(old.version))
        memory.fail(1, of: .commit, at: .after, with: failing(applied: .unknown))
        let absent = error {
            _ = try retrying.commit([remove, .check(key("none"), condition: .absent)], call)
        }
        #expect(absent?.applied == .unknown && absent?.code == .unavailable)
        let again = try put("a")
        memory.fail(1, of: .commit, at: .after, with: failing(applied: .unknown))
        overtake(on: .head) { _ = try? $0.put(self.key("guard"), [9], condition: .none, self.call) }
        let changed = error {
            _ = try retrying.commit(
                [
                    .remove(key("a"), condition: .version(again.version)),
                    .check(key("guard"), condition: .version(guardian.version)),
                ], call)
        }
        #expect(changed?.applied == .unknown)
    }

    /// Lets a rival act once, right before the next call of `operation`.
    private func overtake(
        on operation: MemoryStore.Operation, by act: @escaping @Sendable (Store) -> Void
    ) {
        let flag = Once()
        memory.onOperation { [memory] current, _ in
            guard current == operation, flag.takeFirst() else { return }
            act(memory.store())
        }
    }
}
