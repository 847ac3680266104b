package import Host

extension StateRepository {
    /// The most orphans that are kept of one state; the oldest go first.
    package static let orphanCountMax = 20

    /// What was refused or displaced, oldest first.
    package func orphans(_ path: StatePath, _ call: Call) throws(StateError) -> [Orphan] {
        try children(of: path, in: kind.orphans, call).map { Orphan(id: $0.name, $0.info) }
    }

    /// Reads an orphan: `begin` once, then `body` for the bytes.
    ///
    /// - Throws: ``StateError``, with code `notFound` when there is none with that id.
    package func readOrphan(
        _ path: StatePath, id: String, _ call: Call,
        begin: (Orphan) throws(StateError) -> Void,
        body: (UnsafeRawBufferPointer) throws(StateError) -> Void
    ) throws(StateError) -> Orphan {
        let missing = StateError(
            .notFound, "'\(path)' has no orphan '\(printable(id))'", path: path)
        guard !id.isEmpty, !id.utf8.contains(UInt8(ascii: "/")), id.utf8.count <= 64 else {
            throw missing
        }
        let info = unsafe try get(
            orphanKey(path, id), path, call,
            begin: { (info) throws(StateError) in try begin(Orphan(id: id, info)) }, body: body)
        guard let info else { throw missing }
        return Orphan(id: id, info)
    }

    /// Keeps bytes that a person may want back.
    ///
    /// - Returns: The orphan's id; that of an earlier one with the same bytes where there is one.
    func keepOrphan(
        _ path: StatePath, _ body: StateBody, reason: String, _ request: WriteRequest, _ call: Call
    ) throws(StateError) -> String {
        let kept = try orphans(path, call)
        let now = environment.wallClock()
        let milliseconds = "\(max(0, now / 1_000_000))"
        let id =
            String(repeating: "0", count: max(0, 13 - milliseconds.utf8.count)) + milliseconds + "-"
            + environment.randomHexadecimal(4)
        var attributes = [
            "format": "1", "reason": reason, "created": "\(now)",
            "writer": AttributeText.encode(request.writer, bytesMax: 200),
            "lock": AttributeText.encode(request.lockID ?? "", bytesMax: 160),
        ]
        switch body {
        case .small(let bytes, let sha256, _):
            if let same = kept.first(where: { $0.sha256 == sha256 }) { return same.id }
            attributes["sha256"] = sha256
            try putOrphan(path, id, MemorySource(bytes), attributes, call)
        case .large(let source):
            do throws(StateError) { try putOrphan(path, id, source, attributes, call) } catch {
                throw source.failure ?? error
            }
        }
        trimOrphans(path, call)
        return id
    }

    private func putOrphan(
        _ path: StatePath, _ id: String, _ source: any ByteSource, _ attributes: [String: String],
        _ call: Call
    ) throws(StateError) {
        try onStore(path) { () throws(HostError) in
            try call.check()
            _ = try store.put(
                orphanKey(path, id), from: source, condition: bytesCondition(.absent),
                attributes: attributes, call)
        }
    }

    /// Drops the oldest orphans over the cap; what fails now is done by the next call.
    @discardableResult
    func trimOrphans(_ path: StatePath, _ call: Call) -> Bool {
        do throws(StateError) {
            // Their names begin with the time.
            let names = try childNames(of: path, ChildRange(collection: kind.orphans), call)
            let surplus = names.dropLast(Self.orphanCountMax)
            try onStore(path) { () throws(HostError) in
                for id in surplus {
                    try store.remove(orphanKey(path, id), condition: .none, call)
                }
            }
            return !surplus.isEmpty
        } catch {
            return false
        }
    }
}

extension Orphan {
    fileprivate init(id: String, _ info: ObjectInfo) {
        func text(_ name: String) -> String {
            info.attributes[name].map(AttributeText.decode) ?? ""
        }
        self.init(
            id: id, byteCount: info.byteCount, sha256: info.attributes["sha256"] ?? "",
            reason: text("reason"), writer: text("writer"), lockID: text("lock"),
            createdNanoseconds: info.attributes["created"].flatMap { Int64($0) }
                ?? info.modifiedNanoseconds)
    }
}
