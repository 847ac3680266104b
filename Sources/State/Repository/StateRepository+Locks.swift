package import Host

extension StateRepository {
    /// How often a change that others were faster with is tried again.
    static let attemptsMax = 1000
    private static let lastSeenNanosecondsMin: Int64 = 10 * 1_000_000_000
    private static let leaseRange: ClosedRange<Duration> = .milliseconds(10)...(.seconds(86_400))

    /// Takes the lock of a state.
    ///
    /// A repeat with the same id is a success with the same fence, so that a client whose answer was
    /// lost may ask again. A lock whose lease has run out is taken over. Without a `lease` the lock
    /// lasts until it is released.
    ///
    /// - Returns: The lock; with a lease, also when to stop unless it is renewed.
    /// - Throws: ``StateError``, with code `locked` and the holder when somebody else has it.
    package func lock(
        _ path: StatePath, _ info: LockInfo, lease: Duration?, _ call: Call
    ) throws(StateError) -> HeldLock {
        try requireConditions(path, call)
        if let lease, !Self.leaseRange.contains(lease) {
            throw StateError(
                .invalid, "a lease of \(lease) is not between 10 ms and one day", path: path)
        }
        for _ in 0..<Self.attemptsMax {
            let started = environment.bootClock()
            var snapshot = try load(path, call)
            if let lock = snapshot.record.lock {
                if lock.hasID(info.id) {
                    guard let held = try keepHeld(path, snapshot, lock, lease, started, call) else {
                        continue
                    }
                    return held
                }
                guard try isExpired(path, lock, call) else { throw lockedError(lock.held(path)) }
            }
            try refuseSetBack(path, snapshot, call)
            let seen = snapshot.record.lock
            snapshot = try prepare(path, snapshot, mustExist: false, call).snapshot
            // Somebody may have taken the lock while the record was made ready.
            guard snapshot.record.lock == seen else { continue }
            let acquired = try acquiring(path, snapshot, info, lease, call)
            guard try swap(path, snapshot, to: acquired, call) != nil else { continue }
            observer.forget(path)
            guard let lock = acquired.lock else { continue }
            return lock.held(path, leasedAt: started)
        }
        throw busy(path)
    }

    /// The lock of a holder that asks again: its lease starts anew, or its last-seen time is noted.
    ///
    /// - Returns: `nil` when the record changed meanwhile.
    private func keepHeld(
        _ path: StatePath, _ snapshot: RecordSnapshot, _ lock: LockRecord, _ lease: Duration?,
        _ started: Int64, _ call: Call
    ) throws(StateError) -> HeldLock? {
        let now = environment.wallClock()
        var record = snapshot.record
        guard lease != nil || lock.leaseMilliseconds != nil else {
            var seen = lock
            seen.lastSeenNanoseconds = now
            let (unseen, overflow) = now.subtractingReportingOverflow(lock.lastSeenNanoseconds)
            guard overflow || unseen >= Self.lastSeenNanosecondsMin else {
                return lock.held(path)
            }
            record.lock = seen
            return try swap(path, snapshot, to: record, call) == nil ? nil : seen.held(path)
        }
        var renewed = lock
        if let lease { renewed.leaseMilliseconds = max(1, lease.nanoseconds / 1_000_000) }
        try renew(&renewed, path, call)
        record.lock = renewed
        guard try swap(path, snapshot, to: record, call) != nil else { return nil }
        return renewed.held(path, leasedAt: started)
    }

    private func acquiring(
        _ path: StatePath, _ snapshot: RecordSnapshot, _ info: LockInfo, _ lease: Duration?,
        _ call: Call
    ) throws(StateError) -> StateRecord {
        var record = try settled(path, snapshot.record, call)
        record.fence += 1
        let now = environment.wallClock()
        var lock = LockRecord(
            info: info, nonce: environment.randomHexadecimal(16), previousNonce: nil,
            fence: record.fence, acquiredNanoseconds: now, lastSeenNanoseconds: now,
            leaseMilliseconds: lease.map { max(1, $0.nanoseconds / 1_000_000) }, expiry: nil,
            lockStore: snapshot.home.lockStore)
        lock.expiry = try expiry(of: lock, path, call)
        record.lock = lock
        return record
    }

    /// Extends the lease of a lock, whose nonce changes.
    ///
    /// The nonce before the last renewal is taken as well, so that a renewal whose answer was lost
    /// can be repeated.
    ///
    /// - Throws: ``StateError``, with code `lockMismatch` or `notLocked` when the lock is another's
    ///   or gone: then the holder must stop at once.
    package func renew(
        _ path: StatePath, id: String, nonce: String, _ call: Call
    ) throws(StateError) -> HeldLock {
        try requireConditions(path, call)
        for _ in 0..<Self.attemptsMax {
            let started = environment.bootClock()
            let snapshot = try load(path, call)
            let session = LockSession(path, lockID: id, admittedBy: snapshot.record)
            if let refusal = session.refusal(by: snapshot.record) { throw refusal }
            guard var lock = snapshot.record.lock else { throw busy(path) }
            guard isSame(lock.nonce, nonce) || isSame(lock.previousNonce ?? "", nonce) else {
                throw StateError(
                    .lockMismatch(lock.held(path)),
                    "the lock of '\(path)' was taken again since nonce \(printable(nonce))",
                    advice: "stop: another process works under the same lock id", path: path)
            }
            try renew(&lock, path, call)
            var record = snapshot.record
            record.lock = lock
            if try swap(path, snapshot, to: record, call) != nil {
                return lock.held(path, leasedAt: started)
            }
        }
        throw busy(path)
    }

