internal import Synchronization

/// An open store: the one concrete type over any driver.
///
/// It checks every argument before the driver sees it and every answer before the caller does, so
/// that neither side has to distrust the other. Everything blocks: call it on a thread of the
/// ``BlockingPool``, never on one of Swift's own.
package struct Store: Sendable {
    private static let lastID = Atomic<UInt64>(0)

    /// What tells this store from every other in the process; the pool counts by it.
    package let id: UInt64
    /// The name in the configuration, such as `default`.
    package let name: String
    /// The driver's id.
    package let driverID: String
    /// Which workspace keys carry when the operator names none.
    package let addressing: Addressing
    /// What the driver declared, the store reported and the host relies on.
    package let capabilityRecord: CapabilityRecord
    /// How long the driver may take to return after a deadline or cancellation.
    package let grace: Duration
    let operations: any StoreOperations
    /// The most bytes of one object.
    let byteCountMax: UInt64

    /// What the host relies on.
    package var capabilities: Capabilities { capabilityRecord.effective }

    /// Makes a store over `operations`, whose capabilities were never declared apart.
    package init(
        name: String, driverID: String, addressing: Addressing, capabilities: Capabilities,
        operations: any StoreOperations
    ) {
        self.init(
            name: name, driverID: driverID, addressing: addressing,
            capabilityRecord: CapabilityRecord(declared: capabilities, probed: capabilities),
            grace: .seconds(1), operations: operations)
    }

    /// Makes a store over `operations`.
    package init(
        name: String, driverID: String, addressing: Addressing, capabilityRecord: CapabilityRecord,
        grace: Duration, operations: any StoreOperations
    ) {
        id = Self.lastID.wrappingAdd(1, ordering: .relaxed).newValue
        self.name = name
        self.driverID = driverID
        self.addressing = addressing
        self.capabilityRecord = capabilityRecord
        self.grace = grace
        self.operations = operations
        byteCountMax = capabilityRecord.effective.limit(Capabilities.value) ?? .max
    }
}
