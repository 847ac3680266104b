internal import CHoldfast
internal import Synchronization

/// A store that a driver opened.
///
/// Its functions block; each makes exactly one call of the driver.
///
/// The caller keeps the driver's ``ThreadModel``, and calls ``close(_:)`` only when no call is in
/// flight. A value of the driver that breaks the interface never comes out: the call fails instead.
@safe public final class OpenStore: Sendable {
    /// The driver that opened this store.
    public let driver: LoadedDriver

    // SAFETY: the driver's own object; the interface allows calls with it from any thread.
    private nonisolated(unsafe) let handle: UnsafeMutableRawPointer
    private let closed = Atomic<Bool>(false)

    init(driver: LoadedDriver, handle: UnsafeMutableRawPointer) {
        self.driver = driver
        unsafe self.handle = handle
    }

    /// Reports what this store can do.
    ///
    /// - Parameter context: The call's context.
    /// - Returns: The capabilities; one that is missing is ``CapabilityLevel/none``.
    /// - Throws: ``DriverFailure``.
    public func capabilities(_ context: CallContext) throws(DriverFailure) -> [CapabilityReport] {
        let outcome = outcome("capabilities")
        let (handle, table) = try unsafe use(context)
        var collected = Collected<CapabilityReport>()
        let status = unsafe withUnsafeMutablePointer(to: &collected) { collected in
            var sink = unsafe holdfast_capability_sink(
                size: UInt32(MemoryLayout<holdfast_capability_sink>.size), flags: 0,
                context: collected,
                capability: { context, value in
                    unsafe upcall(context, Collected<CapabilityReport>.self) { collected in
                        collected.add { () throws(Defect) in try unsafe CapabilityReport(value) }
                    }
                })
            return unsafe context.withC { unsafe table.pointee.capabilities(handle, $0, &sink) }
        }
        if let defect = collected.defect { throw outcome.failure(defect) }
        try outcome.check(status, context)
        return collected.values
    }

    /// Reports an object's information.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - context: The call's context.
    /// - Returns: The object's information.
    /// - Throws: ``DriverFailure``, with code `notFound` when there is no such object.
    public func head(_ key: ObjectKey, _ context: CallContext) throws(DriverFailure) -> ObjectInfo {
        let (handle, table) = try unsafe use(context)
        var collected = Single<ObjectInfo>()
        let status = unsafe withUnsafeMutablePointer(to: &collected) { collected in
            var sink = unsafe infoSink(collected)
            return unsafe key.withC { key in
                unsafe context.withC { unsafe table.pointee.head(handle, $0, key, &sink) }
            }
        }
        if let defect = collected.defect { throw outcome("head").failure(defect) }
        guard status == HOLDFAST_OK else { throw outcome("head").failure(status, context) }
        context.forgetReport()
        guard let info = collected.value else {
            throw outcome("head").failure(Defect("gave no object information"))
        }
        return info
    }

    /// Removes an object.
    ///
    /// Removing an absent one under no condition succeeds.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - condition: None or a version.
    ///   - context: The call's context.
    /// - Throws: ``DriverFailure``.
    public func remove(
        _ key: ObjectKey, _ condition: Condition, _ context: CallContext
    ) throws(DriverFailure) {
        let (handle, table) = try unsafe use(context)
        let status = unsafe key.withC { key in
            unsafe condition.withC { condition in
                var request = unsafe holdfast_remove(
                    size: UInt32(MemoryLayout<holdfast_remove>.size), flags: 0, key: key,
                    condition: condition)
                return unsafe context.withC { unsafe table.pointee.remove(handle, $0, &request) }
            }
        }
        try outcome("remove", isWrite: true).check(status, context)
    }

    /// Checks that the store can be used now.
    ///
    /// - Parameter context: The call's context.
    /// - Returns: A reading of the store's clock, or `nil` when it has none.
    /// - Throws: ``DriverFailure``.
    public func ping(_ context: CallContext) throws(DriverFailure) -> StoreClock? {
        let outcome = outcome("ping")
        let (handle, table) = try unsafe use(context)
        var collected = Single<StoreClock?>()
        let status = unsafe withUnsafeMutablePointer(to: &collected) { collected in
            var sink = unsafe holdfast_clock_sink(
                size: UInt32(MemoryLayout<holdfast_clock_sink>.size), flags: 0, context: collected,
                clock: { context, value in
                    unsafe upcall(context, Single<StoreClock?>.self) { collected in
                        collected.add { () throws(Defect) in try unsafe StoreClock.copy(value) }
                    }
                })
            return unsafe context.withC { unsafe table.pointee.ping(handle, $0, &sink) }
        }
        if let defect = collected.defect { throw outcome.failure(defect) }
        try outcome.check(status, context)
        return collected.value ?? nil
    }

    /// Closes the store, whatever it throws.
    ///
    /// Call it once, when no other call is in flight.
    ///
    /// - Parameter context: The call's context.
    /// - Throws: ``DriverFailure``.
    public func close(_ context: CallContext) throws(DriverFailure) {
        let table = try unsafe use(context).table
        guard !closed.exchange(true, ordering: .acquiringAndReleasing) else { throw closedFailure }
        let status = unsafe context.withC { unsafe table.pointee.close(handle, $0) }
        try outcome("close").check(status, context)
    }

    // MARK: - For the calls in other files

    /// What a call needs, or a failure when the store is closed.
    func use(
        _ context: CallContext
    ) throws(DriverFailure) -> (
        handle: UnsafeMutableRawPointer, table: UnsafePointer<holdfast_driver>
    ) {
        guard !closed.load(ordering: .acquiring) else { throw closedFailure }
        context.forgetReport()
        return unsafe (handle, driver.table.pointer)
    }

    func outcome(_ function: StaticString, isWrite: Bool = false) -> CallOutcome {
        CallOutcome(driver: driver, function: function, isWrite: isWrite)
    }

    private var closedFailure: DriverFailure {
        DriverFailure(.invalid, "the store of the driver \(driver.id) is closed already")
    }
}
