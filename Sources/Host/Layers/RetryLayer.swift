/// Tries failed calls again where that is safe, and finds out what became of writes whose answer
/// was lost.
///
/// A write is repeated only while the one before took no effect, or while its condition makes a
/// second effect impossible. A lost answer is resolved by reading the object's write id back: the
/// write's own means success, another's means that the condition failed, and an object that cannot
/// be read leaves the outcome unknown, which the error says.
struct RetryLayer: StoreOperations {
    let base: any StoreOperations
    var policy = RetryPolicy()

    // MARK: - Reads

    func head(_ key: ObjectKey, _ call: Call) throws(HostError) -> ObjectInfo? {
        try repeating(call) { call throws(HostError) in try base.head(key, call) }
    }

    func get(
        _ key: ObjectKey, _ range: ByteRange, _ call: Call,
        begin: (ObjectInfo) throws(HostError) -> Void,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) -> ObjectInfo? {
        // What the consumer has seen cannot be taken back, so a read that began is not repeated.
        var hasBegun = false
        return try repeating(call, unless: { hasBegun }) { call throws(HostError) in
            try unsafe base.get(
                key, range, call,
                begin: { info throws(HostError) in
                    hasBegun = true
                    try begin(info)
                }, body: body)
        }
    }

    func watch(
        _ scope: WatchScope, after cursor: [UInt8], _ call: Call
    ) throws(HostError) -> [UInt8] {
        try repeating(call) { call throws(HostError) in
            try base.watch(scope, after: cursor, call)
        }
    }

    func list(_ listing: Listing, _ call: Call) throws(HostError) -> [Entry] {
        try repeating(call) { call throws(HostError) in try base.list(listing, call) }
    }

    func ping(_ call: Call) throws(HostError) -> StoreClock? {
        try repeating(call) { call throws(HostError) in try base.ping(call) }
    }

    func driverOperations() throws(HostError) -> [DriverOperation] { try base.driverOperations() }

    /// Only what is idempotent is tried again: of anything else nobody can read back what it did.
    func callOperation(
        _ request: OperationCall, _ call: Call,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) {
        var hasBegun = false
        let isFinal = !request.operation.isIdempotent
        try repeating(call, unless: { isFinal || hasBegun }) { call throws(HostError) in
            try unsafe base.callOperation(
                request, call,
                body: { bytes throws(HostError) in
                    hasBegun = true
                    try unsafe body(bytes)
                })
        }
    }

    func close(_ call: Call) { base.close(call) }

    /// Runs a call that changes nothing, or whose repeat does no harm, until it succeeds or is given up.
    func repeating<R>(
        _ call: Call, unless isFinal: () -> Bool = { false },
        _ body: (Call) throws(HostError) -> R
    ) throws(HostError) -> R {
        var attempt: UInt32 = 1
        while true {
            do throws(HostError) {
                return try body(call.attempt == attempt ? call : call.derived(attempt: attempt))
            } catch {
                guard !isFinal(), let delay = policy.delay(after: error, attempt, call) else {
                    throw error
                }
                try policy.pause(delay, call)
                attempt += 1
            }
        }
    }

    // MARK: - Writes

    func put(
        _ key: ObjectKey, _ request: PutRequest, from source: any ByteSource, _ call: Call
    ) throws(HostError) -> ObjectInfo {
        let tracked = TrackedSource(source)
        let writeID = request.attributes[WriteID.attribute] ?? ""
        let call = call.derived(idempotencyKey: writeID)
        return try writing(
            call, mayRepeat: { tracked.failure == nil && tracked.rewind() },
            attempt: { call throws(HostError) in
                try base.put(key, request, from: tracked, call)
            },
            resolve: { call throws(HostError) in
                let found = try head(key, call)
                guard let found else { return .untouched }
                if !writeID.isEmpty, found.attributes[WriteID.attribute] == writeID {
                    return .done(found)
                }
                return finding(found, request.condition)
            })
    }

    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(HostError) {
        try writing(
            call, mayRepeat: { true },
            attempt: { call throws(HostError) in try base.remove(key, condition, call) },
            resolve: { call throws(HostError) in
                guard let found = try head(key, call) else { return .gone(()) }
                return finding(found, condition)
            })
    }

    func finding<R>(_ found: ObjectInfo, _ condition: Condition) -> Finding<R> {
        condition == .version(found.version)
            ? .untouched : .other(found.version, condition, change: nil)
    }

    /// What reading back showed of a write.
    enum Finding<R> {
        /// It took effect.
        case done(R)
        /// The object is gone, as it would be after this removal or after another's.
        case gone(R)
        /// The object is as it was before.
        case untouched
        /// Another's write is there.
        case other(Version, Condition, change: Int?)
        /// It took effect, and others have changed since what one of its changes wrote.
        case replaced(Version?, change: Int)
        /// What is there now may be of this write or of others.
        case untold
    }

