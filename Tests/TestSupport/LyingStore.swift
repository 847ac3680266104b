internal import Glibc
package import Host

/// A store in memory that does not keep the contract, each kind of misbehaviour to order.
package final class LyingStore: StoreOperations {
    /// What it does wrong.
    package struct Lies: Sendable {
        /// Heeds no condition.
        package var ignoresConditions = false
        /// Heeds no condition of removals.
        package var ignoresConditionsOfRemovals = false
        /// Refuses a write and makes it all the same.
        package var writesWhatItRefuses = false
        /// Leaves new objects out of listings.
        package var hidesObjects = false
        /// Gives other bytes than were written.
        package var changesBytes = false
        /// Acknowledges removals and makes none.
        package var keepsRemoved = false
        /// How far its clock is ahead, in nanoseconds.
        package var aheadNanoseconds: Int64 = 0
        /// How long each call takes.
        package var delay: Duration = .zero
        /// What calls fail with.
        package var refusals: [MemoryStore.Operation: HostError] = [:]
        /// The results of the driver's operations, by their ids.
        package var answers: [String: String] = [:]
        /// The domain of its clock; `nil` for the memory's own.
        package var clockDomain: String?

        /// Tells no lies yet.
        package init() {}
    }

    private let memory: MemoryStore
    private let lies: Lies

    /// Makes a store over `memory`.
    package init(_ memory: MemoryStore, _ lies: Lies) {
        self.memory = memory
        self.lies = lies
    }

    /// The store as callers see it.
    package func store(capabilities: Capabilities = .all) -> Store {
        Store(
            name: "default", driverID: "lying", addressing: .place, capabilities: capabilities,
            operations: self)
    }

    private func begin(_ operation: MemoryStore.Operation, _ call: Call) throws(HostError) {
        if lies.delay > .zero {
            let end = Monotonic.now(plus: lies.delay)
            while Monotonic.now < end, !call.isCancelled, Monotonic.now < call.deadlineNanoseconds {
                usleep(1000)
            }
        }
        if let refusal = lies.refusals[operation] { throw refusal }
    }

    private func shifted(_ info: ObjectInfo) -> ObjectInfo {
        var info = info
        info.modifiedNanoseconds += lies.aheadNanoseconds
        return info
    }

    package func head(_ key: ObjectKey, _ call: Call) throws(HostError) -> ObjectInfo? {
        try begin(.head, call)
        return try memory.head(key, call)
    }

    package func get(
        _ key: ObjectKey, _ range: ByteRange, _ call: Call,
        begin: (ObjectInfo) throws(HostError) -> Void,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) -> ObjectInfo? {
        try self.begin(.get, call)
        guard lies.changesBytes else {
            return try memory.get(key, range, call, begin: begin, body: body)
        }
        guard let info = try memory.head(key, call) else { return nil }
        try begin(info)
        let other = [UInt8](repeating: 0, count: Int(info.byteCount))
        let result: Result<Void, HostError> = other.withUnsafeBytes { bytes in
            do throws(HostError) { return .success(try body(bytes)) } catch {
                return .failure(error)
            }
        }
        try result.get()
        return info
    }

    package func put(
        _ key: ObjectKey, _ request: PutRequest, from source: any ByteSource, _ call: Call
    ) throws(HostError) -> ObjectInfo {
        try begin(.put, call)
        if lies.writesWhatItRefuses, let current = try memory.head(key, call) {
            let isRefused =
                switch request.condition {
                case .none: false
                case .absent: true
                case .version(let version): version != current.version
                }
            if isRefused {
                var free = request
                free.condition = .none
                _ = try memory.put(key, free, from: source, call)
                throw HostError(.condition, "the condition did not hold")
            }
        }
        var request = request
        if lies.ignoresConditions { request.condition = .none }
        return shifted(try memory.put(key, request, from: source, call))
    }

    package func remove(
        _ key: ObjectKey, _ condition: Condition, _ call: Call
    ) throws(HostError) {
        try begin(.remove, call)
        if lies.keepsRemoved { return }
        let isFree = lies.ignoresConditions || lies.ignoresConditionsOfRemovals
        try memory.remove(key, isFree ? .none : condition, call)
    }

    package func commit(_ changes: [Change], _ call: Call) throws(HostError) -> [ObjectInfo] {
        try memory.commit(changes, call)
    }

    package func list(_ listing: Listing, _ call: Call) throws(HostError) -> [Entry] {
        try begin(.list, call)
        return lies.hidesObjects ? [] : try memory.list(listing, call)
    }

    package func ping(_ call: Call) throws(HostError) -> StoreClock? {
        try begin(.ping, call)
        guard let domain = lies.clockDomain else { return try memory.ping(call) }
        return StoreClock(
            domain: domain, nowNanoseconds: WallClock.now + lies.aheadNanoseconds,
            uncertaintyNanoseconds: 0)
    }

    package func driverOperations() throws(HostError) -> [DriverOperation] {
        lies.answers.keys.sorted().map {
            DriverOperation(id: $0, summary: "Answers.", result: .json, traits: [.reads])
        }
    }

    package func callOperation(
        _ request: OperationCall, _ call: Call,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) {
        let bytes = Array((lies.answers[request.operation.id] ?? "").utf8)
        let result: Result<Void, HostError> = bytes.withUnsafeBytes { bytes in
            do throws(HostError) { return .success(try body(bytes)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    package func close(_ call: Call) { memory.close(call) }
}
