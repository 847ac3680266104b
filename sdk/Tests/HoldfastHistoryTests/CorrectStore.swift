@testable import HoldfastHistory

/// Makes histories of one key that a correct store could have: each operation takes effect at one
/// moment between its start and its end, but for those whose answer is lost.
struct CorrectStore {
    private enum Stage {
        case idle
        case called(History.Action, UInt64)
        case applied(History.Action, UInt64, History.Outcome)
    }

    private var generator: SeededGenerator
    private var current: (value: UInt64, version: History.Version)?
    private var writes: UInt64 = 0
    private var time: UInt64 = 0
    private var known: [History.Version] = []
    /// Writes whose answer was lost and that may still take effect.
    private var lost: [History.Action] = []

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// Makes the history of one key.
    ///
    /// - Parameters:
    ///   - clients: How many take turns.
    ///   - count: About how many operations.
    ///   - lostShare: How many of 100 writes lose their answer.
    ///   - values: How many different values are written; 0 for a new one each time.
    /// - Returns: The operations, by the time of their end.
    mutating func history(
        clients: Int, count: Int, lostShare: Int = 0, values: UInt64 = 0
    ) -> [History.Operation] {
        var stages = [Stage](repeating: .idle, count: clients)
        var operations: [History.Operation] = []
        while operations.count < count {
            time += 1
            if !lost.isEmpty, chance(5) {
                _ = apply(lost.remove(at: Int.random(in: 0..<lost.count, using: &generator)))
            }
            let client = Int.random(in: 0..<clients, using: &generator)
            switch stages[client] {
            case .idle: stages[client] = .called(nextAction(values), time)
            case .called(let action, let start):
                guard isWrite(action), chance(lostShare) else {
                    stages[client] = .applied(action, start, apply(action))
                    continue
                }
                lost.append(action)
                operations.append(step(client, start, time, action, .unknown))
                stages[client] = .idle
            case .applied(let action, let start, let outcome):
                operations.append(step(client, start, time, action, outcome))
                stages[client] = .idle
            }
        }
        // What is under way never answers: as writes may have been applied, they are unknown.
        for (client, stage) in stages.enumerated() {
            switch stage {
            case .called(let action, let start), .applied(let action, let start, _):
                if isWrite(action) {
                    operations.append(step(client, start, start, action, .unknown))
                }
            case .idle: break
            }
        }
        return operations
    }

    private mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &generator) < percent
    }

    private func isWrite(_ action: History.Action) -> Bool {
        switch action {
        case .put, .remove: true
        case .read, .head: false
        }
    }

    private mutating func nextAction(_ values: UInt64) -> History.Action {
        writes += 1
        let value = values > 0 ? UInt64.random(in: 1...values, using: &generator) : 1000 + writes
        let version = known.suffix(3).randomElement(using: &generator)
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<35: return .put(value: value, version.map { .version($0) } ?? .absent)
        case 35..<45: return .put(value: value, .absent)
        case 45..<55: return .put(value: value, .none)
        case 55..<63: return .remove(version.map { .version($0) } ?? .none)
        case 63..<66: return .remove(.none)
        case 66..<90: return .read
        default: return .head
        }
    }

    private mutating func apply(_ action: History.Action) -> History.Outcome {
        switch action {
        case .read: return current.map { .found(value: $0.value, $0.version) } ?? .absent
        case .head: return current.map { .saw($0.version) } ?? .absent
        case .put(let value, let condition):
            guard holds(condition) else { return refusal() }
            writes += 1
            let version = History.Version("t\(writes)")
            known.append(version)
            current = (value, version)
            return .wrote(version)
        case .remove(let condition):
            guard holds(condition) else { return refusal() }
            current = nil
            return .removed
        }
    }

    private mutating func refusal() -> History.Outcome {
        .refused(current: chance(50) ? current?.version : nil)
    }

    private func holds(_ condition: History.Condition) -> Bool {
        switch condition {
        case .none: true
        case .absent: current == nil
        case .version(let version): current?.version == version
        }
    }
}

/// Tries every order of the operations of one key: slow, and written apart from the checker.
struct BruteForce {
    private struct Register {
        var value: UInt64
        var version: History.Version?
    }

    private let operations: [History.Operation]
    private var hidden: [Int: History.Version] = [:]

    static func accepts(_ operations: [History.Operation]) -> Bool {
        let written = operations.compactMap(\.writtenVersion)
        guard Set(written).count == written.count else { return false }
        guard operations.allSatisfy({ $0.outcome == .unknown || $0.invocation <= $0.response })
        else { return false }
        let required = operations.filter { $0.outcome == .unknown }.compactMap { operation in
            if case .version(let version) = operation.condition { version } else { nil }
        }
        let orphans = Set(operations.compactMap(\.seenVersion) + required).subtracting(written)
        let open = operations.indices.filter {
            operations[$0].outcome == .unknown && operations[$0].putValue != nil
        }
        return BruteForce(operations: operations).accepts(open[...], orphans)
    }

    /// Gives each unknown put one of the versions that nobody is known to have made, or none.
    private func accepts(_ open: ArraySlice<Int>, _ orphans: Set<History.Version>) -> Bool {
        guard let index = open.first else {
            return accepts(Set(operations.indices), nil)
        }
        if accepts(open.dropFirst(), orphans) { return true }
        return orphans.contains { version in
            var choice = self
            choice.hidden[index] = version
            return choice.accepts(open.dropFirst(), orphans.subtracting([version]))
        }
    }

    private func accepts(_ rest: Set<Int>, _ register: Register?) -> Bool {
        let definite = rest.filter {
            operations[$0].outcome != .unknown && operations[$0].outcome != .notApplied
        }
        guard let limit = definite.map({ operations[$0].response }).min() else { return true }
        for index in rest where operations[index].invocation <= limit {
            let operation = operations[index]
            guard operation.outcome != .notApplied, isPossible(operation, register) else {
                continue
            }
            var next = register
            switch (operation.action, operation.outcome) {
            case (.put(let value, _), .wrote(let version)):
                next = Register(value: value, version: version)
            case (.put(let value, _), .unknown):
                next = Register(value: value, version: hidden[index])
            case (.remove, .removed), (.remove, .unknown): next = nil
            default: break
            }
            if accepts(rest.subtracting([index]), next) { return true }
        }
        return false
    }

    private func isPossible(_ operation: History.Operation, _ register: Register?) -> Bool {
        let holds: Bool
        switch operation.condition {
        case .some(.none), nil: holds = true
        case .absent: holds = register == nil
        case .version(let version): holds = register != nil && register?.version == version
        }
        switch operation.outcome {
        case .wrote, .removed, .unknown: return holds
        case .refused(nil): return !holds
        case .refused(let current): return !holds && register?.version == current
        case .found(let value, let version):
            return register?.value == value && register?.version == version
        case .saw(let version): return register?.version == version
        case .absent: return register == nil
        case .notApplied: return true
        }
    }
}
