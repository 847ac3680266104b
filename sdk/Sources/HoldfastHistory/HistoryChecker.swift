/// Decides whether a history could have come from one correct store.
///
/// Every key is a register with compare-and-swap, and linearizability is local, so that each is
/// judged alone. The method is that of Wing and Gong with Lowe's memory of what was tried.
public struct HistoryChecker: Sendable {
    /// The most steps of the search of one key.
    public var stepLimit: Int

    /// Makes a checker.
    ///
    /// - Parameter stepLimit: The most steps of the search of one key; over it, the verdict is
    ///   ``HistoryVerdict/undecided(key:steps:)``. A step takes some microseconds.
    public init(stepLimit: Int = 200_000) { self.stepLimit = stepLimit }

    /// Judges a history.
    ///
    /// - Parameter history: Operations on any number of keys.
    /// - Returns: The first violation by key, else the first key without a verdict, else
    ///   ``HistoryVerdict/linearizable``.
    public func check(_ history: History) -> HistoryVerdict {
        var verdict = HistoryVerdict.linearizable
        for (key, operations) in Dictionary(grouping: history.operations, by: \.key).sorted(by: {
            $0.key < $1.key
        }) {
            switch check(key, operations) {
            case .violation(let violation): return .violation(violation)
            case let undecided where verdict == .linearizable: verdict = undecided
            default: break
            }
        }
        return verdict
    }

    private func check(_ key: String, _ operations: [History.Operation]) -> HistoryVerdict {
        let operations = operations.inOrder
        if let violation = ruleViolation(key, operations) { return .violation(violation) }
        let problem = RegisterProblem(operations.map { Evidence($0) })
        switch RegisterSearch(problem).run(stepLimit) {
        case .found: return .linearizable
        case .undecided: return .undecided(key: key, steps: stepLimit)
        case .exhausted:
            var reduction = Reduction(operations)
            let culprits = reduction.run()
            return .violation(
                HistoryViolation(
                    kind: .noOrder, key: key,
                    reason: "no order of these operations explains their results",
                    operations: culprits, omitted: operations.count - culprits.count))
        }
    }
}

extension Sequence where Element == History.Operation {
    /// The operations by the time of their start.
    var inOrder: [History.Operation] {
        sorted { ($0.invocation, $0.response, $0.client) < ($1.invocation, $1.response, $1.client) }
    }
}
