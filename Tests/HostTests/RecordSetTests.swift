import Dispatch
import Synchronization
import TestSupport
import Testing

@testable import Host

/// Record sets in both forms: as one document, and with an object for each record.
@Suite struct RecordSetTests {
    private let memory = MemoryStore()
    private let call = Call(timeout: .seconds(600))
    private let key = ObjectKey(collection: "sets", path: "run/1")

    enum Form: CaseIterable {
        case document, objects

        var capabilities: Capabilities { self == .objects ? .transactional : .all }
    }

    private func set(_ form: Form) throws -> RecordSet {
        try RecordSet(memory.store(capabilities: form.capabilities), at: key)
    }

    private func error(_ body: () throws -> Void) -> HostError? {
        do { try body() } catch { return error as? HostError }
        return nil
    }

    private func failing(_ applied: HostError.Applied) -> HostError {
        HostError(.unavailable, "ordered", applied: applied)
    }

    // MARK: - What holds in both forms

    @Test(arguments: Form.allCases)
    func aLife(form: Form) throws {
        let set = try set(form)
        #expect(try set.read(call).isEmpty)
        #expect(memory.keys.isEmpty)
        let bodies: [(String, [UInt8])] = [
            ("a", Array("text \"quoted\" \u{1F600}".utf8)), ("b", [0xFF, 0, 1]), ("c", []),
            ("d", Array(repeating: 7, count: 1000)), ("e\u{301}", Array("decomposed".utf8)),
            ("\u{E9}", Array("composed".utf8)),
        ]
        let first = try set.commit(bodies.map { .init($0.0, .absent, .put($0.1)) }, call)
        let all = try self.set(form).read(call)
        #expect(Set(all.map { Array($0.name.utf8) }) == Set(bodies.map { Array($0.0.utf8) }))
        for (name, bytes) in bodies {
            #expect(
                try set.read([name], call)
                    == [RecordSet.Record(name: name, bytes: bytes, version: first)])
        }
        let second = try set.commit(
            [
                .init("a", .version(first), .put([1])), .init("b", .none, .remove),
                .init("c", .version(first), .check), .init("z", .absent, .check),
                .init("none", .none, .remove),
            ], call)
        #expect(second != first)
        let some = try set.read(["a", "b", "c", "z"], call)
        #expect(some.map(\.name) == ["a", "c"] && some.map(\.version) == [second, first])
        // A, B, A is no return: the version is another.
        try set.commit([.init("a", .version(second), .put(bodies[0].1))], call)
        let stale = error { try set.commit([.init("a", .version(first), .put([2]))], call) }
        #expect(stale?.code == .condition)
    }

    @Test(arguments: Form.allCases)
    func aFailedConditionChangesNothingAndIsNamed(form: Form) throws {
        let set = try set(form)
        let version = try set.commit(
            [.init("a", .absent, .put([1])), .init("b", .absent, .put([1]))], call)
        let before = try set.read(call)
        let cases: [(RecordSet.RecordChange, Version?)] = [
            (.init("b", .absent, .put([2])), version), (.init("b", .absent, .check), version),
            (.init("b", .version(Version("x")), .put([2])), version),
            (.init("b", .version(Version("x")), .remove), version),
            (.init("c", .version(version), .check), nil),
            (.init("c", .version(version), .remove), nil),
        ]
        for (change, current) in cases {
            let failure = error { try set.commit([.init("a", .none, .put([9])), change], call) }
            #expect(failure?.code == .condition && failure?.change == 2)
            #expect(failure?.currentVersion == current && failure?.applied == .no)
            #expect(failure?.message.contains("\"\(change.name)\"") == true)
            #expect(failure?.key == key && failure?.store == "memory")
        }
        #expect(try set.read(call) == before)
    }

    @Test(arguments: Form.allCases)
    func checksWriteNothing(form: Form) throws {
        let set = try set(form)
        try set.commit([.init("a", .absent, .check)], call)
        #expect(memory.keys.isEmpty)
    }

    @Test(arguments: Form.allCases)
    func whatIsTooMuchIsRefused(form: Form) throws {
        let set = try set(form)
        let bad: [[RecordSet.RecordChange]] = [
            [], (0...24).map { .init("\($0)", .none, .put([])) }, [.init("", .none, .put([]))],
            [.init("a/b", .none, .put([]))], [.init("a\n", .none, .put([]))],
            [.init(String(repeating: "x", count: 129), .none, .put([]))],
            [.init("a", .none, .check)], [.init("a", .absent, .remove)],
            [.init("a", .none, .put([])), .init("a", .none, .remove)],
        ]
        for changes in bad {
            #expect(error { try set.commit(changes, call) }?.code == .invalid, "\(changes)")
        }
        #expect(memory.calls.isEmpty)
        let large = [UInt8](repeating: 0xFF, count: RecordSet.bytesMax - 1)
        try set.commit([.init("a", .none, .put(large))], call)
        #expect(try set.read(call).first?.bytes == large)
        let over = error { try set.commit([.init("b", .none, .put([]))], call) }
        #expect(over?.code == .tooLarge && over?.applied == .no)
        #expect(try set.read(call).count == 1)
        let at = { (path: String) in
            error { _ = try RecordSet(memory.store(), at: ObjectKey(collection: "c", path: path)) }
        }
        #expect(at("a/@b")?.code == .invalid && at("")?.code == .invalid)
        #expect(at((0..<251).map { _ in "xx" }.joined(separator: "/"))?.code == .invalid)
    }

    /// Every call fails once, before and after it took effect: what is there is before or after.
    @Test(arguments: Form.allCases, [MemoryStore.Moment.before, .after])
    func everyCallMayFail(form: Form, moment: MemoryStore.Moment) throws {
        for ordinal in 1...6 {
            for applied in [HostError.Applied.no, .unknown]
            where moment == .before || applied == .unknown {
                let key = ObjectKey(collection: "sets", path: "\(ordinal)/\(moment)/\(applied)")
                let set = try RecordSet(memory.store(capabilities: form.capabilities), at: key)
                let first = try set.commit(
                    [.init("a", .absent, .put([1])), .init("b", .absent, .put([1]))], call)
                memory.fail(ordinal, at: moment, with: failing(applied))
                let failure = error {
                    try set.commit(
                        [.init("a", .version(first), .put([2])), .init("b", .none, .remove)], call)
                }
                memory.clearFaults()
                let names = try set.read(call).map { "\($0.name)\($0.bytes)" }
                let isOld = names == ["a[1]", "b[1]"]
                #expect(isOld || names == ["a[2]"])
                if failure == nil { #expect(!isOld) }
                if failure?.applied == .no { #expect(isOld) }
            }
        }
    }

    /// The answer is lost and others commit before it is read back: the head still has our id.
    @Test(arguments: Form.allCases)
    func aLostAnswerIsResolvedUnderLaterCommits(form: Form) throws {
        let set = try set(form)
        try set.commit([.init("a", .absent, .put([1]))], call)
        let write: MemoryStore.Operation = form == .objects ? .commit : .put
        memory.fail(1, of: write, at: .after, with: failing(.unknown))
        let gets = Mutex(0)
        memory.onOperation { [self] operation, seen in
            guard operation == .get, seen == key else { return }
            let isSecond = gets.withLock { count in
                count += 1
                return count == 2
            }
            guard isSecond else { return }
            memory.onOperation(nil)
            _ = try? self.set(form).commit([.init("a", .none, .put([3]))], call)
        }
        try set.commit([.init("a", .none, .put([2])), .init("b", .absent, .put([2]))], call)
        #expect(try set.read(call).map(\.bytes) == [[3], [2]])
    }

    @Test(arguments: Form.allCases)
    func aTransferIsSeenWholeOrNotAtAll(form: Form) throws {
        let names = ["a", "b", "c", "d"]
        try set(form).commit(names.map { .init($0, .absent, .put([50])) }, call)
        let isOver = Atomic(false)
        let torn = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            guard let set = try? set(form) else { return }
            if thread == 3 {
                while !isOver.load(ordering: .relaxed) {
                    let sum = (try? set.read(call))?.reduce(0) { $0 + Int($1.bytes[0]) }
                    if let sum, sum != 200 { torn.wrappingAdd(1, ordering: .relaxed) }
                }
                return
            }
            var random = SeededGenerator(seed: UInt64(thread))
            for _ in 0..<40 { transfer(set, names, &random) }
            if thread == 0 { isOver.store(true, ordering: .relaxed) }
        }
        #expect(torn.load(ordering: .relaxed) == 0)
        #expect(try set(form).read(call).reduce(0) { $0 + Int($1.bytes[0]) } == 200)
    }

    private func transfer(
        _ set: RecordSet, _ names: [String], _ random: inout SeededGenerator
    ) {
        let pair = Array(names.shuffled(using: &random).prefix(2))
        while true {
            guard let records = try? set.read(pair, call), records.count == 2,
                let from = records[0].bytes.first, let to = records[1].bytes.first, from > 0
            else { return }
            let changes = [
                RecordSet.RecordChange(
                    records[0].name, .version(records[0].version), .put([from - 1])),
                .init(records[1].name, .version(records[1].version), .put([to + 1])),
            ]
            if (try? set.commit(changes, call)) != nil { return }
        }
    }

    // MARK: - What is there decides

    @Test func aSetStaysInItsForm() throws {
        try set(.document).commit([.init("a", .absent, .put([1]))], call)
        try set(.objects).commit([.init("b", .absent, .put([2]))], call)
        #expect(memory.keys == [key])
        #expect(try set(.document).read(call).map(\.bytes) == [[1], [2]])
        let other = ObjectKey(collection: "sets", path: "other")
        let transactional = try RecordSet(memory.store(capabilities: .transactional), at: other)
        try transactional.commit([.init("a", .absent, .put([1]))], call)
        #expect(memory.bytes(of: ObjectKey(collection: "sets", path: "other/@a")) == [1])
        let plain = try RecordSet(memory.store(), at: other)
        #expect(try plain.read(call).map(\.bytes) == [[1]])
        let refused = error { try plain.commit([.init("a", .none, .put([2]))], call) }
        #expect(refused?.code == .unsupported && refused?.applied == .no)
        // Too few changes at once are none.
        let few = Capabilities(
            Capabilities.all.all + [Capability(Capabilities.transaction, .native, limit: 24)])
        let third = ObjectKey(collection: "sets", path: "third")
        try RecordSet(memory.store(capabilities: few), at: third).commit(
            [.init("a", .absent, .put([1]))], call)
        #expect(memory.bytes(of: ObjectKey(collection: "sets", path: "third/@a")) == nil)
    }

    @Test func whatSomethingElseChangedIsFound() throws {
        let set = try set(.objects)
        try set.commit([.init("a", .absent, .put([1])), .init("b", .absent, .put([1]))], call)
        let record = ObjectKey(collection: "sets", path: "run/1/@a")
        _ = try memory.store().put(record, [2], condition: .none, call)
        #expect(error { _ = try set.read(call) }?.code == .corrupt)
        #expect(try set.read(["b"], call).count == 1)
        try set.commit([.init("a", .none, .put([3]))], call)
        #expect(try set.read(call).map(\.bytes) == [[3], [1]])
    }

    @Test func aForeignOrNewerHeadIsRefused() throws {
        let heads = [
            ("{}", HostError.Code.corrupt), ("not json", .corrupt),
            ("{\"format\":2}", .newerFormat),
            (
                #"{"format":1,"form":"document","sequence":1,"recent":[],"records":"#
                    + #"[{"name":"a","version":"v","bytes":2,"text":"x"}]}"#, .corrupt
            ),
        ]
        for (head, code) in heads {
            _ = try memory.store().put(key, Array(head.utf8), condition: .none, call)
            for form in Form.allCases {
                #expect(error { _ = try set(form).read(call) }?.code == code)
                let failure = error { try set(form).commit([.init("a", .none, .put([]))], call) }
                #expect(failure?.code == code && failure?.applied == .no)
            }
            #expect(memory.bytes(of: key) == Array(head.utf8))
        }
    }

    /// The very bytes that `docs/format.md` shows.
    @Test func theStoredBytes() throws {
        let head =
            #"{"form":"document","format":1,"recent":["w1"],"records":"#
            + #"[{"bytes":2,"name":"a","text":"hi","version":"w1"},"#
            + #"{"base64":"/wA=","bytes":2,"name":"b","version":"w1"}],"sequence":1}"#
        _ = try memory.store().put(key, Array(head.utf8), condition: .none, call)
        let records = try set(.document).read(call)
        #expect(records.map(\.bytes) == [Array("hi".utf8), [0xFF, 0]])
        #expect(records.map(\.version) == [Version("w1"), Version("w1")])
        #expect(try RecordSetDocument(json: Array(head.utf8)).json() == Array(head.utf8))
    }
}
