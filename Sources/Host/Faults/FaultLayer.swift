internal import Glibc
internal import Synchronization

/// Makes a store fail as its configuration says, to try out what stands above it.
///
/// It goes below all other layers, where a driver's own faults would be.
final class FaultLayer: StoreOperations {
    /// What an object was before its last write.
    private struct Past {
        var info: ObjectInfo
        var bytes: [UInt8]

        /// The places of a range's bytes.
        func span(of range: ByteRange) -> Range<Int> {
            let start = Int(min(range.offset, UInt64(bytes.count)))
            return start..<start + Int(min(range.length, UInt64(bytes.count - start)))
        }
    }

    /// The most bytes of an object that is kept for a stale read.
    private static let pastBytesMax = 1 << 20

    private let base: any StoreOperations
    private let plan: FaultPlan
    private let past = Mutex<[ObjectKey: Past]>([:])

    init(base: any StoreOperations, plan: FaultPlan) {
        self.base = base
        self.plan = plan
    }

    // MARK: - Reads

    func head(_ key: ObjectKey, _ call: Call) throws(HostError) -> ObjectInfo? {
        let kinds = try begin(.head, [key], call)
        if kinds.contains(.staleRead), let past = past(of: key) { return past.info }
        return try base.head(key, call)
    }

    func get(
        _ key: ObjectKey, _ range: ByteRange, _ call: Call,
        begin: (ObjectInfo) throws(HostError) -> Void,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) -> ObjectInfo? {
        let kinds = try self.begin(.get, [key], call)
        if kinds.contains(.staleRead), let past = past(of: key) {
            try begin(past.info)
            let span = past.span(of: range)
            if !span.isEmpty { try unsafe Self.send(Array(past.bytes[span]), body) }
            return past.info
        }
        var reading = FaultyReading(
            flips: kinds.contains(.bitFlip), cuts: kinds.contains(.shortRead))
        return try unsafe base.get(
            key, range, call,
            begin: { info throws(HostError) in
                reading.expect(info, range)
                try begin(info)
            },
            body: { bytes throws(HostError) in
                let piece = unsafe reading.change(bytes)
                if !piece.isEmpty { try unsafe Self.send(piece, body) }
            })
    }

    func watch(
        _ scope: WatchScope, after cursor: [UInt8], _ call: Call
    ) throws(HostError) -> [UInt8] {
        try base.watch(scope, after: cursor, call)
    }

    func list(_ listing: Listing, _ call: Call) throws(HostError) -> [Entry] {
        _ = try begin(.list, [], call)
        return try base.list(listing, call)
    }

    func ping(_ call: Call) throws(HostError) -> StoreClock? {
        _ = try begin(.ping, [], call)
        return try base.ping(call)
    }

    func driverOperations() throws(HostError) -> [DriverOperation] { try base.driverOperations() }

    func callOperation(
        _ request: OperationCall, _ call: Call,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) {
        let kinds = try begin(.operation, [], call)
        try unsafe base.callOperation(request, call, body: body)
        let isWrite = request.operation.traits.contains(.mutates)
        if isWrite, kinds.contains(.lostAnswer) { throw lostAnswer() }
    }

    func close(_ call: Call) { base.close(call) }

    // MARK: - Writes

    func put(
        _ key: ObjectKey, _ request: PutRequest, from source: any ByteSource, _ call: Call
    ) throws(HostError) -> ObjectInfo {
        let kinds = try begin(.put, [key], call)
        keepPast(of: key, call)
        let cut = kinds.contains(.truncate) ? CutSource(source) : nil
        var info = try base.put(key, request, from: cut ?? source, call)
        if let cut { info.byteCount = cut.byteCount }
        if kinds.contains(.duplicate), (cut ?? source).rewind() {
            _ = try? base.put(key, request, from: cut ?? source, call)
        }
        if kinds.contains(.lostAnswer) { throw lostAnswer() }
        return info
    }

    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(HostError) {
        let kinds = try begin(.remove, [key], call)
        keepPast(of: key, call)
        try base.remove(key, condition, call)
        if kinds.contains(.duplicate) { try? base.remove(key, condition, call) }
        if kinds.contains(.lostAnswer) { throw lostAnswer() }
    }

    func commit(_ changes: [Change], _ call: Call) throws(HostError) -> [ObjectInfo] {
        let kinds = try begin(.commit, changes.map(\.key), call)
        for change in changes where change.isWrite { keepPast(of: change.key, call) }
        var cuts: [CutSource] = []
        let sent =
            !kinds.contains(.truncate)
            ? changes
            : changes.map { change in
                change.replacingSource { source in
                    let cut = CutSource(source)
                    cuts.append(cut)
                    return cut
                }
            }
        var infos = try base.commit(sent, call)
        for (index, cut) in cuts.enumerated() where infos.indices.contains(index) {
            infos[index].byteCount = cut.byteCount
        }
        if kinds.contains(.duplicate), sent.allSatisfy({ $0.rewindSource() }) {
            _ = try? base.commit(sent, call)
        }
        if kinds.contains(.lostAnswer) { throw lostAnswer() }
        return infos
    }

    private func lostAnswer() -> HostError {
        HostError(
            .unavailable, "injected fault: the answer was lost", applied: .unknown,
            retry: .same(after: .zero))
    }

    // MARK: - Before a call

    /// Waits and fails as the rules say; what is left is for the operation.
    private func begin(
        _ operation: ObservedOperation, _ keys: [ObjectKey], _ call: Call
    ) throws(HostError) -> Set<FaultRule.Kind> {
        var kinds: Set<FaultRule.Kind> = []
        for rule in plan.strikes(operation, keys) {
            switch rule.kind {
            case .delay: try waitOut(rule.duration, call)
            case .hang: sleep(for: rule.duration)
            case .error:
                let isPassing = [.unavailable, .throttled, .conflict].contains(rule.code)
                throw HostError(
                    rule.code, "injected fault: \(rule.text)",
                    retry: isPassing ? .same(after: .zero) : .never)
            default: kinds.insert(rule.kind)
            }
        }
        return kinds
    }

    private func sleep(for duration: Duration) {
        let end = Monotonic.now(plus: duration)
        while Monotonic.now < end { usleep(10_000) }
    }

    // MARK: - What was there before

    private func past(of key: ObjectKey) -> Past? { past.withLock { $0[key] } }

    private func keepPast(of key: ObjectKey, _ call: Call) {
        guard plan.needsPast else { return }
        var found: ObjectInfo?
        var bytes: [UInt8] = []
        // What cannot be read now is no past; the write goes on in any case.
        _ = try? unsafe base.get(key, .whole, call) { info throws(HostError) in
            guard info.byteCount <= UInt64(Self.pastBytesMax) else {
                throw HostError(.cancelled, "too large to keep")
            }
            found = info
        } body: { piece in
            unsafe bytes.append(contentsOf: piece)
        }
        guard let found, found.byteCount == UInt64(bytes.count) else { return }
        past.withLock { $0[key] = Past(info: found, bytes: bytes) }
    }

    private static func send(
        _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) {
        let result: Result<Void, HostError> = unsafe bytes.withUnsafeBytes { bytes in
            Result { () throws(HostError) in try unsafe body(bytes) }
        }
        try result.get()
    }
}

extension Change {
    /// Whether it can be made again.
    fileprivate func rewindSource() -> Bool {
        if case .put(let source, _) = action { source.rewind() } else { true }
    }
}
