internal import Synchronization

/// The faults of one store, and which of its calls they have struck so far.
final class FaultPlan: Sendable {
    private struct State {
        var counts: [UInt64]
        var generator: SplitMix
    }

    let rules: [FaultRule]
    /// What the chances of ``FaultRule/Trigger/rate(_:)`` are drawn from.
    let seed: UInt64
    private let state: Mutex<State>

    init(_ rules: [FaultRule], seed: UInt64 = .random(in: 0...UInt64.max)) {
        self.rules = rules
        self.seed = seed
        state = Mutex(
            State(counts: Array(repeating: 0, count: rules.count), generator: SplitMix(seed)))
    }

    /// Whether past objects have to be kept.
    var needsPast: Bool { rules.contains { $0.kind == .staleRead } }

    /// The rules that strike a call of objects, in the order in which they were given.
    func strikes(_ operation: ObservedOperation, _ keys: [ObjectKey]) -> [FaultRule] {
        state.withLock { state in
            rules.indices.filter { index in
                guard rules[index].matches(operation, keys) else { return false }
                state.counts[index] += 1
                let count = state.counts[index]
                switch rules[index].trigger {
                case .always: return true
                case .nth(let wanted): return count == wanted
                case .every(let step): return count % step == 0
                case .rate(let rate):
                    return Double.random(in: 0..<1, using: &state.generator) < rate
                }
            }.map { rules[$0] }
        }
    }
}

/// SplitMix64, by Steele, Lea and Flood (2014): small, and the same on every machine for one seed.
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
