import State
import Synchronization
import TestSupport
import Testing

@testable import Diagnosis
@testable import Host

/// What the checks see in stores that misbehave.
@Suite struct StoreChecksTests {
    /// What came of an examination of one store.
    private struct Outcome {
        let content: Chart.Content
        let keys: [ObjectKey]

        subscript(id: String) -> Finding? {
            content.findings.first { $0.id == id }?.finding
        }

        var failed: [String] {
            content.findings.filter { $0.finding.verdict == .failed }.map(\.id)
        }
    }

    private func examine(
        _ lies: LyingStore.Lies = .init(), capabilities: Capabilities = .all,
        isReadOnly: Bool = false, call: Call = Call(timeout: .seconds(20)),
        memory: MemoryStore = MemoryStore()
    ) -> Outcome {
        let chart = Chart()
        let store = LyingStore(memory, lies).store(capabilities: capabilities)
        StoreExamination.examine(
            StoreBench(store, workspace: "", chart), isReadOnly: isReadOnly, call)
        return Outcome(content: chart.now, keys: memory.keys)
    }

    private func lies(_ change: (inout LyingStore.Lies) -> Void) -> LyingStore.Lies {
        var lies = LyingStore.Lies()
        change(&lies)
        return lies
    }

    private let denied = HostError(.forbidden, "AccessDenied", advice: "grant it")

    @Test func aGoodStoreIsWellAndKeepsNothing() {
        let outcome = examine()
        #expect(outcome.failed == [])
        #expect(outcome.keys == [])
        for id in [
            "list", "write", "read", "list.fresh", "condition.absent", "condition.version",
            "delete", "clock", "latency.ping", "latency.put", "latency.get", "scratch",
        ] {
            #expect(outcome[id]?.verdict == .ok, "\(id): \(outcome[id]?.seen ?? "missing")")
        }
        #expect(outcome["identity"]?.verdict == .notApplicable)
        #expect(outcome["policy"]?.verdict == .notApplicable)
        #expect(outcome.content.leftBehind == [])
    }

    @Test func ignoredConditionsFailWithTheClassOfIntegrity() {
        let outcome = examine(lies { $0.ignoresConditions = true })
        #expect(outcome.failed.contains("condition.absent"))
        #expect(outcome.failed.contains("condition.version"))
        #expect(outcome["condition.absent"]?.code == .corrupt)
        #expect(outcome["condition.version"]?.code == .corrupt)
        #expect(outcome.keys == [])
    }

    @Test func anIgnoredConditionOfARemovalFails() {
        let outcome = examine(lies { $0.ignoresConditionsOfRemovals = true })
        #expect(outcome.failed == ["condition.version"])
        #expect(outcome["condition.version"]?.seen.contains("removal") == true)
    }

    @Test func aRefusedWriteThatHappensAllTheSameFails() {
        let outcome = examine(lies { $0.writesWhatItRefuses = true })
        #expect(outcome.failed.contains("condition.absent"))
        #expect(outcome["condition.absent"]?.seen.contains("refused changed") == true)
    }

    @Test func aConditionThatIsNotOfferedFailsWithItsNote() {
        let capabilities = Capabilities([
            Capability(Capabilities.conditionAbsent, .none, note: "eight writers all won"),
            Capability(Capabilities.conditionVersion, .native),
        ])
        let outcome = examine(capabilities: capabilities)
        #expect(outcome.failed == ["condition.absent"])
        #expect(outcome["condition.absent"]?.code == .unsupported)
        #expect(outcome["condition.absent"]?.seen.contains("eight writers all won") == true)
        #expect(outcome["condition.version"]?.verdict == .ok)
        #expect(outcome.keys == [])
    }

    @Test func aDeniedWriteLeavesTheOtherChecksAlone() {
        let outcome = examine(lies { $0.refusals[.put] = denied })
        #expect(outcome.failed == ["write"])
        #expect(outcome["write"]?.code == .forbidden)
        #expect(outcome["write"]?.advice == "grant it")
        #expect(outcome["read"]?.verdict == .ok)
        for id in ["condition.absent", "condition.version", "delete", "latency.put"] {
            #expect(outcome[id]?.verdict == .notTried)
        }
        #expect(outcome.content.leftBehind == [])
    }

