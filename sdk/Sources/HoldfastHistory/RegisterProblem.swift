/// An operation, and how much of what it says is taken for granted.
struct Evidence {
    var operation: History.Operation
    /// Whether the operation is treated as one whose outcome is unknown.
    var isOpen: Bool

    init(_ operation: History.Operation, isOpen: Bool = false) {
        self.operation = operation
        self.isOpen = isOpen || operation.outcome == .unknown
    }
}

/// The state of a register: a small number, so that states are compared and hashed fast.
struct RegisterState: Hashable {
    var number: Int32

    /// No object.
    static let absent = Self(number: 0)
    /// An object whose version no operation speaks of.
    static let other = Self(number: 1)
    /// An object with a version.
    static func version(_ index: Int) -> Self { Self(number: Int32(index) + 2) }

    /// The index of the version, where it is one that operations speak of.
    var versionIndex: Int? { number < 2 ? nil : Int(number) - 2 }
}

/// What an operation requires of the state.
enum Requirement: Hashable {
    case anything
    case equal(RegisterState)
    case notEqual(RegisterState)

    func allows(_ state: RegisterState) -> Bool {
        switch self {
        case .anything: true
        case .equal(let required): state == required
        case .notEqual(let excluded): state != excluded
        }
    }
}

/// One key's history in numbers, for the search.
struct RegisterProblem {
    /// An operation that took effect between its start and its end.
    struct Definite {
        var invocation: UInt64
        var response: UInt64
        var requirement: Requirement
        /// The state that it leaves, or `nil` when it leaves the state as it is.
        var result: RegisterState?
    }

    /// A write that may take effect at any time after its start, or never.
    struct Open {
        var invocation: UInt64
        var requirement: Requirement
        /// The states that it may leave: a version of its own is known only by what others saw.
        var results: [RegisterState]
    }

    /// By the time of their start.
    var definite: [Definite] = []
    var open: [Open] = []
    /// For each version, the definite operations that can only take effect while it is current.
    var users: [[Int]] = []
    /// For each version, the open operations that can only take effect while it is current.
    var openUsers: [[Int]] = []
    /// For each version, the definite operations that can only take effect while it is not current.
    var avoiders: [[Int]] = []
    /// States that the register may take at any time, for operations that were left out.
    var wild: [RegisterState]

    private var indexes: [History.Version: Int] = [:]

    /// - Parameters:
    ///   - evidence: The operations, by the time of their start.
    ///   - wild: States that the register may take at any time.
    init(_ evidence: [Evidence], wild: [RegisterState] = []) {
        self.wild = wild
        for item in evidence where !item.isOpen { addDefinite(item.operation) }
        let made = Set(evidence.filter { !$0.isOpen }.compactMap(\.operation.writtenVersion))
        let orphans = Orphans(evidence, made: made)
        for item in evidence where item.isOpen { addOpen(item.operation, orphans) }
    }

    private mutating func index(_ version: History.Version) -> Int {
        if let index = indexes[version] { return index }
        indexes[version] = users.count
        users.append([])
        openUsers.append([])
        avoiders.append([])
        return users.count - 1
    }

    private mutating func state(_ version: History.Version) -> RegisterState {
        .version(index(version))
    }

    private mutating func addDefinite(_ operation: History.Operation) {
        let requirement: Requirement
        var result: RegisterState?
        switch operation.outcome {
        case .wrote(let version):
            requirement = holds(operation.condition)
            result = state(version)
        case .removed:
            requirement = holds(operation.condition)
            result = .absent
        case .found(_, let version), .saw(let version), .refused(let version?):
            requirement = .equal(state(version))
        case .absent: requirement = .equal(.absent)
        case .refused(nil): requirement = fails(operation.condition)
        case .notApplied, .unknown: return
        }
        switch requirement {
        case .equal(let state):
            if let version = state.versionIndex { users[version].append(definite.count) }
        case .notEqual(let state):
            if let version = state.versionIndex { avoiders[version].append(definite.count) }
        case .anything: break
        }
        definite.append(
            Definite(
                invocation: operation.invocation, response: operation.response,
                requirement: requirement, result: result))
    }

    private mutating func addOpen(_ operation: History.Operation, _ orphans: Orphans) {
        let requirement = holds(operation.condition)
        var results = [RegisterState.absent]
        switch operation.action {
        case .put(let value, _):
            results = orphans.versions(of: value).map { state($0) } + [.other]
        case .remove: break
        case .read, .head: return
        }
        if case .equal(let state) = requirement, let version = state.versionIndex {
            openUsers[version].append(open.count)
        }
        open.append(
            Open(invocation: operation.invocation, requirement: requirement, results: results))
    }

    private mutating func holds(_ condition: History.Condition?) -> Requirement {
        switch condition {
        case .some(.none), nil: .anything
        case .absent: .equal(.absent)
        case .version(let version): .equal(state(version))
        }
    }

    private mutating func fails(_ condition: History.Condition?) -> Requirement {
        switch condition {
        case .some(.none), nil: .anything
        case .absent: .notEqual(.absent)
        case .version(let version): .notEqual(state(version))
        }
    }
}

/// Versions that were seen, but that no write is known to have made: an open write did, or none.
struct Orphans {
    private var bytes: [(version: History.Version, value: UInt64?)] = []

    init(_ evidence: [Evidence], made: Set<History.Version>) {
        var values: [History.Version: UInt64?] = [:]
        var order: [History.Version] = []
        for item in evidence {
            guard let version = item.neededVersion, !made.contains(version) else { continue }
            if values[version] == nil {
                order.append(version)
                values[version] = .some(nil)
            }
            if case .found(let value, _) = item.operation.outcome { values[version] = value }
        }
        bytes = order.map { ($0, values[$0] ?? nil) }
    }

    /// Those that a write of these bytes may have made.
    func versions(of value: UInt64) -> [History.Version] {
        bytes.filter { $0.value == nil || $0.value == value }.map(\.version)
    }
}

extension Evidence {
    /// The version that must be current for the operation to take effect as it says.
    var neededVersion: History.Version? {
        guard isOpen else { return operation.seenVersion }
        guard case .version(let version) = operation.condition else { return nil }
        return version
    }
}
