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
    }

    /// Reports one object's information; `nil` when there is none.
    package func head(_ key: ObjectKey, _ call: Call) throws(HostError) -> ObjectInfo? {
        try operations.head(key, call)
    }

    /// Reads an object: `begin` once before any byte, then `body` for the bytes in order.
    ///
    /// - Returns: `nil` when there is none. An error of a closure is rethrown as it is.
    package func get(
        _ key: ObjectKey, range: ByteRange = .whole, _ call: Call,
        begin: (ObjectInfo) throws(HostError) -> Void,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) -> ObjectInfo? {
        try unsafe operations.get(key, range, call, begin: begin, body: body)
    }

    /// Reads a whole object into memory; `nil` when there is none.
    ///
    /// - Throws: ``HostError``, with code `tooLarge` for more than `maxByteCount` bytes.
    package func read(
        _ key: ObjectKey, maxByteCount: Int, _ call: Call
    ) throws(HostError) -> (info: ObjectInfo, bytes: [UInt8])? {
        var bytes: [UInt8] = []
        let info = try unsafe get(
            key, call, begin: { _ in }, body: { unsafe bytes.append(contentsOf: $0) })
        return info.map { ($0, bytes) }
    }

    /// Writes a whole object, all or nothing.
    package func put(
        _ key: ObjectKey, _ bytes: [UInt8], condition: Condition,
        attributes: [String: String] = [:], _ call: Call
    ) throws(HostError) -> ObjectInfo {
        try put(
            key, from: MemorySource(bytes), condition: condition, attributes: attributes, call)
    }

    /// Writes a whole object, all or nothing.
    ///
    /// - Throws: ``HostError``, with code `condition` and the version where known when the
    ///   condition did not hold. `applied` is truthful.
    package func put(
        _ key: ObjectKey, from source: any ByteSource, condition: Condition,
        attributes: [String: String] = [:], _ call: Call
    ) throws(HostError) -> ObjectInfo {
        let request = PutRequest(condition: condition, attributes: attributes)
        return try operations.put(key, request, from: source, call)
    }

    /// Removes an object; an absent one under no condition is a success.
    package func remove(
        _ key: ObjectKey, condition: Condition, _ call: Call
    ) throws(HostError) {
        try operations.remove(key, condition, call)
    }

    /// One page of a listing in ascending byte order; fewer entries than the limit mean the end.
    package func list(_ listing: Listing, _ call: Call) throws(HostError) -> [Entry] {
        try operations.list(listing, call)
    }

    /// Every entry, page by page, until the end or until `body` returns `false`.
    package func forEachEntry(
        _ listing: Listing, _ call: Call, _ body: (Entry) throws(HostError) -> Bool
    ) throws(HostError) {
        var listing = listing
        while true {
            let page = try list(listing, call)
            for entry in page where try !body(entry) { return }
            guard page.count == listing.limit, let last = page.last else { return }
            listing.startAfter = last.path
        }
    }

    /// Checks that the store can be used now; its clock, where it has one.
    package func ping(_ call: Call) throws(HostError) -> StoreClock? {
        try operations.ping(call)
    }

    /// Closes the store; calls after it fail.
    package func close(_ call: Call) { operations.close(call) }
}
