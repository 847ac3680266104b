internal import HoldfastLoader

/// The operations of a store that a driver opened.
///
/// Keeps the driver's thread model, keeps calls and the close apart, and turns the loader's values
/// and failures into the host's.
final class DriverStore: StoreOperations {
    let store: OpenStore
    /// `nil` when the driver takes any number of calls at once.
    private let gate: CallGate?
    private let usage = UsageCount()

    /// Makes the operations of `store`; `driverGate` is the one of all its driver's stores.
    init(_ store: OpenStore, driverGate: CallGate) {
        self.store = store
        gate =
            switch store.driver.threadModel {
            case .parallel: nil
            case .perStore: CallGate()
            default: driverGate
            }
    }

    /// The driver's id.
    var driverID: String { store.driver.id }

    /// Whether the driver's store was closed.
    var isClosed: Bool { usage.wasReleased }

    /// What the open store reports of itself.
    func capabilities(_ call: Call) throws(HostError) -> Capabilities {
        let reports = try perform(call) { context in try store.capabilities(context) }
        // What the driver has no table for cannot be called, whatever it says.
        return Capabilities(
            reports: reports.filter { report in
                switch report.id {
                case Capabilities.transaction: store.isTransactional
                case Capabilities.watch: store.isWatchable
                default: true
                }
            })
    }

    func head(_ key: ObjectKey, _ call: Call) throws(HostError) -> ObjectInfo? {
        try unlessNotFound { () throws(HostError) in
            try perform(call) { context in try ObjectInfo(store.head(.init(key), context)) }
        }
    }

    func get(
        _ key: ObjectKey, _ range: ByteRange, _ call: Call,
        begin: (ObjectInfo) throws(HostError) -> Void,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) -> ObjectInfo? {
        var result: ObjectInfo?
        let isFound: Void? = try unlessNotFound { () throws(HostError) in
            try perform(call) { context in
                _ = try store.get(
                    .init(key), .init(offset: range.offset, length: range.length), context,
                    onInfo: { info in
                        let info = try ObjectInfo(info)
                        result = info
                        try begin(info)
                        return .more
                    },
                    onBytes: { bytes in
                        try unsafe bytes.withUnsafeBytes { bytes throws(HostError) in
                            try unsafe body(bytes)
                        }
                        return .more
                    })
            }
        }
        return isFound.flatMap { result }
    }

    func put(
        _ key: ObjectKey, _ request: PutRequest, from source: any ByteSource, _ call: Call
    ) throws(HostError) -> ObjectInfo {
        try perform(call) { context in
            let info = try unsafe store.put(
                .init(key), .init(request, length: source.length), context,
                source: { buffer in try unsafe source.read(into: buffer) })
            return try ObjectInfo(info)
        }
    }

    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(HostError) {
        try perform(call) { context in
            try store.remove(.init(key), .init(condition), context)
        }
    }

    func list(_ listing: Listing, _ call: Call) throws(HostError) -> [Entry] {
        try perform(call) { context in
            var entries: [Entry] = []
            _ = try store.list(.init(listing), context) { entry in
                entries.append(Entry(path: entry.path, info: try ObjectInfo(entry.info)))
                return .more
            }
            return entries
        }
    }

    func ping(_ call: Call) throws(HostError) -> StoreClock? {
        try perform(call) { context in
            try store.ping(context).map {
                StoreClock(
                    domain: $0.domain, nowNanoseconds: $0.nowNanoseconds,
                    uncertaintyNanoseconds: $0.uncertaintyNanoseconds)
            }
        }
    }

    /// Closes the store when no call is in flight any more.
    ///
    /// One that a stuck call still uses is left
    /// open: what it would free is in use.
    func close(_ call: Call) {
        guard usage.close(until: call.deadlineNanoseconds) else { return }
        let context = CallContext(deadlineNanoseconds: call.driverDeadline)
        // Whatever it returns, the store is closed and freed; there is nobody to act on it.
        try? store.close(context)
    }

    // MARK: - One call of the driver

    func perform<R>(
        _ call: Call, _ body: (CallContext) throws -> R
    ) throws(HostError) -> R {
        try usage.during { () throws(HostError) in
            try call.check()
            guard let gate else { return try invoke(call, body) }
            return try gate.pass(call) { () throws(HostError) in
                try call.check()
                return try invoke(call, body)
            }
        }
    }

    private func invoke<R>(
        _ call: Call, _ body: (CallContext) throws -> R
    ) throws(HostError) -> R {
        let context = CallContext(
            deadlineNanoseconds: call.driverDeadline, attempt: call.attempt,
            traceParent: call.traceParent, idempotencyKey: call.idempotencyKey)
        do {
            return try call.withCancellationHandler({ context.cancel() }) { try body(context) }
        } catch let failure as DriverFailure {
            throw HostError(failure, driver: store.driver.id)
        } catch let error as HostError {
            throw error
        } catch {
            throw HostError(.internalError, "an error of an unknown kind: \(type(of: error))")
        }
    }

    private func unlessNotFound<R>(
        _ body: () throws(HostError) -> R
    ) throws(HostError) -> R? {
        do throws(HostError) { return try body() } catch {
            // Only a driver says so with its own name in it; what a consumer throws passes.
            if error.code == .notFound, error.driver == store.driver.id { return nil }
            throw error
        }
    }
}

extension Call {
    /// The deadline as the loader wants it.
    fileprivate var driverDeadline: Int64? {
        deadlineNanoseconds == .max ? nil : deadlineNanoseconds
    }
}
