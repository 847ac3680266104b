/// Finds a small part of a history that no order explains, to show to people.
///
/// Leaving a read out asks for less. Leaving a write out would ask for more (what it wrote would come
/// from nowhere), so that the register may instead take its kind of state at any time.
struct Reduction {
    /// The most steps for each question; a question without an answer keeps the operations.
    private static let stepLimit = 3000
    /// The most questions, so that a long history is shown in time.
    private static let mostQuestions = 2000

    private let operations: [History.Operation]
    private var start: [Evidence] = []
    private var questions = 0

    /// - Parameter operations: Of one key, by the time of their start; no order explains them.
    init(_ operations: [History.Operation]) { self.operations = operations }

    /// The operations that are left, by the time of their start.
    mutating func run() -> [History.Operation] {
        var kept = shortestStart()
        start = kept
        var hasShrunk = true
        while hasShrunk && questions < Self.mostQuestions {
            let before = kept.count
            var size = max(1, kept.count / 2)
            while size >= 1 {
                kept = withoutPieces(kept, size)
                size /= 2
            }
            hasShrunk = kept.count < before
        }
        return kept.map(\.operation)
    }

    /// The history up to the earliest moment at which it was wrong already.
    private mutating func shortestStart() -> [Evidence] {
        let ends = operations.filter { $0.outcome != .unknown }.map(\.response).sorted()
        var low = 0
        var high = ends.count - 1
        var best = operations.map { Evidence($0) }
        while low < high {
            let middle = (low + high) / 2
            let start = upTo(ends[middle])
            if isWrong(start, wild: []) {
                best = start
                high = middle
            } else {
                low = middle + 1
            }
        }
        return best
    }

    private func upTo(_ end: UInt64) -> [Evidence] {
        operations.filter { $0.invocation <= end }.compactMap { operation in
            guard operation.outcome != .unknown && operation.response > end else {
                return Evidence(operation)
            }
            switch operation.outcome {
            case .wrote, .removed: return Evidence(operation, isOpen: true)
            default: return nil
            }
        }
    }

    private mutating func withoutPieces(_ evidence: [Evidence], _ size: Int) -> [Evidence] {
        var kept = evidence
        var index = 0
        while index < kept.count && questions < Self.mostQuestions {
            let end = min(index + size, kept.count)
            let less = without(index..<end, of: kept)
            if less.count < kept.count, isWrong(less, wild: wild(of: less)) {
                // What of the piece has to stay is passed over.
                index += size - (kept.count - less.count)
                kept = less
            } else {
                index = end
            }
        }
        return kept
    }

    /// Leaves a piece out, but for the writes of versions that the rest still needs.
    private func without(_ piece: Range<Int>, of evidence: [Evidence]) -> [Evidence] {
        let rest = Array(evidence[..<piece.lowerBound]) + Array(evidence[piece.upperBound...])
        let needed = Set(rest.compactMap(\.neededVersion))
        let values = Set(rest.compactMap(\.neededValue))
        let made = Set(evidence.filter { !$0.isOpen }.compactMap(\.operation.writtenVersion))
        let hasOrphans = rest.contains { $0.neededVersion.map { !made.contains($0) } ?? false }
        let staying = evidence[piece].filter { item in
            if let version = item.operation.writtenVersion, !item.isOpen {
                return needed.contains(version)
            }
            guard item.isOpen, let value = item.operation.putValue else { return false }
            return hasOrphans || values.contains(value)
        }
        return evidence[..<piece.lowerBound] + staying + evidence[piece.upperBound...]
    }

    /// The states that the writes which were left out may have made.
    private func wild(of evidence: [Evidence]) -> [RegisterState] {
        let kept = Set(evidence.map(\.operation))
        var states: Set<RegisterState> = []
        for item in start where !kept.contains(item.operation) {
            switch (item.operation.action, item.operation.outcome) {
            case (.put, .wrote), (.put, .unknown): states.insert(.other)
            case (.remove, .removed), (.remove, .unknown): states.insert(.absent)
            default: break
            }
        }
        return states.sorted { $0.number < $1.number }
    }

    private mutating func isWrong(_ evidence: [Evidence], wild: [RegisterState]) -> Bool {
        questions += 1
        let problem = RegisterProblem(evidence, wild: wild)
        return RegisterSearch(problem).run(Self.stepLimit) == .exhausted
    }
}

extension Evidence {
    /// The bytes that some write must have made.
    fileprivate var neededValue: UInt64? {
        guard !isOpen, case .found(let value, _) = operation.outcome else { return nil }
        return value
    }
}
