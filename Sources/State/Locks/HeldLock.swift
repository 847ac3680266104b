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

    /// The seven fields that Terraform and OpenTofu read from a refused LOCK.
    ///
    /// Newer clients give up at once, without waiting, when the ID is empty or `Created` is no time
    /// with a zone; what the holder left empty is filled with what its user should know.
    ///
    /// - Parameter now: The wall clock, in nanoseconds since 1970 UTC.
    /// - Returns: One JSON object.
    package func json(now: Int64) -> [UInt8] {
        let created =
            Timestamp.isValid(info.created)
            ? info.created : Timestamp.text(nanoseconds: acquiredNanoseconds)
        let fields: [(String, String)] = [
            ("ID", info.id), ("Operation", info.operation),
            ("Info", info.info.isEmpty ? age(now: now) : info.info), ("Who", info.who),
            ("Version", info.version), ("Created", created),
            ("Path", info.path.isEmpty ? path.description : info.path),
        ]
        return JSONValue.object(JSONObject(fields.map { ($0.0, .string($0.1)) })).bytes
    }

    /// How long it is held and when its holder was last heard of, such as
    /// `held 3h12m, last seen 2m ago`.
    package func age(now: Int64) -> String {
        "held \(Timestamp.span(from: acquiredNanoseconds, to: now)), "
            + "last seen \(Timestamp.span(from: lastSeenNanoseconds, to: now)) ago"
    }
}
