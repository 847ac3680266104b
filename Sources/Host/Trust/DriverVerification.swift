/// How a driver's files compare with its pin.
package struct DriverVerification: Sendable {
    /// What came of it.
    package enum Outcome: String, Sendable {
        /// The files are those that were pinned.
        case pinned
        /// They are not.
        case differs
        /// No lock file pins the driver.
        case unpinned
        /// It is refused for another reason.
        case refused
        /// It is pinned and not installed.
        case missing
    }

    /// The driver's id.
    package var id: String
    /// Its folder; empty when it is missing.
    package var folder: String
    /// What came of it.
    package var outcome: Outcome
    /// The hashes of its files.
    package var digests: DriverDigests
    /// The pin that counts.
    package var pin: DriverPin?
    /// Why it would be refused; `nil` when it would not.
    package var problem: HostError?

    init(id: String, folder: String, _ trust: DriverTrust) {
        let driver = ExaminedDriver(id: id, folder: folder, trust: trust, wantsDigests: true)
        self.id = id
        self.folder = folder
        digests = driver.digests
        pin = driver.pin
        problem = driver.refusal
        outcome =
            switch problem?.code {
            case .driverMismatch: .differs
            case .some: .refused
            case nil: driver.pin == nil ? .unpinned : .pinned
            }
    }

    init(missing pin: DriverPin, id: String) {
        self.id = id
        folder = ""
        outcome = .missing
        digests = DriverDigests(library: "", manifest: "")
        self.pin = pin
    }
}
