/// One client of a workload: it remembers the last version it saw of each key, as real ones do.
struct WorkloadClient {
    let number: Int
    let workload: ContendedWorkload
    let clock: @Sendable () -> UInt64
    /// What it did so far.
    private(set) var operations: [History.Operation] = []

    private var generator: SeededGenerator
    private var known: [String: History.Version] = [:]
    private var ownValues: UInt64 = 0

    init(number: Int, workload: ContendedWorkload, clock: @escaping @Sendable () -> UInt64) {
        self.number = number
        self.workload = workload
        self.clock = clock
        generator = SeededGenerator(seed: workload.seed &+ UInt64(number) &* 0x1_0000_0001)
    }

    mutating func run(_ store: ContendedWorkload.Store) {
        for _ in 0..<workload.operationsPerClient {
            let key = "k\(Int.random(in: 0..<max(1, workload.keys), using: &generator))"
            record(key, nextAction(key), store)
        }
    }

    /// Mostly compare-and-swap with a version that was current not long ago.
    private mutating func nextAction(_ key: String) -> History.Action {
        let version = known[key]
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<40: return .put(value: nextValue(), version.map { .version($0) } ?? .absent)
        case 40..<50: return .put(value: nextValue(), .absent)
        case 50..<58: return .put(value: nextValue(), .none)
        case 58..<66: return .remove(version.map { .version($0) } ?? .none)
        case 66..<68: return .remove(.none)
        case 68..<94: return .read
        default: return .head
        }
    }

    private mutating func nextValue() -> UInt64 {
        if workload.sharedValues > 0, Int.random(in: 0..<8, using: &generator) == 0 {
            return UInt64.random(in: 0..<workload.sharedValues, using: &generator)
        }
        ownValues += 1
        return workload.sharedValues + ownValues * UInt64(max(1, workload.clients))
            + UInt64(number)
    }

    private mutating func record(
        _ key: String, _ action: History.Action, _ store: ContendedWorkload.Store
    ) {
        let call = ContendedWorkload.Call(client: number, key: key)
        let invocation = clock()
        let outcome =
            switch action {
            case .put(let value, let condition): store.put(call, value, condition)
            case .remove(let condition): store.remove(call, condition)
            case .read: store.read(call)
            case .head: store.head(call)
            }
        let response = clock()
        learn(key, outcome)
        operations.append(
            History.Operation(
                client: number, key: key, action: action, outcome: outcome,
                invocation: invocation, response: response))
    }

    private mutating func learn(_ key: String, _ outcome: History.Outcome) {
        switch outcome {
        case .wrote(let version), .found(_, let version), .saw(let version),
            .refused(let version?):
            known[key] = version
        case .removed, .absent: known[key] = nil
        case .refused(nil), .notApplied, .unknown: break
        }
    }
}
