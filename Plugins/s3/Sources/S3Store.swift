internal import HoldfastDriver
internal import SharedHTTP

/// One bucket, or what lies in it below a prefix.
final class S3Store: DriverStore {
    /// The most bytes of one object: 10,000 parts of 8 MiB would be a little more.
    static let maximumByteCount: UInt64 = 64 << 30

    let service: Service
    /// What the endpoint was seen to do with conditions.
    let verdict: Verdict
    /// Whether a missing bucket may be made.
    let bootstrap: Bool

    init(_ service: Service, _ verdict: Verdict, bootstrap: Bool) {
        self.service = service
        self.verdict = verdict
        self.bootstrap = bootstrap
    }

    func capabilities(_ call: Call) throws(DriverError) -> [Capability] {
        S3Driver.capabilities.map { capability in
            switch capability.id {
            case "condition.absent":
                Capability(
                    capability.id, verdict.absent ? .native : .none,
                    note: verdict.note(isHonoured: verdict.absent) ?? capability.note)
            case "condition.version":
                Capability(
                    capability.id, verdict.version ? .native : .none,
                    note: verdict.note(isHonoured: verdict.version)
                        ?? verdict.limits ?? capability.note)
            case "condition.unique":
                Capability(
                    capability.id, verdict.version ? .native : .none, note: capability.note)
            default: capability
            }
        }
    }

    func ping(_ call: Call) throws(DriverError) -> StoreClock? {
        var request = ServiceRequest(.list, "GET")
        request.query = [("list-type", "2"), ("max-keys", "1"), ("prefix", service.prefix)]
        do throws(ServiceFailure) {
            _ = try service.perform(request, call)
        } catch {
            throw error.error
        }
        // The service's answers carry a date, in whole seconds and not of one clock: no clock for leases.
        return nil
    }

    func close(_ call: Call) { service.close() }
}
