/// The one record of a state, changed only by compare-and-swap: the truth about it.
struct StateRecord: Sendable, Hashable {
    /// The format that this code writes; a newer one is never written to.
    static let format: UInt64 = 1
    /// The most bytes of a record: a LockInfo of 64 KiB and room.
    static let bytesMax = 256 << 10

    /// The most that a fence or a sweep can be; room to count on for ever.
    static let counterMax = UInt64(Int64.max)

    /// The newest committed version, also when the state was removed since.
    struct VersionReference: Sendable, Hashable {
        var id: String
        var sha256: String
    }

    /// A commit whose legible copy is not yet known to be published.
    struct Writing: Sendable, Hashable {
        /// The version; `nil` for a removal.
        var version: String?
        /// The record's write id of the commit.
        var write: String
    }

    /// A random id of the last change of this record.
    var write = ""
    /// Rises with every acquisition and every break of the lock.
    var fence: UInt64 = 0
    /// Rises with every commit.
    var sequence: UInt64 = 0
    /// The sequence that this record began after.
    ///
    /// Versions up to it belong to an earlier record
    /// that was lost; they are never collected.
    var base: UInt64 = 0
    /// Rises when versions of writes that never ended are collected, so that none of them can be
    /// committed any more.
    var sweep: UInt64 = 0
    /// The current version; `nil` when there is none.
    var current: StateVersion?
    /// The head of the history; `nil` before the first commit.
    var last: VersionReference?
    /// The lock; `nil` when it is free.
    var lock: LockRecord?
    /// What may still have to be published.
    var writing: Writing?
    /// Members that this code does not know.
    var unknown = JSONObject()

    /// Whether a copy that another tool put in the legible place is the state: nothing was ever
    /// committed here.
    var isAdoptable: Bool { last == nil }
}

/// A lock as the record keeps it.
struct LockRecord: Sendable, Hashable {
    /// A lease's end by the store's clock.
    struct Expiry: Sendable, Hashable {
        var domain: String
        var atNanoseconds: Int64
    }

    var info: LockInfo
    var nonce: String
    /// The nonce before the last renewal, so that a renewal whose answer was lost can be repeated.
    var previousNonce: String?
    var fence: UInt64
    var acquiredNanoseconds: Int64
    var lastSeenNanoseconds: Int64
    var leaseMilliseconds: Int64?
    var expiry: Expiry?
    /// The store that keeps the record, where it is not that of the bytes; not a part of the record.
    var lockStore: String?

    /// Whether this is the lock with `id`, byte for byte.
    func hasID(_ id: String) -> Bool { isSame(info.id, id) }

    /// The lock as others see it.
    func held(_ path: StatePath) -> HeldLock {
        HeldLock(
            path: path, info: info, fence: fence, nonce: nonce,
            acquiredNanoseconds: acquiredNanoseconds, lastSeenNanoseconds: lastSeenNanoseconds,
            lease: leaseMilliseconds.map { HeldLock.Lease(duration: .milliseconds($0)) },
            lockStore: lockStore)
    }
}

/// Whether two texts are the same bytes; `==` also takes those for equal that only look it.
func isSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
