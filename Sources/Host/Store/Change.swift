/// One change of a commit.
package struct Change {
    /// What happens to the object.
    package enum Action {
        /// Nothing; only the condition counts.
        case check
        /// It is written as by a put.
        case put(any ByteSource, attributes: [String: String])
        /// It is removed; an absent one under no condition is a success.
        case remove
    }

    /// The object's key.
    package var key: ObjectKey
    /// What must hold at the commit: anything for a put, absent or a version for a check, none or a
    /// version for a removal.
    package var condition: Condition
    /// What happens to the object.
    package var action: Action

    /// Makes a change.
    package init(_ key: ObjectKey, _ condition: Condition, _ action: Action) {
        self.key = key
        self.condition = condition
        self.action = action
    }

    /// Makes a put of bytes that are in memory.
    package static func put(
        _ key: ObjectKey, _ bytes: [UInt8], condition: Condition,
        attributes: [String: String] = [:]
    ) -> Change {
        Change(key, condition, .put(MemorySource(bytes), attributes: attributes))
    }

    /// Makes a removal.
    package static func remove(_ key: ObjectKey, condition: Condition) -> Change {
        Change(key, condition, .remove)
    }

    /// Makes a check.
    package static func check(_ key: ObjectKey, condition: Condition) -> Change {
        Change(key, condition, .check)
    }
}

extension Change {
    /// Of a put: what it stores with the object.
    var putAttributes: [String: String]? {
        if case .put(_, let attributes) = action { attributes } else { nil }
    }

    /// Whether it is a put.
    var isPut: Bool { putAttributes != nil }

    /// Whether it leaves another object behind than it finds.
    var isWrite: Bool {
        if case .check = action { false } else { true }
    }

    /// The same with another source where it is a put.
    func replacingSource(_ replace: (any ByteSource) -> any ByteSource) -> Change {
        guard case .put(let source, let attributes) = action else { return self }
        return Change(key, condition, .put(replace(source), attributes: attributes))
    }
}