    @Test func aDeniedRemovalIsToldWithWhatStays() {
        let outcome = examine(lies { $0.refusals[.remove] = denied })
        #expect(outcome.failed == ["delete"])
        #expect(outcome["scratch"]?.verdict == .warning)
        #expect(outcome.content.leftBehind.count == 6)
        #expect(outcome.keys.allSatisfy { $0.collection == "doctor" })
        #expect(Set(outcome.content.leftBehind) == Set(outcome.keys.map(\.description)))
    }

    @Test func whatAnEarlierExaminationLeftIsRemovedWhenItIsOld() throws {
        for (ahead, rest) in [(7_200_000_000_000, 0), (60_000_000_000, 1)] as [(Int64, Int)] {
            let memory = MemoryStore()
            let old = ObjectKey(collection: "doctor", path: "0123-object.bin")
            _ = try memory.store().put(old, [1], condition: .none, Call(timeout: nil))
            // By the store's clock the new object is so much younger than what is listed.
            let outcome = examine(lies { $0.aheadNanoseconds = ahead }, memory: memory)
            #expect(outcome.keys.count == rest)
            #expect(outcome["list"]?.seen.contains("1 object of earlier") == true)
            #expect(outcome["scratch"]?.seen.contains("and 1 of earlier") == (rest == 0))
        }
    }

    @Test func aDeniedListingFailsAlone() {
        let outcome = examine(lies { $0.refusals[.list] = denied })
        #expect(outcome.failed == ["list", "list.fresh"])
        #expect(outcome.keys == [])
    }

    @Test func aListingWithoutTheNewObjectFails() {
        #expect(examine(lies { $0.hidesObjects = true }).failed == ["list.fresh"])
    }

    @Test func otherBytesFail() {
        let outcome = examine(lies { $0.changesBytes = true })
        #expect(outcome.failed == ["read"])
        #expect(outcome["read"]?.code == .corrupt)
    }

    @Test func aRemovalThatDoesNothingFails() {
        let outcome = examine(lies { $0.keepsRemoved = true })
        #expect(outcome.failed.contains("delete"))
    }

    @Test func readOnlyWritesNothing() {
        let memory = MemoryStore()
        let outcome = examine(isReadOnly: true, memory: memory)
        #expect(outcome.failed == [])
        #expect(!memory.calls.contains(.put) && !memory.calls.contains(.remove))
        #expect(outcome["write"]?.verdict == .notTried)
        #expect(outcome["read"]?.verdict == .ok)
        #expect(outcome["latency.ping"]?.verdict == .ok)
        #expect(outcome["scratch"] == nil)
    }

    // MARK: - Clocks

    @Test(
        arguments: [
            (0, Verdict.ok), (4_000_000_000, .ok), (60_000_000_000, .warning),
            (-60_000_000_000, .warning),
        ] as [(Int64, Verdict)])
    func theClockOfThePingCounts(ahead: Int64, verdict: Verdict) {
        let outcome = examine(
            lies {
                $0.clockDomain = "server:1"
                $0.aheadNanoseconds = ahead
            })
        #expect(outcome["clock"]?.verdict == verdict, "\(outcome["clock"]?.seen ?? "")")
        guard verdict == .warning else { return }
        #expect(outcome["clock"]?.seen.contains(ahead > 0 ? "behind" : "ahead of") == true)
    }

    @Test func theTimeOfAChangeCountsWhereThereIsNoClock() {
        let outcome = examine(lies { $0.aheadNanoseconds = 3_600_000_000_000 })
        #expect(outcome["clock"]?.verdict == .warning)
        #expect(outcome["clock"]?.seen.contains("object's change") == true)
    }

    @Test func whatTheServiceDoesNotTolerateFails() {
        let answer =
            #"{"principal":"me","clock":{"ahead_ns":-1000000000000,"uncertainty_ns":1000,"tolerance_ns":900000000000}}"#
        let outcome = examine(lies { $0.answers["lying.identity"] = answer })
        #expect(outcome["clock"]?.verdict == .failed)
        #expect(outcome["clock"]?.code == .unauthenticated)
    }

    @Test func thisMachinesOwnClockIsNoMatter() {
        let outcome = examine(lies { $0.clockDomain = "boot:1" })
        #expect(outcome["clock"]?.verdict == .ok)
        #expect(outcome["clock"]?.measured.isEmpty == true)
    }

