package import Host
internal import Synchronization

/// A store in memory that keeps every rule of the driver contract, with faults to order.
///
/// Several `Store`s may share one: they then see the same objects, as processes do.
package final class MemoryStore: StoreOperations {
    /// What is called.
    package enum Operation: Sendable, Hashable, CaseIterable {
        case head, get, put, remove, commit, list, ping
    }

    /// When a fault strikes.
    package enum Moment: Sendable {
        /// Instead of the operation.
        case before
        /// After the operation took effect: its answer is lost.
        case after
    }

    private struct Object: Sendable {
        var bytes: [UInt8]
        var info: ObjectInfo
    }

    private struct Fault: Sendable {
        var countdown: Int
        var operation: Operation?
        var moment: Moment
        var error: HostError
    }

    private struct State: Sendable {
        var objects: [ObjectKey: Object] = [:]
        var writes: UInt64 = 0
        var faults: [Fault] = []
        var calls: [Operation] = []
        var hook: (@Sendable (Operation, ObjectKey?) -> Void)?
        var isClosed = false
        var site: (place: String, isSettled: Bool)?

        mutating func put(
            _ key: ObjectKey, _ bytes: [UInt8], _ attributes: [String: String]
        ) -> ObjectInfo {
            writes += 1
            let info = ObjectInfo(
                version: Version(token: Array("v\(writes)".utf8)), byteCount: UInt64(bytes.count),
                modifiedNanoseconds: WallClock.now, attributes: attributes)
            objects[key] = Object(bytes: bytes, info: info)
            return info
        }
    }

    /// A change with its bytes read.
    private struct Step: Sendable {
        enum Action: Sendable {
            case check
            case put([UInt8], [String: String])
            case remove
        }

        var key: ObjectKey
        var condition: Condition
        var action: Action

        init(_ change: Change) throws(HostError) {
            key = change.key
            condition = change.condition
            switch change.action {
            case .check: action = .check
            case .put(let source, let attributes): action = .put(try readAll(source), attributes)
            case .remove: action = .remove
            }
        }
    }

    private let state = Mutex(State())

    /// Makes an empty store.
    package init() {}

    // MARK: - What tests set and ask

    /// A store named `name` over this memory, with every capability.
    package func store(name: String = "memory", capabilities: Capabilities = .all) -> Store {
        Store(
            name: name, driverID: "memory", addressing: .place, capabilities: capabilities,
            operations: self)
    }

    /// Makes the `ordinal`-th call from now fail, counted from 1 over calls of `operation` or,
    /// without one, over all calls.
    package func fail(
        _ ordinal: Int, of operation: Operation? = nil, at moment: Moment, with error: HostError
    ) {
        state.withLock {
            $0.faults.append(
                Fault(countdown: ordinal, operation: operation, moment: moment, error: error))
        }
    }

    /// Drops the faults that have not struck yet.
    package func clearFaults() { state.withLock { $0.faults = [] } }

    /// Calls `hook` before every operation, outside of any lock; it may block.
    ///
    /// Before a commit it is called for each of its objects.
    package func onOperation(_ hook: (@Sendable (Operation, ObjectKey?) -> Void)?) {
        state.withLock { $0.hook = hook }
    }

    /// The operations so far, in order.
    package var calls: [Operation] { state.withLock { $0.calls } }

    /// What the operation `memory.place` tells, as drivers do that are not certain of their conditional
    /// writes; `nil` where there is no such operation.
    package var site: (place: String, isSettled: Bool)? {
        get { state.withLock { $0.site } }
        set { state.withLock { $0.site = newValue } }
    }

    /// Whether it was closed.
    package var isClosed: Bool { state.withLock { $0.isClosed } }

    /// The keys of all objects.
    package var keys: [ObjectKey] { state.withLock { $0.objects.keys.sorted(by: precedes) } }

    /// An object's bytes, behind the back of the store; `nil` when there is none.
    package func bytes(of key: ObjectKey) -> [UInt8]? {
        state.withLock { $0.objects[key]?.bytes }
    }

    /// Changes an object's bytes and nothing else, as damage does.
    package func damage(_ key: ObjectKey, _ change: @Sendable (inout [UInt8]) -> Void) {
        state.withLock { state in
            guard var object = state.objects[key] else { return }
            change(&object.bytes)
            object.info.byteCount = UInt64(object.bytes.count)
            state.objects[key] = object
        }
    }

    // MARK: - The operations

    package func head(_ key: ObjectKey, _ call: Call) throws(HostError) -> ObjectInfo? {
        try perform(.head, [key], call) { state throws(HostError) in state.objects[key]?.info }
    }

    package func get(
        _ key: ObjectKey, _ range: ByteRange, _ call: Call,
        begin: (ObjectInfo) throws(HostError) -> Void,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) -> ObjectInfo? {
        let object = try perform(.get, [key], call) { state throws(HostError) in state.objects[key]
        }
        guard let object else { return nil }
        try begin(object.info)
        let start = Int(min(range.offset, object.info.byteCount))
        let count = Int(min(range.length, UInt64(object.bytes.count - start)))
        // Small pieces, so that a consumer which counts on one piece fails its tests.
        for from in stride(from: start, to: start + count, by: 8192) {
            let piece = Array(object.bytes[from..<min(from + 8192, start + count)])
            try send(piece, to: body)
        }
        return object.info
    }

    package func put(
        _ key: ObjectKey, _ request: PutRequest, from source: any ByteSource, _ call: Call
    ) throws(HostError) -> ObjectInfo {
        let bytes = try readAll(source)
        return try perform(.put, [key], call) { state throws(HostError) in
            try check(request.condition, against: state.objects[key]?.info.version)
            return state.put(key, bytes, request.attributes)
        }
    }

    package func remove(
        _ key: ObjectKey, _ condition: Condition, _ call: Call
    ) throws(HostError) {
        try perform(.remove, [key], call) { state throws(HostError) in
            try check(condition, against: state.objects[key]?.info.version)
            state.objects[key] = nil
        }
    }

    package func commit(_ changes: [Change], _ call: Call) throws(HostError) -> [ObjectInfo] {
        var steps: [Step] = []
        for change in changes { steps.append(try Step(change)) }
        return try perform(.commit, changes.map(\.key), call) { [steps] state throws(HostError) in
            for (index, step) in steps.enumerated() {
                do throws(HostError) {
                    try check(step.condition, against: state.objects[step.key]?.info.version)
                } catch {
                    var error = error
                    error.change = index + 1
                    throw error
                }
            }
            var infos: [ObjectInfo] = []
            for step in steps {
                switch step.action {
                case .check: break
                case .put(let bytes, let attributes):
                    infos.append(state.put(step.key, bytes, attributes))
                case .remove: state.objects[step.key] = nil
                }
            }
            return infos
        }
    }

    package func list(_ listing: Listing, _ call: Call) throws(HostError) -> [Entry] {
        try perform(.list, [], call) { state throws(HostError) in
            let entries = state.objects.compactMap { key, object -> Entry? in
                guard key.collection == listing.collection, key.workspace == listing.workspace,
                    key.path.utf8.starts(with: listing.prefix.utf8),
                    listing.startAfter.utf8.lexicographicallyPrecedes(key.path.utf8)
                else { return nil }
                var info = object.info
                if !listing.wantsAttributes { info.attributes = [:] }
                return Entry(path: key.path, info: info)
            }
            let sorted = entries.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
            return Array(sorted.prefix(listing.limit))
        }
    }

    package func ping(_ call: Call) throws(HostError) -> StoreClock? {
        try perform(.ping, [], call) { _ throws(HostError) in
            StoreClock(
                domain: "memory", nowNanoseconds: BootTime.now, uncertaintyNanoseconds: 1_000_000)
        }
    }

    package func driverOperations() throws(HostError) -> [DriverOperation] {
        site == nil ? [] : [DriverOperation(id: "memory.place", summary: "Tells.", result: .json)]
    }

    package func callOperation(
        _ request: OperationCall, _ call: Call,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) {
        guard let site else { throw HostError(.unsupported, "there is no such operation") }
        try send(
            Array("{\"place\":\"\(site.place)\",\"settled\":\(site.isSettled)}".utf8), to: body)
    }

    package func close(_ call: Call) { state.withLock { $0.isClosed = true } }

    // MARK: - Faults

    private func perform<R: Sendable>(
        _ operation: Operation, _ keys: [ObjectKey], _ call: Call,
        _ body: (inout State) throws(HostError) -> R
    ) throws(HostError) -> R {
        if let hook = state.withLock({ $0.hook }) {
            if keys.isEmpty { hook(operation, nil) }
            for key in keys { hook(operation, key) }
        }
        try call.check()
        // The body's result leaves by a variable, because a mutex does not pass typed errors of
        // closures that capture non-sendable values.
        let fault: Fault? = state.withLock { state in
            state.calls.append(operation)
            return dueFault(operation, in: &state)
        }
        if let fault, fault.moment == .before { throw fault.error }
        let result = try withState(body)
        if let fault { throw fault.error }
        return result
    }

    private func dueFault(_ operation: Operation, in state: inout State) -> Fault? {
        var due: Fault?
        for index in state.faults.indices {
            guard state.faults[index].operation.map({ $0 == operation }) ?? true else { continue }
            state.faults[index].countdown -= 1
            if state.faults[index].countdown == 0 { due = due ?? state.faults[index] }
        }
        state.faults.removeAll { $0.countdown <= 0 }
        return due
    }

    private func withState<R: Sendable>(
        _ body: (inout State) throws(HostError) -> R
    ) throws(HostError) -> R {
        let result: Result<R, HostError> = state.withLock { state in
            do throws(HostError) { return .success(try body(&state)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

extension Capabilities {
    /// Everything that concerns one object, natively.
    package static let all = Capabilities(single)

    private static let single = [
        conditionAbsent, conditionVersion, range, listAttributes, clock,
    ].map { Capability($0, .native) }

    /// What a bucket can do: listings carry no attributes, and there is no clock.
    package static let conditions = Capabilities(
        [conditionAbsent, conditionVersion, range].map { Capability($0, .native) })

    /// What a bucket of a service can do that ignores conditions.
    package static let unconditional = Capabilities([Capability(range, .native)])

    /// Everything, and commits of up to 64 changes.
    package static let transactional = Capabilities(
        single + [Capability(transaction, .native, limit: 64)])
}

private func precedes(_ left: ObjectKey, _ right: ObjectKey) -> Bool {
    [left.collection, left.workspace, left.path].joined(separator: "\u{0}").utf8
        .lexicographicallyPrecedes(
            [right.collection, right.workspace, right.path].joined(separator: "\u{0}").utf8)
}

private func check(_ condition: Condition, against current: Version?) throws(HostError) {
    let holds =
        switch condition {
        case .none: true
        case .absent: current == nil
        case .version(let version): current == version
        }
    guard holds else {
        throw HostError(.condition, "the condition did not hold", currentVersion: current)
    }
}

private func send(
    _ piece: [UInt8], to body: (UnsafeRawBufferPointer) throws(HostError) -> Void
) throws(HostError) {
    let result: Result<Void, HostError> = piece.withUnsafeBytes { bytes in
        do throws(HostError) { return .success(try body(bytes)) } catch { return .failure(error) }
    }
    try result.get()
}

/// Everything that `source` has.
package func readAll(_ source: any ByteSource) throws(HostError) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 8192)
    while true {
        let result: Result<Int, HostError> = buffer.withUnsafeMutableBytes { buffer in
            do throws(HostError) { return .success(try source.read(into: buffer)) } catch {
                return .failure(error)
            }
        }
        let count = try result.get()
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}
