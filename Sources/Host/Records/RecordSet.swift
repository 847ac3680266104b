/// A named set of small records that change together or not at all, on any store with conditional
/// writes.
///
/// One object at the set's path, the head, is changed only by compare-and-swap. Where the store commits
/// several changes by itself, a new set keeps each record in an object of its own and the head only
/// names their versions; elsewhere the head holds the records too, as one document. A set stays in the
/// form that it began in, and both behave the same. `docs/format.md` has the bytes. Everything blocks.
package struct RecordSet: Sendable {
    /// One record.
    package struct Record: Sendable, Hashable {
        /// The name, unique in the set by its bytes.
        package var name: String
        /// The bytes.
        package var bytes: [UInt8]
        /// The version; every commit that puts the record gives it a new one.
        package var version: Version

        /// Makes a record.
        package init(name: String, bytes: [UInt8], version: Version) {
            self.name = name
            self.bytes = bytes
            self.version = version
        }
    }

    /// One change of a commit.
    package struct RecordChange: Sendable, Hashable {
        /// What happens to the record.
        package enum Action: Sendable, Hashable {
            /// Nothing; only the condition counts.
            case check
            /// It gets these bytes.
            case put([UInt8])
            /// It is removed; an absent one under no condition is a success.
            case remove
        }

        /// The record's name.
        package var name: String
        /// What must hold: anything for a put, absent or a version for a check, none or a version
        /// for a removal.
        package var condition: Condition
        /// What happens to the record.
        package var action: Action

        /// Makes a change.
        package init(_ name: String, _ condition: Condition, _ action: Action) {
            self.name = name
            self.condition = condition
            self.action = action
        }
    }

    /// The most changes of one commit.
    package static let changesMax = 24
    /// The most records of a set.
    package static let recordsMax = 1000
    /// The most bytes of a set: of all its names and records.
    package static let bytesMax = 512 << 10
    /// The most bytes of a name.
    package static let nameBytesMax = 128
    /// The most bytes of a set's path.
    package static let pathBytesMax = 500

    /// How often a commit or a read that others were faster with is tried again.
    private static let attemptsMax: UInt32 = 64

    let store: Store
    let key: ObjectKey
    /// The pauses between attempts.
    var policy = RetryPolicy(
        attempts: attemptsMax, firstPause: .milliseconds(2), longestPause: .milliseconds(200))

    /// Makes a set; nothing is read or written yet.
    ///
    /// - Parameters:
    ///   - store: The store; it needs conditional writes.
    ///   - key: The set's object. No part of its path starts with `@`, and objects directly under it
    ///     that do so are the set's.
    /// - Throws: ``HostError`` with code `invalid` for a path that no set can have.
    package init(_ store: Store, at key: ObjectKey) throws(HostError) {
        self.store = store
        self.key = key
        try key.check()
        guard key.path.utf8.count <= Self.pathBytesMax else {
            throw invalid(
                "the path of a record set has \(key.path.utf8.count) bytes, "
                    + "at most \(Self.pathBytesMax) are allowed")
        }
        let parts = key.path.utf8.split(separator: UInt8(ascii: "/"))
        guard !parts.contains(where: { $0.first == UInt8(ascii: "@") }) else {
            throw invalid(
                "the path \(shown(key.path)) of a record set has a part that starts with @")
        }
    }

    // MARK: - Reading

    /// Reads all records as they were at one moment, ascending by name.
    ///
    /// - Throws: What ``read(_:_:)`` throws.
    package func read(_ call: Call) throws(HostError) -> [Record] { try records(nil, call) }

    /// Reads records as they were at one moment.
    ///
    /// - Parameters:
    ///   - names: Which.
    ///   - call: The call's deadline and cancellation.
    /// - Returns: Those that there are, ascending by name.
    /// - Throws: ``HostError``, with code `corrupt` for a set that is damaged and `newerFormat` for
    ///   one of a newer Holdfast.
    package func read(_ names: [String], _ call: Call) throws(HostError) -> [Record] {
        for name in names { try checkName(name) }
        return try records(Set(names.map(RecordName.init)), call)
    }

    private func records(
        _ names: Set<RecordName>?, _ call: Call
    ) throws(HostError) -> [Record] {
        try store.located(key) { () throws(HostError) in
            try repeating(call) { (call) throws(HostError) in
                try records(of: try load(call), names, call)
            }
        }
    }

    /// The records that a head names; `nil` when the set was changed while they were read.
    private func records(
        of head: RecordSetHead, _ names: Set<RecordName>?, _ call: Call
    ) throws(HostError) -> [Record]? {
        var records: [Record] = []
        for entry in head.document.entries {
            if let names, !names.contains(RecordName(entry.name)) { continue }
            var bytes = entry.content
            if bytes == nil {
                bytes = try self.bytes(of: entry, call)
                guard bytes != nil else {
                    guard try load(call).version == head.version else { return nil }
                    throw HostError(
                        .corrupt,
                        "the record \(shown(entry.name)) is not the one that its set names",
                        advice: "something else has changed or removed \(recordKey(entry.name)); "
                            + "restore it from a backup")
                }
            }
            records.append(
                Record(
                    name: entry.name, bytes: bytes ?? [], version: Version(entry.version)))
        }
        return records
    }

    /// The bytes of a record with an object of its own; `nil` when that is of another commit.
    private func bytes(
        of entry: RecordSetDocument.Entry, _ call: Call
    ) throws(HostError) -> [UInt8]? {
        let found: (info: ObjectInfo, bytes: [UInt8])?
        do throws(HostError) {
            found = try store.read(recordKey(entry.name), maxByteCount: Self.bytesMax, call)
        } catch {
            guard error.code == .tooLarge else { throw error }
            return nil
        }
        guard let found, found.info.attributes["version"] == entry.version,
            found.bytes.count == entry.byteCount
        else { return nil }
        return found.bytes
    }

    // MARK: - Committing

    /// Makes all changes, or none.
    ///
    /// - Parameters:
    ///   - changes: 1 to ``changesMax``, each of another record.
    ///   - call: The call's deadline and cancellation.
    /// - Returns: The version that every record has now which was put; that of one commit is the same
    ///   for all of them. A commit that puts nothing gives one that no record has.
    /// - Throws: ``HostError``, with code `condition`, the number of the change and the record's
    ///   version, where there is one, when a condition did not hold. `applied` is `unknown` when an
    ///   answer was lost and could not be read back.
    @discardableResult
    package func commit(
        _ changes: [RecordChange], _ call: Call
    ) throws(HostError) -> Version {
        try store.located(key) { () throws(HostError) in
            try check(changes)
            let writeID = WriteID.random()
            return try repeating(call) { (call) throws(HostError) in
                let head = try load(call)
                try judge(changes, by: head.document)
                let isWrite = changes.contains { $0.action != .check }
                guard isWrite else { return Version(writeID) }
                let next = try head.document.applying(changes, writeID)
                return try swap(head, for: next, changes, writeID, call) ? Version(writeID) : nil
            }
        }
    }

    /// Runs `body` until it has an answer; others may be faster time and again.
    private func repeating<R>(
        _ call: Call, _ body: (Call) throws(HostError) -> R?
    ) throws(HostError) -> R {
        let busy = HostError(
            .conflict, "the record set is changed by others all the time; nothing was changed",
            advice: "try again", retry: .same(after: .seconds(1)))
        var again = busy
        again.retry = .same(after: .zero)
        for attempt in 1...policy.attempts {
            try call.check()
            if let result = try body(call) { return result }
            guard let delay = policy.delay(after: again, attempt, call) else { break }
            try policy.pause(delay, call)
        }
        throw busy
    }
}
