/// Something that a store can do, and how far.
package struct Capability: Sendable, Hashable {
    /// Who does it.
    package enum Level: UInt32, Sendable, Comparable {
        /// Nobody: such a call is refused.
        case none = 0
        /// The driver, correctly, without the store's own support.
        case emulated = 10
        /// The store itself.
        case native = 20

        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// The capability's id, such as `condition.version`.
    package var id: String
    /// Who does it.
    package var level: Level
    /// The limit that the id names; 0 for none.
    package var limit: UInt64
    /// A remark for people.
    package var note: String

    /// Makes a capability.
    package init(_ id: String, _ level: Level, limit: UInt64 = 0, note: String = "") {
        self.id = id
        self.level = level
        self.limit = limit
        self.note = note
    }
}

/// What a store can do.
///
/// A capability that is not in here is none.
package struct Capabilities: Sendable, Hashable {
    /// A put may require that the object is absent.
    package static let conditionAbsent = "condition.absent"
    /// A put or remove may require a version.
    package static let conditionVersion = "condition.version"
    /// A get may start or end inside the object.
    package static let range = "range"
    /// A listing may carry attributes.
    package static let listAttributes = "list.attributes"
    /// A ping reports the store's clock.
    package static let clock = "clock"
    /// Its limit is the most bytes of one object.
    package static let value = "value"
    /// Its limit is the most calls at once that are of use.
    package static let concurrency = "concurrency"
    /// Several objects may be changed together; its limit is the most changes of one commit.
    package static let transaction = "transaction"
    /// The store tells when something may have changed.
    package static let watch = "watch"

    private var byID: [String: Capability]

    /// Makes a set; of two with one id, the later counts.
    package init(_ capabilities: [Capability]) {
        byID = Dictionary(capabilities.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    }

    /// All capabilities, by id.
    package var all: [Capability] { byID.values.sorted { $0.id < $1.id } }

    /// Who does `id`.
    package func level(_ id: String) -> Capability.Level { byID[id]?.level ?? .none }

    /// Whether anybody does `id`.
    package func supports(_ id: String) -> Bool { level(id) > .none }

    /// The limit of `id`; `nil` for none.
    package func limit(_ id: String) -> UInt64? {
        guard let limit = byID[id]?.limit, limit > 0 else { return nil }
        return limit
    }

    /// What both sides agree on: of each capability the lower level and the tighter limit.
    package func lowered(to other: Capabilities) -> Capabilities {
        Capabilities(
            all.map { mine in
                guard let theirs = other.byID[mine.id] else {
                    return Capability(mine.id, .none, note: "not reported by the open store")
                }
                let limits = [mine.limit, theirs.limit].filter { $0 > 0 }
                return Capability(
                    mine.id, min(mine.level, theirs.level), limit: limits.min() ?? 0,
                    note: theirs.note.isEmpty ? mine.note : theirs.note)
            })
    }
}

/// The three views of what a store can do.
package struct CapabilityRecord: Sendable, Hashable {
    /// What the driver says before a store is open.
    package var declared: Capabilities
    /// What the open store reports.
    package var probed: Capabilities
    /// What the host relies on: the lower of the two.
    package var effective: Capabilities

    /// Makes a record; what is effective follows.
    package init(declared: Capabilities, probed: Capabilities) {
        self.declared = declared
        self.probed = probed
        effective = declared.lowered(to: probed)
    }
}
