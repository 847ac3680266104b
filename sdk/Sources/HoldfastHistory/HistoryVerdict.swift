/// What the checker found out about a history.
public enum HistoryVerdict: Sendable, Hashable {
    /// Some order of the operations explains every result.
    case linearizable
    /// No order does.
    case violation(HistoryViolation)
    /// The search of this key was given up after so many steps; this is no proof and counts as a failure.
    case undecided(key: String, steps: Int)

    /// Whether the history was shown to be correct.
    public var isLinearizable: Bool { self == .linearizable }
}

extension HistoryVerdict: CustomStringConvertible {
    /// The verdict for people; a violation comes with its table.
    public var description: String {
        switch self {
        case .linearizable: "linearizable"
        case .violation(let violation): violation.description
        case .undecided(let key, let steps):
            "undecided, which counts as a failure: no verdict on \(quoted(key)) after \(steps) steps;"
                + " use fewer clients or more keys"
        }
    }
}

/// Why a history is not correct, and the operations that show it.
public struct HistoryViolation: Sendable, Hashable {
    /// The kind of violation.
    public enum Kind: Sendable, Hashable {
        /// One version names two writes.
        case reusedVersion
        /// One version was read with different bytes.
        case changedBytes
        /// Bytes or a version that no write made.
        case neverWritten
        /// An answer that the operation cannot have, such as a refusal of no condition.
        case impossibleAnswer
        /// Each result is possible, but no order of the operations explains all of them.
        case noOrder
    }

    /// The kind of violation.
    public var kind: Kind
    /// The key whose history is wrong.
    public var key: String
    /// What is wrong, in a sentence.
    public var reason: String
    /// The operations that show it, by the time of their start.
    public var operations: [History.Operation]
    /// How many operations of the key are not needed to see it.
    public var omitted: Int
}
