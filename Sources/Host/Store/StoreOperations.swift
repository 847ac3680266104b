/// What a put asks for besides the key and the bytes.
package struct PutRequest: Sendable, Hashable {
    /// What the write requires of the object as it is.
    package var condition: Condition
    /// What is stored with the object, the host's own included.
    package var attributes: [String: String]
    /// Whether the bytes hold a random id, so that no other write has the same ones: a store whose own
    /// versions are digests of the bytes then needs no look before it replaces a version.
    package var isUnique: Bool

    /// Makes a request.
    package init(condition: Condition, attributes: [String: String], isUnique: Bool = false) {
        self.condition = condition
        self.attributes = attributes
        self.isUnique = isUnique
    }
}

/// What a `Store` is built from and what layers wrap: the operations of a driver's store, blocking.
///
/// Arguments were checked by `Store`. Infos carry the attributes as they are stored, so the host's
/// own ones too. Errors that a closure or a source throws are passed on unchanged.
package protocol StoreOperations: Sendable {
    /// Reports one object's information; `nil` when there is none.
    func head(_ key: ObjectKey, _ call: Call) throws(HostError) -> ObjectInfo?

    /// Reads an object: `begin` once, then `body` for the bytes in order; `nil` when there is none.
    func get(
        _ key: ObjectKey, _ range: ByteRange, _ call: Call,
        begin: (ObjectInfo) throws(HostError) -> Void,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) -> ObjectInfo?

    /// Writes a whole object, all or nothing, and reports its new information.
    func put(
        _ key: ObjectKey, _ request: PutRequest, from source: any ByteSource, _ call: Call
    ) throws(HostError) -> ObjectInfo

    /// Removes an object; an absent one under no condition is a success.
    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(HostError)

    /// Makes all changes in one atomic step, or none, and reports each object that was put.
    func commit(_ changes: [Change], _ call: Call) throws(HostError) -> [ObjectInfo]

    /// Waits until something in a scope may have changed; the driver's cursor to go on from.
    func watch(
        _ scope: WatchScope, after cursor: [UInt8], _ call: Call
    ) throws(HostError) -> [UInt8]

    /// One page of a listing in ascending byte order; fewer entries than the limit mean the end.
    func list(_ listing: Listing, _ call: Call) throws(HostError) -> [Entry]

    /// Checks that the store can be used now; its clock, where it has one.
    func ping(_ call: Call) throws(HostError) -> StoreClock?

    /// The verbs of its own that the driver declares.
    func driverOperations() throws(HostError) -> [DriverOperation]

    /// Calls one of them; `body` receives the result's bytes in order.
    func callOperation(
        _ request: OperationCall, _ call: Call,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError)

    /// Closes the store; calls after it fail.
    func close(_ call: Call)
}