    @Test func anUncertainReadingIsNoWarning() {
        let answer =
            #"{"principal":"me","clock":{"ahead_ns":8000000000,"uncertainty_ns":7000000000}}"#
        let outcome = examine(lies { $0.answers["lying.identity"] = answer })
        #expect(outcome["clock"]?.verdict == .ok)
    }

    // MARK: - What the driver says

    private let policy =
        #"{"kind":"x","document":"GRANT ALL","grants":["#
        + #"{"right":"x:Put","on":"place","for":["write"]},"#
        + #"{"right":"x:Get","on":"place","for":["read","write"]}]}"#

    @Test func aDriverSaysWhoAsksAndWhatIsNeeded() {
        let outcome = examine(
            lies {
                $0.answers["lying.identity"] = #"{"principal":"me","source":"the options"}"#
                $0.answers["lying.policy"] = policy
            })
        #expect(outcome["identity"]?.seen == "me, by the options")
        #expect(outcome.content.identity?["principal"]?.text == "me")
        #expect(outcome["policy"]?.verdict == .ok)
        #expect(outcome.content.missingGrants == [])
    }

    @Test func theMissingRightIsNamedAndNoOther() {
        let outcome = examine(
            lies {
                $0.answers["lying.policy"] = policy
                $0.refusals[.put] = denied
            })
        #expect(outcome.content.missingGrants.map(\.right) == ["x:Put"])
        #expect(outcome["policy"]?.verdict == .warning)
        #expect(outcome["policy"]?.seen == "missing: x:Put on place")
    }

    @Test(arguments: ["", "[]", "{", #"{"principal":7}"#, #"{"source":"x"}"#])
    func aWrongAnswerIsAWarning(answer: String) {
        let outcome = examine(
            lies {
                $0.answers["lying.identity"] = answer
                $0.answers["lying.policy"] = answer
            })
        #expect(outcome["identity"]?.verdict == .warning)
        #expect(outcome["policy"]?.verdict == .warning)
        #expect(outcome.failed == [])
    }

    // MARK: - Time

    @Test func timesHaveAMedianAndAWorst() {
        let slow = Latency.finding([1, 5, 3, 2, 4].map { $0 * 1_000_000_000 })
        #expect(slow.verdict == .warning)
        #expect(slow.seen == "median 3000.00 ms, worst 5000.00 ms of 5")
        let quick = Latency.finding([1_230_000, 1_000_000, 9_990_000])
        #expect(quick.verdict == .ok)
        #expect(quick.seen == "median 1.23 ms, worst 9.99 ms of 3")
    }

    @Test func theEndOfTheTimeLeavesTheRest() {
        let outcome = examine(
            lies { $0.delay = .milliseconds(30) }, call: Call(timeout: .milliseconds(100)))
        #expect(outcome["policy"]?.verdict == .notTried)
        #expect(outcome["policy"]?.seen == "there was no time left")
        // What was written is removed after the end.
        #expect(outcome.keys == [])
    }

    @Test func anInterruptedExaminationLeavesNothing() {
        let memory = MemoryStore()
        let call = Call(timeout: .seconds(20))
        // The listing before the first write is let through.
        let first = Mutex(true)
        memory.onOperation { operation, _ in
            guard operation == .list else { return }
            let isFirst = first.withLock { first in
                defer { first = false }
                return first
            }
            if !isFirst { call.cancel() }
        }
        let outcome = examine(call: call, memory: memory)
        #expect(memory.calls.contains(.put))
        #expect(outcome["delete"]?.verdict == .notTried)
        #expect(outcome["delete"]?.seen == "interrupted")
        #expect(outcome.keys == [])
        #expect(outcome.content.leftBehind == [])
    }

    @Test func aChartThatIsClosedStaysAsItIs() {
        let chart = Chart()
        chart.begin(StoreChecks.write)
        chart.close(HostError(.stuck, "the driver did not return"))
        chart.note(StoreChecks.write, Finding(.ok, "late"))
        #expect(chart.now.findings.map(\.id) == ["write"])
        #expect(chart.now.findings.first?.finding.code == .stuck)
    }
}
