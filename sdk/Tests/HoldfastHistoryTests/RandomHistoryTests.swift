import Testing

@testable import HoldfastHistory

@Suite("Random histories") struct RandomHistoryTests {
    /// A new seed each time, printed with every failure.
    private let seed = UInt64.random(in: 0...UInt64(UInt32.max))

    @Test("what a correct store did is accepted", arguments: [2, 4, 8, 16])
    func correct(_ clients: Int) {
        for round in 0..<12 {
            let seed = seed &+ UInt64(round)
            var store = CorrectStore(seed: seed)
            let history = store.history(
                clients: clients, count: 300, lostShare: round % 3, values: round % 2 == 0 ? 0 : 3)
            let verdict = HistoryChecker().check(History(history))
            #expect(verdict == .linearizable, "seed \(seed), \(clients) clients: \(verdict)")
        }
    }

    @Test("the checker and trying every order agree on small histories") func bruteForce() {
        var accepted = 0
        var rejected = 0
        for round in 0..<3000 {
            let seed = seed &+ UInt64(round)
            var generator = SeededGenerator(seed: seed)
            var store = CorrectStore(seed: seed)
            var history = store.history(
                clients: Int.random(in: 2...4, using: &generator),
                count: Int.random(in: 2...5, using: &generator), lostShare: 20,
                values: round % 2 == 0 ? 0 : 2)
            if round % 8 > 0 { mutate(&history, &generator) }
            let expected = BruteForce.accepts(history)
            let verdict = HistoryChecker().check(History(history))
            #expect(
                verdict.isLinearizable == expected,
                "seed \(seed): \(verdict), but trying every order says \(expected): \(history)")
            if round % 8 == 0 { #expect(expected, "seed \(seed)") }
            if expected { accepted += 1 } else { rejected += 1 }
        }
        // Both kinds occur often, or the comparison shows nothing.
        #expect(accepted > 500 && rejected > 500, "\(accepted) accepted, seed \(seed)")
    }

    @Test("what is shown of a violation is one by itself") func explanations() {
        for round in 0..<300 {
            let seed = seed &+ UInt64(round)
            var generator = SeededGenerator(seed: seed)
            var store = CorrectStore(seed: seed)
            var history = store.history(clients: 3, count: 6, lostShare: 10)
            mutate(&history, &generator)
            guard case .violation(let violation) = HistoryChecker().check(History(history)) else {
                continue
            }
            #expect(!BruteForce.accepts(violation.operations), "seed \(seed): \(violation)")
            #expect(violation.operations.count + violation.omitted == history.count)
        }
    }

    @Test("one planted defect in a long history is found and shown small", arguments: Defect.all)
    func planted(_ defect: Defect) throws {
        for round in 0..<4 {
            let seed = seed &+ UInt64(round)
            var generator = SeededGenerator(seed: seed)
            var store = CorrectStore(seed: seed)
            var history = store.history(
                clients: [3, 8, 16, 5][round], count: 300, lostShare: round % 2 * 3)
            guard defect.plant(&history, &generator) else { continue }
            let verdict = HistoryChecker().check(History(history))
            guard case .violation(let violation) = verdict else {
                Issue.record("seed \(seed), \(defect.name): \(verdict)")
                continue
            }
            // As many as there are clients at the most, and what they wrote before: of 300.
            #expect(
                violation.operations.count <= 20, "seed \(seed), \(defect.name): \(violation)")
        }
    }

    /// Changes one answer, mostly so that it is wrong.
    private func mutate(
        _ history: inout [History.Operation], _ generator: inout SeededGenerator
    ) {
        let versions =
            history.compactMap(\.writtenVersion) + history.compactMap(\.seenVersion)
            + [History.Version("t0")]
        let values = history.compactMap(\.putValue) + [77]
        guard let index = history.indices.randomElement(using: &generator),
            let version = versions.randomElement(using: &generator),
            let value = values.randomElement(using: &generator)
        else { return }
        let choice = Int.random(in: 0..<5, using: &generator)
        switch history[index].action {
        case .read: history[index].outcome = choice == 0 ? .absent : .found(value: value, version)
        case .head: history[index].outcome = choice == 0 ? .absent : .saw(version)
        case .put:
            history[index].outcome =
                [.notApplied, .refused(current: nil), .refused(current: version), .unknown][
                    safe: choice] ?? .wrote(choice == 4 ? History.Version("new") : version)
        case .remove:
            history[index].outcome =
                [.notApplied, .refused(current: nil), .refused(current: version), .unknown][
                    safe: choice] ?? .removed
        }
    }
}

extension Array {
    fileprivate subscript(safe index: Int) -> Element? {
        indices.contains(index) ? self[index] : nil
    }
}

extension History.Outcome {
    /// Whether bytes were read under this version.
    fileprivate func isFound(_ version: History.Version) -> Bool {
        if case .found(_, version) = self { true } else { false }
    }
}

/// A change that makes any history wrong.
struct Defect: Sendable, CustomTestStringConvertible {
    var name: String
    /// Plants it; `false` when the history has no place for it.
    var plant: @Sendable (inout [History.Operation], inout SeededGenerator) -> Bool

    var testDescription: String { name }

    static let all = [
        Defect(name: "stale read") { history, generator in
            let writes = history.filter { $0.writtenVersion != nil }
            for index in history.indices.shuffled(using: &generator) {
                let read = history[index]
                guard case .found = read.outcome,
                    let newer = writes.filter({ $0.response < read.invocation }).last,
                    let older = writes.filter({ $0.response < newer.invocation }).randomElement(
                        using: &generator),
                    let value = older.putValue, let version = older.writtenVersion
                else { continue }
                history[index].outcome = .found(value: value, version)
                return true
            }
            return false
        },
        Defect(name: "lost update") { history, generator in
            // A second winner: the version that it replaced was replaced by another one before.
            for index in history.indices.shuffled(using: &generator) {
                guard case .refused = history[index].outcome, history[index].putValue != nil,
                    let condition = history[index].condition,
                    case .version = condition,
                    history.contains(where: {
                        $0.condition == condition && $0.writtenVersion != nil
                    })
                else { continue }
                history[index].outcome = .wrote(History.Version("planted"))
                return true
            }
            return false
        },
        Defect(name: "version of an older write") { history, generator in
            let writes = history.indices.filter { history[$0].writtenVersion != nil }
            guard let first = writes.first, let last = writes.dropFirst().last else { return false }
            history[last].outcome = history[first].outcome
            return true
        },
        Defect(name: "bytes of nobody") { history, generator in
            for index in history.indices.shuffled(using: &generator) {
                guard case .found = history[index].outcome else { continue }
                history[index].outcome = .found(value: 5, History.Version("planted"))
                return true
            }
            return false
        },
        Defect(name: "a write denied, but seen") { history, generator in
            for index in history.indices.shuffled(using: &generator) {
                guard let version = history[index].writtenVersion,
                    history.contains(where: { $0.outcome.isFound(version) })
                else { continue }
                history[index].outcome = .notApplied
                return true
            }
            return false
        },
    ]
}
