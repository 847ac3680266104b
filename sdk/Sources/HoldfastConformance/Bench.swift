public import HoldfastLoader

/// A store with a collection that only one check uses, and short forms of its calls.
public struct Bench: Sendable {
    /// Where the objects of a check lie.
    public struct Space: Sendable, Hashable {
        /// The collection.
        public var collection: String
        /// The workspace.
        public var workspace: String
    }

    /// The store.
    public let store: OpenStore
    /// Where the objects lie.
    public let space: Space

    /// Makes a bench.
    public init(store: OpenStore, space: Space) {
        self.store = store
        self.space = space
    }

    /// An object's key.
    public func key(_ path: String) -> ObjectKey {
        ObjectKey(collection: space.collection, workspace: space.workspace, path: path)
    }

    /// Writes an object.
    ///
    /// - Parameters:
    ///   - path: The object.
    ///   - bytes: Its bytes.
    ///   - condition: What must hold.
    ///   - attributes: Its attributes, ascending by name.
    ///   - piece: The most bytes that the source gives at a time.
    ///   - hasLength: Whether the source says how long it is.
    ///   - isUnique: Whether the bytes are said to be unlike any other write's.
    ///   - context: The call's context.
    /// - Returns: The information of the new version.
    /// - Throws: `DriverFailure`.
    @discardableResult public func put(
        _ path: String, _ bytes: [UInt8], if condition: Condition = .none,
        attributes: [Attribute] = [], piece: Int = .max, hasLength: Bool = true,
        isUnique: Bool = false, _ context: CallContext = CallContext()
    ) throws -> ObjectInfo {
        var position = 0
        let request = PutRequest(
            condition: condition, attributes: attributes,
            length: hasLength ? UInt64(bytes.count) : nil, isUnique: isUnique)
        return try unsafe store.put(key(path), request, context) { buffer in
            let count = min(buffer.count, piece, bytes.count - position)
            unsafe buffer.copyBytes(from: bytes[position..<position + count])
            position += count
            return count
        }
    }

    /// Reads an object.
    ///
    /// - Parameters:
    ///   - path: The object.
    ///   - range: The part of it.
    ///   - context: The call's context.
    /// - Returns: Its information and the bytes of the range.
    /// - Throws: `DriverFailure`.
    public func get(
        _ path: String, _ range: ByteRange = .whole, _ context: CallContext = CallContext()
    ) throws -> (info: ObjectInfo, bytes: [UInt8]) {
        var found: ObjectInfo?
        var bytes: [UInt8] = []
        _ = try store.get(
            key(path), range, context,
            onInfo: { info in
                found = info
                return .more
            },
            onBytes: { span in
                unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
                return .more
            })
        guard let found else { throw CheckFailure("get of \(path) gave no information") }
        return (found, bytes)
    }

    /// An object's information.
    ///
    /// - Parameters:
    ///   - path: The object.
    ///   - context: The call's context.
    /// - Returns: The information.
    /// - Throws: `DriverFailure`.
    public func head(_ path: String, _ context: CallContext = CallContext()) throws -> ObjectInfo {
        try store.head(key(path), context)
    }

    /// Removes an object.
    ///
    /// - Parameters:
    ///   - path: The object.
    ///   - condition: None or a version.
    ///   - context: The call's context.
    /// - Throws: `DriverFailure`.
    public func remove(
        _ path: String, if condition: Condition = .none, _ context: CallContext = CallContext()
    ) throws {
        try store.remove(key(path), condition, context)
    }

    /// Lists objects.
    ///
    /// - Parameters:
    ///   - prefix: What their paths start with.
    ///   - startAfter: What their paths sort after.
    ///   - limit: The most entries.
    ///   - wantsAttributes: Whether entries carry attributes.
    ///   - context: The call's context.
    /// - Returns: The entries, and how the listing ended.
    /// - Throws: `DriverFailure`.
    public func list(
        _ prefix: String = "", after startAfter: String = "", limit: UInt32 = 1_000_000,
        wantsAttributes: Bool = false, _ context: CallContext = CallContext()
    ) throws -> (entries: [Entry], outcome: ListOutcome) {
        var entries: [Entry] = []
        let request = ListRequest(
            collection: space.collection, workspace: space.workspace, prefix: prefix,
            startAfter: startAfter, limit: limit, wantsAttributes: wantsAttributes)
        let outcome = try store.list(request, context) { entry in
            entries.append(entry)
            return .more
        }
        return (entries, outcome)
    }

    // MARK: - Demands

    /// Fails the check unless an object is there with these bytes and this information.
    ///
    /// - Parameters:
    ///   - path: The object.
    ///   - bytes: Its bytes.
    ///   - info: The information of the write that made it.
    ///   - when: When it is looked at, such as "after a refused put".
    /// - Throws: ``CheckFailure``.
    public func expect(
        _ path: String, _ bytes: [UInt8], _ info: ObjectInfo, _ when: String
    ) throws {
        let (found, read) = try get(path)
        try require(
            read == bytes, "\(when), \(shown(path)) \(difference(read, bytes))")
        try require(
            found.version == info.version,
            "\(when), \(shown(path)) has the version \(found.version), its write said \(info.version)"
        )
    }

    /// Fails the check unless no object is there.
    ///
    /// - Parameters:
    ///   - path: The object.
    ///   - when: When it is looked at.
    /// - Throws: ``CheckFailure``.
    public func expectAbsent(_ path: String, _ when: String) throws {
        let failure = try failure(
            { _ = try head(path) }, orFound: "\(when), \(shown(path)) is there")
        try require(
            failure.code == .notFound, "\(when), head of \(shown(path)) answers \"\(failure)\"",
            do: "answer HOLDFAST_NOT_FOUND")
    }
}

/// A path for a message: quoted, and cut when it is long.
func shown(_ path: String) -> String {
    path.utf8.count <= 60 ? "\"\(path)\"" : "\"\(path.prefix(40))…\" (\(path.utf8.count) bytes)"
}

/// How bytes that were read differ from those that were written.
func difference(_ read: [UInt8], _ written: [UInt8]) -> String {
    guard read.count == written.count else {
        return "gives \(read.count) bytes of \(written.count)"
    }
    let place = zip(read, written).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    return place.map { "differs from what was written at byte \($0)" } ?? "is the same"
}
