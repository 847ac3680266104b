/// What a change says of the lock, held against the record as it was first seen.
///
/// A lock that was broken and taken again has a higher fence, also when its id is the same: a
/// change that was admitted under the earlier one is refused.
struct LockSession {
    let path: StatePath
    /// The lock that the caller says it holds; `nil` when it says nothing of a lock.
    let lockID: String?
    /// The fence of that lock when the change was admitted.
    private let fence: UInt64?

    init(_ path: StatePath, lockID: String?, admittedBy record: StateRecord) {
        self.path = path
        self.lockID = lockID.flatMap { $0.isEmpty ? nil : $0 }
        fence = record.lock?.fence
    }

    /// Why the record does not allow the change; `nil` when it does.
    func refusal(by record: StateRecord) -> StateError? {
        switch (lockID, record.lock) {
        case (nil, nil): return nil
        case (nil, let lock?): return lockedError(lock.held(path))
        case (_?, nil):
            return StateError(
                .notLocked,
                "'\(path)' is not locked, but the request names a lock: it was released or broken",
                advice: "take the lock, read the state again, then write", path: path)
        case (let lockID?, let lock?):
            if lock.hasID(lockID), lock.fence == fence { return nil }
            let held = lock.held(path)
            return StateError(
                .lockMismatch(held),
                "the request names a lock that does not hold '\(path)' any more or never did; "
                    + heldBy(held),
                advice: "wait for it, or release it if its holder is gone; then read the state "
                    + "again before writing", path: path)
        }
    }
}

/// Somebody else holds the lock.
func lockedError(_ held: HeldLock) -> StateError {
    StateError(
        .locked(held), "'\(held.path)' is locked: \(heldBy(held))",
        advice: "wait for it, or release it if its holder is gone", path: held.path)
}

private func heldBy(_ held: HeldLock) -> String {
    let who = held.info.who.isEmpty ? "somebody" : printable(held.info.who)
    let what = held.info.operation.isEmpty ? "" : " for \(printable(held.info.operation))"
    return "\(who) holds lock \(printable(held.info.id))\(what) since "
        + Timestamp.text(nanoseconds: held.acquiredNanoseconds)
        + (held.unfencedNote.map { " (\($0))" } ?? "")
}
