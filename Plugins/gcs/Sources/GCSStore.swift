internal import HoldfastDriver
internal import SharedHTTP
internal import SharedObjects

/// One bucket, or what lies below a prefix of it.
final class GCSStore: DriverStore {
    /// The most bytes of one object, by the service's limits.
    static let maximumByteCount: UInt64 = 5 << 40

    let service: Service
    let names: ObjectNames
    /// Whether a missing bucket may be made.
    let bootstrap: Bool

    init(_ service: Service, _ names: ObjectNames, bootstrap: Bool) {
        self.service = service
        self.names = names
        self.bootstrap = bootstrap
    }

    func capabilities(_ call: Call) throws(DriverError) -> [Capability] {
        GCSDriver.capabilities
    }

    func ping(_ call: Call) throws(DriverError) -> StoreClock? {
        try Bucket(service, names).look(call)
        // The service's answers carry a date, in whole seconds and not of one clock: no clock for leases.
        return nil
    }

    func close(_ call: Call) { service.close() }
}

extension ObjectKey {
    /// The key in messages.
    var shown: String { "\(collection)/\(path)" }
}
