/// The operations by the names that metrics and traces give them.
enum ObservedOperation: String, CaseIterable {
    case head, get, put, remove, commit, list, ping, operation

    /// Its place among all, from 0.
    var place: Int {
        switch self {
        case .head: 0
        case .get: 1
        case .put: 2
        case .remove: 3
        case .commit: 4
        case .list: 5
        case .ping: 6
        case .operation: 7
        }
    }
}

/// A layer that only looks on: every operation passes through one function.
protocol ObservingLayer: StoreOperations {
    var base: any StoreOperations { get }

    /// Runs `body`, which is `operation`.
    func observe<R>(
        _ operation: ObservedOperation, _ call: Call, _ body: (Call) throws(HostError) -> R
    ) throws(HostError) -> R
}

extension ObservingLayer {
    func head(_ key: ObjectKey, _ call: Call) throws(HostError) -> ObjectInfo? {
        try observe(.head, call) { call throws(HostError) in try base.head(key, call) }
    }

    func get(
        _ key: ObjectKey, _ range: ByteRange, _ call: Call,
        begin: (ObjectInfo) throws(HostError) -> Void,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) -> ObjectInfo? {
        try observe(.get, call) { call throws(HostError) in
            try unsafe base.get(key, range, call, begin: begin, body: body)
        }
    }

    func put(
        _ key: ObjectKey, _ request: PutRequest, from source: any ByteSource, _ call: Call
    ) throws(HostError) -> ObjectInfo {
        try observe(.put, call) { call throws(HostError) in
            try base.put(key, request, from: source, call)
        }
    }

    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(HostError) {
        try observe(.remove, call) { call throws(HostError) in
            try base.remove(key, condition, call)
        }
    }

    func commit(_ changes: [Change], _ call: Call) throws(HostError) -> [ObjectInfo] {
        try observe(.commit, call) { call throws(HostError) in try base.commit(changes, call) }
    }

    /// A watch waits for others most of its time, so that there is nothing to measure.
    func watch(
        _ scope: WatchScope, after cursor: [UInt8], _ call: Call
    ) throws(HostError) -> [UInt8] {
        try base.watch(scope, after: cursor, call)
    }

    func list(_ listing: Listing, _ call: Call) throws(HostError) -> [Entry] {
        try observe(.list, call) { call throws(HostError) in try base.list(listing, call) }
    }

    func ping(_ call: Call) throws(HostError) -> StoreClock? {
        try observe(.ping, call) { call throws(HostError) in try base.ping(call) }
    }

    func driverOperations() throws(HostError) -> [DriverOperation] { try base.driverOperations() }

    func callOperation(
        _ request: OperationCall, _ call: Call,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) {
        try observe(.operation, call) { call throws(HostError) in
            try unsafe base.callOperation(request, call, body: body)
        }
    }

    func close(_ call: Call) { base.close(call) }
}