    private func renew(
        _ lock: inout LockRecord, _ path: StatePath, _ call: Call
    ) throws(StateError) {
        lock.previousNonce = lock.nonce
        lock.nonce = environment.randomHexadecimal(16)
        lock.lastSeenNanoseconds = environment.wallClock()
        lock.expiry = try expiry(of: lock, path, call)
    }

    /// Releases or breaks a lock.
    ///
    /// - Returns: The lock that was released; `nil` when it was free already, which is a success.
    /// - Throws: ``StateError``, with code `locked` and the holder when the id is not the holder's.
    package func unlock(
        _ path: StatePath, _ selector: LockSelector, _ call: Call
    ) throws(StateError) -> HeldLock? {
        try requireConditions(path, call)
        var released: LockRecord?
        for _ in 0..<Self.attemptsMax {
            let snapshot = try load(path, call)
            guard let lock = snapshot.record.lock else {
                observer.forget(path)
                return released?.held(path)
            }
            // Another acquisition than the one that was to be released: that one is gone.
            if let released, released.fence != lock.fence { return released.held(path) }
            if case .id(let id) = selector, !lock.hasID(id) { throw lockedError(lock.held(path)) }
            released = lock
            var record = try settled(path, snapshot.record, call)
            record.lock = nil
            if case .force = selector { record.fence += 1 }
            guard let swapped = try swap(path, snapshot, to: record, call) else { continue }
            observer.forget(path)
            collectNear(path, swapped.record, call)
            return lock.held(path)
        }
        throw busy(path)
    }

    // MARK: - Leases

    /// The clock of the store that keeps the record.
    private func clock(_ path: StatePath, _ call: Call) throws(StateError) -> StoreClock? {
        let home = try home(path, call)
        return try onStore(path) { () throws(HostError) in try home.store.ping(call) }
    }

    /// When a lease that starts now ends by the store's clock; `nil` where it has none.
    private func expiry(
        of lock: LockRecord, _ path: StatePath, _ call: Call
    ) throws(StateError) -> LockRecord.Expiry? {
        guard let milliseconds = lock.leaseMilliseconds else { return nil }
        let clock = try clock(path, call)
        guard let clock, !clock.domain.isEmpty else { return nil }
        let length = milliseconds * 1_000_000 + min(clock.uncertaintyNanoseconds, 1 << 60)
        let (end, overflow) = clock.nowNanoseconds.addingReportingOverflow(length)
        return LockRecord.Expiry(domain: clock.domain, atNanoseconds: overflow ? .max : end)
    }

    /// Whether a lock's lease has run out, by the store's clock where that can tell, else by a
    /// nonce that stayed the same for a whole lease, and a tenth for clocks of different speed.
    private func isExpired(
        _ path: StatePath, _ lock: LockRecord, _ call: Call
    ) throws(StateError) -> Bool {
        guard let milliseconds = lock.leaseMilliseconds else { return false }
        let unchanged = observe(path, lock)
        if let expiry = lock.expiry {
            let clock = try clock(path, call)
            if let clock, isSame(clock.domain, expiry.domain) {
                let (earliest, overflow) = clock.nowNanoseconds.subtractingReportingOverflow(
                    clock.uncertaintyNanoseconds)
                return !overflow && earliest > expiry.atNanoseconds
            }
        }
        return unchanged > milliseconds * 1_100_000
    }

    /// Notes a lease that somebody else holds; for how long it has been the same.
    @discardableResult
    func observe(_ path: StatePath, _ lock: LockRecord) -> Int64 {
        guard lock.leaseMilliseconds != nil else { return 0 }
        return observer.nanosecondsUnchanged(
            path, nonce: lock.nonce, now: environment.bootClock())
    }

    func busy(_ path: StatePath) -> StateError {
        StateError(
            .conflict, "'\(path)' is changed by others all the time; nothing was changed",
            advice: "try again", retryAfter: .seconds(1), path: path)
    }
}

extension LockRecord {
    /// The lock as its holder sees it: it has to stop a fifth of its lease before the end, counted
    /// from before the request, so that it is never later than any observer.
    func held(_ path: StatePath, leasedAt started: Int64) -> HeldLock {
        var held = held(path)
        if let leaseMilliseconds {
            held.lease?.stopAtBootNanoseconds = started + leaseMilliseconds * 800_000
        }
        return held
    }
}
