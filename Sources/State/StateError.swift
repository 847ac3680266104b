package import Host

/// Why something could not be done with a state.
package struct StateError: Error, Sendable {
    /// The class of the failure: what to act on, never the message.
    package enum Code: Sendable {
        /// An argument is wrong.
        case invalid
        /// There is no such state, version or orphan.
        case notFound
        /// Somebody else holds the lock.
        case locked(HeldLock)
        /// The lock id that came with the call is not the holder's.
        case lockMismatch(HeldLock)
        /// A lock id came with the call, but nobody holds the lock.
        case notLocked
        /// Another call changed the state at the same time.
        case conflict
        /// The stored bytes are not those that were written.
        case integrity
        /// What is stored was written by a newer Holdfast.
        case newerFormat
        /// Over a limit.
        case tooLarge
        /// The body does not match the checksum that came with it.
        case checksumMismatch
        /// The store failed.
        case host(HostError.Code)
    }

    /// The class of the failure.
    package var code: Code
    /// What failed and why, in one line, without secrets.
    package var message: String
    /// What to do next; empty when there is nothing to advise.
    package var advice: String
    /// Whether a change took effect.
    package var applied: HostError.Applied
    /// When it is worth trying again; `nil` for never.
    package var retryAfter: Duration?
    /// The state concerned, if any.
    package var path: StatePath?
    /// Of a refused write: the orphan that keeps its bytes.
    package var orphanID: String?

    /// Makes an error; the defaults are those of a call that changed nothing.
    package init(
        _ code: Code, _ message: String, advice: String = "", applied: HostError.Applied = .no,
        retryAfter: Duration? = nil, path: StatePath? = nil
    ) {
        self.code = code
        self.message = message
        self.advice = advice
        self.applied = applied
        self.retryAfter = retryAfter
        self.path = path
    }

    /// A failure of the store.
    package init(_ error: HostError, path: StatePath? = nil) {
        var retryAfter: Duration?
        if case .same(let after) = error.retry { retryAfter = after }
        let code: Code =
            switch error.code {
            case .newerFormat: .newerFormat
            case .corrupt: .integrity
            default: .host(error.code)
            }
        self.init(
            code, error.message, advice: error.advice, applied: error.applied,
            retryAfter: retryAfter, path: path)
    }
}
