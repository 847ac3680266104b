/// Why the host could not do something: what failed, where, why and what to do next.
package struct HostError: Error, Sendable {
    /// The class of a failure.
    ///
    /// Act on it, never on the message.
    package enum Code: String, Sendable {
        case notFound, condition, conflict, unauthenticated, forbidden, throttled, unavailable
        case deadline, cancelled, invalid, unsupported, tooLarge, full, corrupt, newerFormat
        case io, source, internalError
        /// The driver overstayed its deadline; the outcome is unknown.
        case stuck
        /// No installed driver has the id.
        case driverMissing
        /// A driver was found and refused.
        case driverRefused
        /// A driver is not the one that a lock file pins.
        case driverMismatch
        /// A lock file cannot be used.
        case driversLock
    }

    /// Whether a failed write took effect.
    package enum Applied: String, Sendable {
        case no, yes, unknown
    }

    /// Whether trying again makes sense.
    package enum Retry: Sendable, Hashable {
        case never
        case same(after: Duration)
        case reopen
    }

    /// The class of the failure.
    package var code: Code
    /// What failed and why, in one line, without secrets.
    package var message: String
    /// What to do next; empty when there is nothing to advise.
    package var advice: String
    /// Whether a write took effect.
    package var applied: Applied
    /// Whether trying again makes sense.
    package var retry: Retry
    /// The store's name; empty where no store is involved.
    package var store: String
    /// The driver's id; empty where no driver is involved.
    package var driver: String
    /// The object concerned, if any.
    package var key: ObjectKey?
    /// The store's own code, 0 for none.
    package var vendorCode: Int64
    /// The name of that code; empty for none.
    package var vendorName: String
    /// With ``Code/condition``: the object's version where the driver knew it.
    package var currentVersion: Version?
    /// Of a commit: the number of the change that failed, 1 for the first; `nil` where none did or
    /// none is known.
    package var change: Int?

    /// Makes an error; the defaults are those of a call that changed nothing.
    package init(
        _ code: Code, _ message: String, advice: String = "", applied: Applied = .no,
        retry: Retry = .never, store: String = "", driver: String = "", key: ObjectKey? = nil,
        vendorCode: Int64 = 0, vendorName: String = "", currentVersion: Version? = nil,
        change: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.advice = advice
        self.applied = applied
        self.retry = retry
        self.store = store
        self.driver = driver
        self.key = key
        self.vendorCode = vendorCode
        self.vendorName = vendorName
        self.currentVersion = currentVersion
        self.change = change
    }
}
