internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON
internal import Synchronization

/// One table, whose rows are the objects of many workspaces.
final class DynamoDBStore: DriverStore {
    /// The most bytes of one object.
    static let maximumByteCount: UInt64 = 64 << 30
    /// The most bytes that are kept in the object's item, where the AWS CLI shows them.
    static let inlineByteCount = UploadLayout.chunkByteCount

    let service: Service
    /// Whether this store has looked for what nobody needs any more.
    private let hasCollected = Atomic(false)

    /// Whether a missing table may be made.
    let bootstrap: Bool

    init(_ service: Service, bootstrap: Bool) {
        self.service = service
        self.bootstrap = bootstrap
    }

    func capabilities(_ call: Call) throws(DriverError) -> [Capability] {
        DynamoDBDriver.capabilities
    }

    func ping(_ call: Call) throws(DriverError) -> StoreClock? {
        // No object can lie there, so that this only asks whether the table can be read.
        let key = ItemKey(partition(workspace: ""), "PING")
        do throws(ServiceFailure) {
            _ = try service.perform("GetItem", Self.read(key), call)
        } catch {
            throw error.error.during("cannot read \(service.shown)")
        }
        // The service's answers carry a date, in whole seconds and not of one clock: no clock for leases.
        return nil
    }

    func close(_ call: Call) { service.close() }

    /// Looks for what nobody needs any more: beside large writes, and once beside a small one, because
    /// writers that ended in the middle may not come back.
    func collectAfterWrite(isLarge: Bool, _ call: Call) {
        let isFirst = !hasCollected.exchange(true, ordering: .relaxed)
        if isFirst || isLarge { collect(call, seconds: 0.25) }
    }

    /// The members of a read of one item; all reads are consistent.
    static func read(_ key: ItemKey) -> [String: JSONValue] {
        ["Key": .object(key.json), "ConsistentRead": .boolean(true)]
    }
}
