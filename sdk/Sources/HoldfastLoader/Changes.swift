/// What a change of a commit does to its object.
public enum ChangeAction: Sendable, Hashable {
    /// Nothing; only the condition counts.
    case check
    /// It is written as by a put.
    ///
    /// The attributes replace those of the object; `length` is the number of bytes that its source
    /// has, or `nil` when it is not known.
    case put(attributes: [Attribute] = [], length: UInt64? = nil)
    /// It is removed; an absent one under no condition is a success.
    case remove
}

/// One change of a commit.
public struct Change: Sendable, Hashable {
    /// The object.
    public var key: ObjectKey
    /// What must hold: anything for a put, absent or a version for a check, none or a version for a
    /// removal.
    public var condition: Condition
    /// What happens to the object.
    public var action: ChangeAction

    /// Makes a change.
    public init(_ key: ObjectKey, _ action: ChangeAction, condition: Condition = .none) {
        self.key = key
        self.condition = condition
        self.action = action
    }

    /// Whether it writes an object, and so has a source.
    var isPut: Bool {
        if case .put = action { return true }
        return false
    }
}

/// What a watch waits for.
public struct WatchRequest: Sendable, Hashable {
    /// The collection to watch.
    public var collection: String
    /// The workspace to watch.
    public var workspace: String
    /// Only paths that start with these bytes; may end inside a part.
    public var prefix: String
    /// What an earlier watch of the same scope returned; empty for this moment.
    public var cursor: [UInt8]

    /// Makes a request.
    public init(
        collection: String, workspace: String, prefix: String = "", cursor: [UInt8] = []
    ) {
        self.collection = collection
        self.workspace = workspace
        self.prefix = prefix
        self.cursor = cursor
    }
}
