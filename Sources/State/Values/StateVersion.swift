/// One committed version of a state.
package struct StateVersion: Sendable, Hashable {
    /// Its id, such as `0000000012-9f3c01ab`; `adopted` for a copy that another tool put there.
    package var id: String
    /// Its place in the history, from 1; 0 for an adopted copy.
    package var sequence: UInt64
    /// Its length in bytes.
    package var byteCount: UInt64
    /// The SHA-256 of its bytes in hexadecimal; empty for a large adopted copy.
    package var sha256: String
    /// The state's own `serial`, where it has one.
    package var serial: Int64?
    /// The state's own `lineage`, where it has one.
    package var lineage: String?
    /// The `terraform_version` that wrote it, where it says so.
    package var tool: String?
    /// Whether the bytes are one valid JSON object.
    package var isJSON: Bool
    /// Whether the client encrypted it (`encrypted_data`).
    package var isEncrypted: Bool
    /// When it was written, by the writer's wall clock, in nanoseconds since 1970 UTC.
    package var createdNanoseconds: Int64
    /// Who wrote it, as the front end named them.
    package var writer: String
    /// The lock that it was written under; empty for none.
    package var lockID: String
    /// The fence of the record when it was written.
    package var fence: UInt64
    /// The version before it; empty for the first.
    package var previousID: String
    /// The SHA-256 of the version before it; empty for the first.
    package var previousSHA256: String
    /// What stood out: `serial-regressed`, `lineage-changed`.
    package var events: [String]
    /// Of a write's answer: whether the legible copy shows this version already.
    ///
    /// When it could not
    /// be published in time the version is committed all the same, and the next call publishes it.
    package var isPublished = true

    /// The id of a copy that has no record yet.
    package static let adoptedID = "adopted"
}

/// What a write asks for besides the bytes.
package struct WriteRequest: Sendable {
    /// The most bytes of a writer's name that are kept.
    package static let writerBytesMax = 200

    /// The lock that the writer says it holds; `nil` when it says nothing of a lock.
    package var lockID: String?
    /// The MD5 that the client sent; `nil` for none.
    package var contentMD5: [UInt8]?
    /// Who writes, for the history; at most 200 bytes are kept.
    package var writer: String
    /// Whether refused bytes are kept as an orphan.
    package var keepRefused: Bool

    /// Makes a request.
    package init(
        lockID: String? = nil, contentMD5: [UInt8]? = nil, writer: String = "",
        keepRefused: Bool = true
    ) {
        self.lockID = lockID
        self.contentMD5 = contentMD5
        self.writer = writer
        self.keepRefused = keepRefused
    }
}

/// What is known of a state without its bytes.
package struct StateSummary: Sendable {
    /// The state's path.
    package var path: StatePath
    /// Its current version; `nil` when there is none.
    package var current: StateVersion?
    /// Who holds its lock; `nil` when it is free.
    package var lock: HeldLock?
    /// The fence: it rises with every acquisition and every break, for ever.
    package var fence: UInt64
    /// The sequence of the last commit.
    package var sequence: UInt64
    /// In a listing: why this state's record cannot be read, so that one does not hide the others.
    package var problem: StateError?
    /// The name of the store that keeps its lock, where it is not the one of its bytes.
    package var lockStore: String?
}

/// Bytes that were refused or displaced, kept for a person to look at.
package struct Orphan: Sendable, Hashable {
    /// Its id, which sorts by time.
    package var id: String
    /// Its length in bytes.
    package var byteCount: UInt64
    /// The SHA-256 of its bytes in hexadecimal; empty for bodies over 1 MiB.
    package var sha256: String
    /// Why it is here: `locked`, `lock-mismatch`, `not-locked`, `conflict`, `edited-copy`.
    package var reason: String
    /// Who sent it.
    package var writer: String
    /// The lock id that came with it; empty for none.
    package var lockID: String
    /// When it was kept, in nanoseconds since 1970 UTC.
    package var createdNanoseconds: Int64
}
