/// A lock that somebody holds.
package struct HeldLock: Sendable, Hashable {
    /// How long a lock lasts without being renewed.
    package struct Lease: Sendable, Hashable {
        /// The length of the lease.
        package var duration: Duration
        /// For the one who acquired or renewed it: when to stop.
        ///
        /// By `CLOCK_BOOTTIME` in nanoseconds,
        /// which is a margin before anybody else may take the lock. `nil` for observers.
        package var stopAtBootNanoseconds: Int64?
    }

    /// The state that is locked.
    package var path: StatePath
    /// What the holder said of it.
    package var info: LockInfo
    /// The fence of this acquisition, higher than that of any before.
    package var fence: UInt64
    /// A random text that changes with every acquisition and renewal.
    package var nonce: String
    /// When it was acquired, in nanoseconds since 1970 UTC; for people only.
    package var acquiredNanoseconds: Int64
    /// When its holder was last heard of, in nanoseconds since 1970 UTC; for people only.
    package var lastSeenNanoseconds: Int64
    /// Its lease; `nil` when it lasts until it is released.
    package var lease: Lease?
    /// The name of the store that keeps the lock, where it is not the one of the state's bytes.
    ///
    /// Then nothing fences what a holder writes that was paused and lost its lock: the lock is
    /// advisory.
    package var lockStore: String?

    /// Whether a holder that lost the lock cannot write any more.
    package var isFenced: Bool { lockStore == nil }

    /// What people must know of a lock that is not fenced; `nil` of one that is.
    package var unfencedNote: String? { lockStore.map(UnfencedLock.note) }

    /// The seven fields that Terraform and OpenTofu read from a refused LOCK.
    ///
    /// Newer clients give up at once, without waiting, when the ID is empty or `Created` is no time
    /// with a zone; what the holder left empty is filled with what its user should know.
    ///
    /// - Parameter now: The wall clock, in nanoseconds since 1970 UTC.
    /// - Returns: One JSON object; of a lock that is not fenced, with `Fenced` as an eighth field.
    package func json(now: Int64) -> [UInt8] {
        let created =
            Timestamp.isValid(info.created)
            ? info.created : Timestamp.text(nanoseconds: acquiredNanoseconds)
        var remark = info.info.isEmpty ? age(now: now) : info.info
        if let unfencedNote { remark += "; \(unfencedNote)" }
        let fields: [(String, String)] = [
            ("ID", info.id), ("Operation", info.operation), ("Info", remark), ("Who", info.who),
            ("Version", info.version), ("Created", created),
            ("Path", info.path.isEmpty ? path.description : info.path),
        ]
        var document = JSONObject(fields.map { ($0.0, .string($0.1)) })
        if !isFenced { document.append("Fenced", .bool(false)) }
        return JSONValue.object(document).bytes
    }

    /// How long it is held and when its holder was last heard of, such as
    /// `held 3h12m, last seen 2m ago`.
    package func age(now: Int64) -> String {
        "held \(Timestamp.span(from: acquiredNanoseconds, to: now)), "
            + "last seen \(Timestamp.span(from: lastSeenNanoseconds, to: now)) ago"
    }
}

/// How a lock that another store keeps is spoken of, wherever it is shown.
package enum UnfencedLock {
    /// The words, with the name of that store.
    package static func note(_ lockStore: String) -> String {
        "unfenced: the lock is kept in the store '\(lockStore)'"
    }
}
