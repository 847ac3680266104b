/// How far an attempt to order the operations of one key has come.
private struct Position: Hashable {
    /// Words of 64 definite operations that have all taken effect.
    var base = 0
    /// The definite operations from there that have taken effect; no full word at its front, no
    /// empty one at its end, so that equal positions are equal values.
    var window: [UInt64] = []
    /// The open operations that have taken effect.
    var open: [UInt64] = []
    var state = RegisterState.absent

    func isDone(_ index: Int) -> Bool {
        let word = index >> 6 - base
        guard word >= 0 else { return true }
        return word < window.count && window[word] & (1 << UInt64(index & 63)) != 0
    }

    mutating func mark(_ index: Int) {
        let word = index >> 6 - base
        while window.count <= word { window.append(0) }
        window[word] |= 1 << UInt64(index & 63)
        while window.first == .max {
            window.removeFirst()
            base += 1
        }
    }

    func isOpenDone(_ index: Int) -> Bool {
        index >> 6 < open.count && open[index >> 6] & (1 << UInt64(index & 63)) != 0
    }

    mutating func markOpen(_ index: Int) {
        while open.count <= index >> 6 { open.append(0) }
        open[index >> 6] |= 1 << UInt64(index & 63)
    }

    /// The first definite operation that has not taken effect, or a number past the last one.
    var low: Int {
        (base << 6) + (window.first.map { (~$0).trailingZeroBitCount } ?? 0)
    }
}

/// Looks for an order of the operations of one key that explains every result.
///
/// Depth first, operations that started early first. What keeps the tree small:
/// an operation that changes nothing takes effect as soon as it can, because that takes no
/// possibility away; a version never returns, so it may not be replaced while an operation still
/// needs it; of writes that do the same only the most urgent is tried; no position is tried twice.
struct RegisterSearch {
    enum Answer: Hashable {
        case found
        case exhausted
        case undecided
    }

    private let problem: RegisterProblem

    init(_ problem: RegisterProblem) { self.problem = problem }

    func run(_ stepLimit: Int) -> Answer {
        let start = settled(Position())
        var tried: Set<Position> = [start]
        var waiting = [start]
        var steps = 0
        while let position = waiting.popLast() {
            if position.low >= problem.definite.count { return .found }
            steps += 1
            guard steps <= stepLimit else { return .undecided }
            for next in successors(position).reversed() where tried.insert(next).inserted {
                waiting.append(next)
            }
        }
        return .exhausted
    }

    /// The definite operations that may be next, and the time by which the next one has to start.
    private func candidates(_ position: Position) -> (definite: [Int], limit: UInt64) {
        var found: [Int] = []
        var limit = UInt64.max
        var index = position.low
        while index < problem.definite.count, problem.definite[index].invocation <= limit {
            if !position.isDone(index) {
                found.append(index)
                limit = min(limit, problem.definite[index].response)
            }
            index += 1
        }
        return (found, limit)
    }

    /// Lets everything take effect that changes nothing, and forgets a version that nobody needs.
    private func settled(_ position: Position) -> Position {
        var position = position
        var hasMoved = true
        while hasMoved {
            hasMoved = false
            for index in candidates(position).definite {
                let operation = problem.definite[index]
                guard operation.result == nil, operation.requirement.allows(position.state) else {
                    continue
                }
                position.mark(index)
                hasMoved = true
            }
        }
        position.state = plain(position.state, position)
        return position
    }

    /// The state, or `other` where no operation that is left can tell the difference.
    private func plain(_ state: RegisterState, _ position: Position) -> RegisterState {
        guard let version = state.versionIndex else { return state }
        let matters =
            problem.users[version].contains { !position.isDone($0) }
            || problem.avoiders[version].contains { !position.isDone($0) }
            || problem.openUsers[version].contains { !position.isOpenDone($0) }
        return matters ? state : .other
    }

    private struct Change: Hashable {
        var requirement: Requirement
        var result: RegisterState
    }

    private struct OpenChange: Hashable {
        var requirement: Requirement
        var results: [RegisterState]
        var result: RegisterState
    }

    private func successors(_ position: Position) -> [Position] {
        let (definite, limit) = candidates(position)
        var urgent: [Change: Int] = [:]
        for index in definite {
            let operation = problem.definite[index]
            guard let result = operation.result, operation.requirement.allows(position.state)
            else { continue }
            let change = Change(
                requirement: operation.requirement, result: plain(result, position))
            if let other = urgent[change],
                problem.definite[other].response <= operation.response
            {
                continue
            }
            urgent[change] = index
        }
        var next: [Position] = urgent.sorted { $0.value < $1.value }.compactMap { change, index in
            var next = position
            next.mark(index)
            return moved(next, change.result)
        }
        next += openSuccessors(position, limit)
        for state in problem.wild where state != position.state {
            if let moved = moved(position, state) { next.append(moved) }
        }
        return next
    }

    private func openSuccessors(_ position: Position, _ limit: UInt64) -> [Position] {
        // Two open writes stand for each other only when they could have left the same versions.
        var tried: Set<OpenChange> = []
        var next: [Position] = []
        for (index, operation) in problem.open.enumerated()
        where operation.invocation <= limit && !position.isOpenDone(index)
            && operation.requirement.allows(position.state)
        {
            for result in operation.results where result != position.state {
                // A version that was used already, or that nobody needs any more, is no choice.
                guard isUnused(result, position), plain(result, position) == result else {
                    continue
                }
                let change = OpenChange(
                    requirement: operation.requirement, results: operation.results, result: result)
                guard tried.insert(change).inserted else { continue }
                var marked = position
                marked.markOpen(index)
                if let moved = moved(marked, result) { next.append(moved) }
            }
        }
        return next
    }

    private func isUnused(_ state: RegisterState, _ position: Position) -> Bool {
        guard let version = state.versionIndex else { return true }
        return !problem.users[version].contains { position.isDone($0) }
            && !problem.openUsers[version].contains { position.isOpenDone($0) }
    }

    /// The position after a change of the state; none when an operation still needs the old one.
    private func moved(_ position: Position, _ state: RegisterState) -> Position? {
        if let version = position.state.versionIndex, position.state != state,
            problem.users[version].contains(where: { !position.isDone($0) })
        {
            return nil
        }
        var position = position
        position.state = state
        return settled(position)
    }
}
