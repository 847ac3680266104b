/// Gives every call a deadline, and names the failure of one that ended by it.
struct DeadlineLayer: StoreOperations {
    /// How long a call takes that has no deadline of its own.
    struct Defaults: Sendable {
        /// For calls that move no object.
        var short = Duration.seconds(30)
        /// For calls that move one, and for operations of the driver's own.
        var transfer = Duration.seconds(3600)
    }

    let base: any StoreOperations
    var defaults = Defaults()

    func head(_ key: ObjectKey, _ call: Call) throws(HostError) -> ObjectInfo? {
        try within(defaults.short, call) { call throws(HostError) in try base.head(key, call) }
    }

    func get(
        _ key: ObjectKey, _ range: ByteRange, _ call: Call,
        begin: (ObjectInfo) throws(HostError) -> Void,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) -> ObjectInfo? {
        try within(defaults.transfer, call) { call throws(HostError) in
            try unsafe base.get(key, range, call, begin: begin, body: body)
        }
    }

    func put(
        _ key: ObjectKey, _ request: PutRequest, from source: any ByteSource, _ call: Call
    ) throws(HostError) -> ObjectInfo {
        try within(defaults.transfer, call) { call throws(HostError) in
            try base.put(key, request, from: source, call)
        }
    }

    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(HostError) {
        try within(defaults.short, call) { call throws(HostError) in
            try base.remove(key, condition, call)
        }
    }

    func commit(_ changes: [Change], _ call: Call) throws(HostError) -> [ObjectInfo] {
        try within(defaults.transfer, call) { call throws(HostError) in
            try base.commit(changes, call)
        }
    }

    /// A watch may wait for ever.
    func watch(
        _ scope: WatchScope, after cursor: [UInt8], _ call: Call
    ) throws(HostError) -> [UInt8] {
        try base.watch(scope, after: cursor, call)
    }

    func list(_ listing: Listing, _ call: Call) throws(HostError) -> [Entry] {
        try within(defaults.short, call) { call throws(HostError) in
            try base.list(listing, call)
        }
    }

    func ping(_ call: Call) throws(HostError) -> StoreClock? {
        try within(defaults.short, call) { call throws(HostError) in try base.ping(call) }
    }

    func driverOperations() throws(HostError) -> [DriverOperation] { try base.driverOperations() }

    func callOperation(
        _ request: OperationCall, _ call: Call,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) {
        try within(defaults.transfer, call) { call throws(HostError) in
            try unsafe base.callOperation(request, call, body: body)
        }
    }

    func close(_ call: Call) { base.close(call) }

    private func within<R>(
        _ timeout: Duration, _ call: Call, _ body: (Call) throws(HostError) -> R
    ) throws(HostError) -> R {
        try call.check()
        let limited = call.remaining == nil ? call.derived(timeout: timeout) : call
        do throws(HostError) { return try body(limited) } catch {
            throw classified(error, limited)
        }
    }

    /// A driver hears of both ends by one flag and may take one for the other.
    private func classified(_ error: HostError, _ call: Call) -> HostError {
        var error = error
        let isLate = call.deadlineNanoseconds <= Monotonic.now
        if error.code == .cancelled, !call.isCancelled, isLate { error.code = .deadline }
        if error.code == .deadline, call.isCancelled, !isLate { error.code = .cancelled }
        return error
    }
}
