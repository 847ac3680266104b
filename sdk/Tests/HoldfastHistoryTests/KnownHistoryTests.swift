import HoldfastHistory
import Testing

/// An operation on the key `k`, for short tables.
func step(
    _ client: Int, _ invocation: UInt64, _ response: UInt64, _ action: History.Action,
    _ outcome: History.Outcome, key: String = "k"
) -> History.Operation {
    History.Operation(
        client: client, key: key, action: action, outcome: outcome, invocation: invocation,
        response: response)
}

let v1 = History.Version("v1")
let v2 = History.Version("v2")
let v3 = History.Version("v3")

@Suite("Known histories") struct KnownHistoryTests {
    private func check(_ operations: [History.Operation]) -> HistoryVerdict {
        HistoryChecker().check(History(operations))
    }

    private func violation(_ operations: [History.Operation]) throws -> HistoryViolation {
        guard case .violation(let violation) = check(operations) else {
            throw UnexpectedVerdict(verdict: check(operations))
        }
        return violation
    }

    @Test("what a correct store does is accepted") func correct() {
        #expect(check([]) == .linearizable)
        #expect(
            check([
                step(0, 1, 2, .read, .absent),
                step(0, 3, 4, .put(value: 1, .absent), .wrote(v1)),
                step(1, 5, 10, .put(value: 2, .version(v1)), .wrote(v2)),
                step(2, 6, 9, .put(value: 3, .version(v1)), .refused(current: v2)),
                step(3, 7, 8, .read, .found(value: 1, v1)),
                step(0, 11, 12, .put(value: 9, .absent), .refused(current: nil)),
                step(0, 13, 14, .remove(.version(v2)), .removed),
                step(0, 15, 16, .remove(.none), .removed),
                step(0, 17, 18, .head, .absent),
                step(0, 19, 20, .put(value: 2, .none), .wrote(v3)),
                step(0, 21, 22, .head, .saw(v3)),
                step(0, 23, 24, .put(value: 5, .version(v1)), .notApplied),
            ]) == .linearizable)
    }

    @Test("keys are judged apart, and versions of two keys may be equal") func keys() throws {
        let good = [
            step(0, 1, 2, .put(value: 1, .absent), .wrote(v1), key: "a"),
            step(0, 3, 4, .put(value: 2, .absent), .wrote(v1), key: "b"),
        ]
        #expect(check(good) == .linearizable)
        let bad = try violation(good + [step(1, 5, 6, .read, .absent, key: "b")])
        #expect((bad.key, bad.kind, bad.operations.count) == ("b", .noOrder, 2))
    }

    @Test("an update that another one overwrites unseen is found") func lostUpdate() throws {
        let bad = try violation([
            step(0, 1, 2, .put(value: 1, .absent), .wrote(v1)),
            step(0, 3, 4, .read, .found(value: 1, v1)),
            step(1, 5, 8, .put(value: 2, .version(v1)), .wrote(v2)),
            step(2, 6, 7, .put(value: 3, .version(v1)), .wrote(v3)),
            step(0, 9, 10, .read, .found(value: 3, v3)),
        ])
        // Two winners of one compare-and-swap; the reads add nothing.
        #expect(bad.kind == .noOrder)
        #expect(bad.operations.map(\.invocation) == [1, 5, 6])
        #expect(bad.omitted == 2)
    }

    @Test("a read of what was overwritten before is found") func staleRead() throws {
        let bad = try violation([
            step(0, 1, 2, .put(value: 1, .none), .wrote(v1)),
            step(0, 3, 4, .put(value: 2, .none), .wrote(v2)),
            step(1, 5, 6, .read, .found(value: 1, v1)),
            step(1, 7, 8, .put(value: 3, .none), .wrote(v3)),
        ])
        #expect(bad.kind == .noOrder)
        #expect(bad.operations.map(\.invocation) == [1, 3, 5])
        #expect(
            bad.description == """
                "k": no order of these operations explains their results
                CLIENT  START  END  OPERATION  RESULT
                     0      1    2  put #1     wrote version v1
                     0      3    4  put #2     wrote version v2
                     1      5    6  read       found #1, version v1
                1 more operations of this key are not needed to see it
                """)
    }

    @Test("two that made the same object are found") func twoCreators() throws {
        let bad = try violation([
            step(0, 1, 4, .put(value: 1, .absent), .wrote(v1)),
            step(1, 2, 3, .put(value: 2, .absent), .wrote(v2)),
        ])
        #expect((bad.kind, bad.operations.count) == (.noOrder, 2))
    }

    @Test("what nobody wrote is found") func neverWritten() throws {
        let bytes = try violation([
            step(0, 1, 2, .put(value: 1, .none), .wrote(v1)),
            step(0, 3, 4, .read, .found(value: 7, v2)),
        ])
        #expect((bytes.kind, bytes.operations.count) == (.neverWritten, 1))
        #expect(try violation([step(0, 1, 2, .head, .saw(v1))]).kind == .neverWritten)
        let mixed = try violation([
            step(0, 1, 2, .put(value: 1, .none), .wrote(v1)),
            step(0, 3, 4, .read, .found(value: 7, v1)),
        ])
        #expect((mixed.kind, mixed.operations.count) == (.changedBytes, 2))
    }

    @Test("a version that names two writes is a violation in itself") func reusedVersion() throws {
        let bad = try violation([
            step(0, 1, 2, .put(value: 1, .none), .wrote(v1)),
            step(0, 3, 4, .put(value: 2, .none), .wrote(v2)),
            step(0, 5, 6, .put(value: 1, .none), .wrote(v1)),
        ])
        #expect(bad.kind == .reusedVersion)
        #expect(bad.operations.map(\.invocation) == [1, 5])
        let same = try violation([
            step(0, 1, 2, .put(value: 1, .none), .unknown),
            step(0, 3, 4, .put(value: 1, .version(v1)), .wrote(v1)),
        ])
        #expect(same.kind == .reusedVersion)
        // The second write's own answer was lost, but the version comes back.
        let lost = try violation([
            step(0, 1, 2, .put(value: 1, .none), .wrote(v1)),
            step(0, 3, 4, .put(value: 2, .none), .wrote(v2)),
            step(0, 5, 6, .put(value: 1, .none), .unknown),
            step(0, 7, 8, .read, .found(value: 1, v1)),
        ])
        #expect(lost.kind == .noOrder)
    }

    @Test("a write that failed without effect must not be seen") func notApplied() throws {
        let bad = try violation([
            step(0, 1, 2, .put(value: 1, .none), .notApplied),
            step(0, 3, 4, .read, .found(value: 1, v1)),
        ])
        #expect((bad.kind, bad.operations.count) == (.neverWritten, 2))
    }

    @Test("a write of unknown outcome may be seen at any later time, once") func unknown() throws {
        let write = step(0, 1, 2, .put(value: 1, .none), .unknown)
        let between = [
            step(0, 3, 4, .read, .absent),
            step(1, 5, 6, .put(value: 2, .absent), .wrote(v1)),
            step(1, 7, 8, .remove(.version(v1)), .removed),
        ]
        #expect(check([write] + between) == .linearizable)
        let late = [step(0, 9, 10, .read, .found(value: 1, v2))]
        #expect(check([write] + between + late) == .linearizable)
        #expect(
            check([write] + between + late + [step(1, 11, 12, .head, .saw(v2))]) == .linearizable)
        let twice = [
            step(1, 11, 12, .remove(.none), .removed), step(1, 13, 14, .head, .saw(v2)),
        ]
        #expect(try violation([write] + between + late + twice).kind == .noOrder)
        let tooEarly = [step(0, 3, 4, .read, .found(value: 1, v2))]
        let afterwards = step(0, 5, 6, .put(value: 1, .none), .unknown)
        #expect(try violation(tooEarly + [afterwards]).kind == .noOrder)
    }

    @Test("an unknown remove explains an absence, an unknown swap keeps its condition")
    func unknownConditions() throws {
        let start = step(0, 1, 2, .put(value: 1, .absent), .wrote(v1))
        let gone = step(1, 5, 6, .read, .absent)
        #expect(
            check([start, step(0, 3, 4, .remove(.version(v1)), .unknown), gone]) == .linearizable)
        #expect(try violation([start, gone]).kind == .noOrder)
        #expect(
            try violation([start, step(0, 3, 4, .remove(.version(v2)), .unknown), gone]).kind
                == .noOrder)
        let swap = step(0, 3, 4, .put(value: 2, .version(v1)), .unknown)
        let seen = step(1, 9, 10, .read, .found(value: 2, v3))
        #expect(check([start, swap, seen]) == .linearizable)
        let other = step(1, 5, 6, .put(value: 3, .version(v1)), .wrote(v2))
        #expect(try violation([start, swap, other, seen]).kind == .noOrder)
    }

    @Test("unknown writes of different bytes do not stand for each other") func unknownBytes() {
        #expect(
            check([
                step(0, 1, 1, .put(value: 1, .none), .unknown),
                step(1, 2, 2, .put(value: 2, .none), .unknown),
                // The second one came first, and the first one much later.
                step(2, 3, 4, .put(value: 3, .absent), .refused(current: nil)),
                step(2, 5, 6, .remove(.none), .removed),
                step(2, 7, 8, .read, .absent),
                step(2, 9, 10, .read, .found(value: 1, v1)),
            ]) == .linearizable)
    }

    @Test("answers that an operation cannot have are violations") func impossible() throws {
        for operation in [
            step(0, 1, 2, .put(value: 1, .none), .refused(current: nil)),
            step(0, 1, 2, .put(value: 1, .version(v1)), .refused(current: v1)),
            step(0, 1, 2, .read, .removed), step(0, 2, 1, .read, .absent),
        ] {
            #expect(try violation([operation]).kind == .impossibleAnswer)
        }
        let absent = step(0, 1, 2, .put(value: 1, .absent), .refused(current: nil))
        #expect(try violation([absent]).kind == .noOrder)
    }

    @Test("a search without an answer is no proof") func undecided() {
        let verdict = HistoryChecker(stepLimit: 1).check(
            History([
                step(0, 1, 2, .put(value: 1, .none), .wrote(v1)),
                step(0, 3, 4, .put(value: 2, .none), .wrote(v2)),
                step(0, 5, 6, .read, .found(value: 2, v2)),
            ]))
        #expect(verdict == .undecided(key: "k", steps: 1))
        #expect(!verdict.isLinearizable)
        #expect(verdict.description.contains("counts as a failure"))
    }
}

struct UnexpectedVerdict: Error {
    var verdict: HistoryVerdict
}
