public import HoldfastLoader

/// A change of a commit in a check's own collection, with the bytes that it writes.
public struct Step: Sendable {
    /// The object.
    public var path: String
    /// What happens to it.
    public var action: ChangeAction
    /// What must hold.
    public var condition: Condition
    /// The bytes of a put.
    public var bytes: [UInt8] = []

    /// Writes bytes.
    static func put(
        _ path: String, _ bytes: [UInt8], if condition: Condition = .none,
        attributes: [Attribute] = [], hasLength: Bool = true
    ) -> Step {
        Step(
            path: path,
            action: .put(attributes: attributes, length: hasLength ? UInt64(bytes.count) : nil),
            condition: condition, bytes: bytes)
    }

    /// Removes an object.
    static func remove(_ path: String, if condition: Condition = .none) -> Step {
        Step(path: path, action: .remove, condition: condition)
    }

    /// Requires something of an object.
    static func check(_ path: String, _ condition: Condition) -> Step {
        Step(path: path, action: .check, condition: condition)
    }
}

extension Bench {
    /// Watches objects of the collection.
    ///
    /// - Parameters:
    ///   - prefix: What their paths start with.
    ///   - cursor: What an earlier watch returned; empty for this moment.
    ///   - milliseconds: How long to wait.
    /// - Returns: The cursor to go on from.
    /// - Throws: `DriverFailure`, with code `deadline` when nothing changed.
    func watch(_ prefix: String, _ cursor: [UInt8], milliseconds: Int) throws -> [UInt8] {
        let deadline = CallContext.monotonicNanoseconds() + Int64(milliseconds) * 1_000_000
        return try watch(prefix, cursor, CallContext(deadlineNanoseconds: deadline))
    }

    /// The same, under a call's context.
    func watch(_ prefix: String, _ cursor: [UInt8], _ context: CallContext) throws -> [UInt8] {
        let request = WatchRequest(
            collection: space.collection, workspace: space.workspace, prefix: prefix,
            cursor: cursor)
        return try store.watch(request, context)
    }

    /// Makes all changes, or none.
    ///
    /// - Parameters:
    ///   - steps: The changes.
    ///   - context: The call's context.
    ///   - onRead: Hears which change's source is read, before each reading.
    /// - Returns: The information of what was put, at the places of the changes.
    /// - Throws: `DriverFailure`, or what `onRead` throws.
    @discardableResult public func commit(
        _ steps: [Step], _ context: CallContext = CallContext(),
        onRead: (Int) throws -> Void = { _ in }
    ) throws -> [ObjectInfo?] {
        let changes = steps.map { Change(key($0.path), $0.action, condition: $0.condition) }
        var positions = steps.map { _ in 0 }
        return try unsafe store.commit(changes, context) { place, buffer in
            try onRead(place)
            let (bytes, position) = (steps[place].bytes, positions[place])
            let count = min(buffer.count, bytes.count - position)
            unsafe buffer.copyBytes(from: bytes[position..<position + count])
            positions[place] += count
            return count
        }
    }
}