    /// Runs a write until it succeeds or is given up; `resolve` tells what became of an attempt.
    func writing<R>(
        _ call: Call, mayRepeat: () -> Bool, attempt: (Call) throws(HostError) -> R,
        resolve: (Call) throws(HostError) -> Finding<R>
    ) throws(HostError) -> R {
        var number: UInt32 = 1
        var isUncertain = false
        var isDoubtful = false
        while true {
            var failure: HostError
            do throws(HostError) {
                return try attempt(call.attempt == number ? call : call.derived(attempt: number))
            } catch {
                failure = error
            }
            if failure.applied != .no {
                isUncertain = true
                guard failure.isLostAnswer else { throw failure }
            }
            isDoubtful = isDoubtful || failure.isOfTheStorage
            let isSuspicious = number > 1 && [.condition, .conflict].contains(failure.code)
            if failure.applied != .no || isSuspicious {
                let outcome = try settle(failure, isUncertain, isDoubtful, call, resolve)
                if let outcome {
                    guard !isDoubtful else { throw failure.withUnknownOutcome() }
                    return outcome
                }
            }
            // What was sent may still arrive, so a later failure cannot promise that nothing did.
            if isUncertain { failure.applied = .unknown }
            guard let delay = policy.delay(after: failure, number, call), mayRepeat() else {
                throw failure
            }
            do throws(HostError) { try policy.pause(delay, call) } catch {
                if isUncertain { throw error.withUnknownOutcome() }
                throw error
            }
            number += 1
        }
    }

    /// Reads back what became of a write; `nil` when it may be tried again.
    private func settle<R>(
        _ failure: HostError, _ isUncertain: Bool, _ isDoubtful: Bool, _ call: Call,
        _ resolve: (Call) throws(HostError) -> Finding<R>
    ) throws(HostError) -> R? {
        let finding: Finding<R>
        do throws(HostError) { finding = try resolve(call) } catch {
            guard isUncertain else { throw failure }
            var unresolved = failure.withUnknownOutcome()
            unresolved.message += "; reading back failed: \(error.message)"
            throw unresolved
        }
        switch finding {
        case .done(let result): return result
        case .gone(let result): return isUncertain ? result : nil
        case .untouched: return nil
        case .replaced(let version, let change):
            throw replaced(failure, version, change, isDoubtful)
        case .untold:
            guard isUncertain else { return nil }
            throw failure.withUnknownOutcome()
        case .other(let version, let condition, let change):
            guard isUncertain else {
                if failure.code == .condition { throw failure }
                return nil
            }
            throw superseded(failure, version, condition, change)
        }
    }

    /// The error for a write that found another's in its place after its own answer was lost.
    private func superseded(
        _ failure: HostError, _ version: Version, _ condition: Condition, _ change: Int?
    ) -> HostError {
        var error = failure
        error.code = condition == .none ? .conflict : .condition
        error.applied = .unknown
        error.retry = .never
        error.currentVersion = version
        error.change = change
        error.message =
            "another write is there after the answer to this one was lost; whether this one took "
            + "effect before it is unknown (\(failure.message))"
        return error
    }
}

extension RetryLayer {
    /// The error for a commit that took effect, when not all that it wrote is there any more.
    private func replaced(
        _ failure: HostError, _ version: Version?, _ change: Int, _ isDoubtful: Bool
    ) -> HostError {
        guard !isDoubtful else { return failure.withUnknownOutcome() }
        var error = failure
        error.code = .conflict
        error.applied = .yes
        error.retry = .never
        error.currentVersion = version
        error.change = change
        error.message =
            "the commit took effect, its answer was lost, and another write has replaced a part of it "
            + "since (\(failure.message))"
        return error
    }
}

extension HostError {
    /// Whether only the answer is missing.
    ///
    /// Reading back proves that a write is visible, not that it is durable. A write that failed by
    /// an input or output error is never taken for a success because its bytes can be read.
    fileprivate var isLostAnswer: Bool {
        switch code {
        case .unavailable, .deadline, .cancelled, .throttled, .conflict, .condition: true
        default: false
        }
    }

    /// Whether the storage itself failed, so that what can be read may not last.
    fileprivate var isOfTheStorage: Bool {
        switch code {
        case .io, .full, .corrupt, .internalError: true
        default: false
        }
    }

    fileprivate func withUnknownOutcome() -> HostError {
        var error = self
        error.applied = .unknown
        error.message += "; whether the write took effect is unknown"
        return error
    }
}
