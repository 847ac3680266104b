package import Host

extension StateRepository {
    /// What is known of a state; `nil` when it never existed.
    package func summary(_ path: StatePath, _ call: Call) throws(StateError) -> StateSummary? {
        let snapshot = try load(path, call)
        let record = snapshot.record
        let current = record.isAdoptable ? try adoptable(path, call) : record.current
        guard snapshot.exists || current != nil else { return nil }
        if let lock = record.lock { observe(path, lock) } else { observer.forget(path) }
        return StateSummary(
            path: path, current: current, lock: record.lock?.held(path), fence: record.fence,
            sequence: record.sequence, lockStore: snapshot.home.lockStore)
    }

    /// Reads a state: `begin` once, then `body` for the bytes; `nil` when there is none.
    ///
    /// The bytes are those of a committed version, and their SHA-256 is checked: up to 1 MiB before
    /// `begin`, larger ones while they pass, so that damage shows at the end.
    ///
    /// - Throws: ``StateError``, with code `integrity` for damaged bytes; what a closure throws.
    package func read(
        _ path: StatePath, version: String? = nil, _ call: Call,
        begin: (StateVersion) throws(StateError) -> Void,
        body: (UnsafeRawBufferPointer) throws(StateError) -> Void
    ) throws(StateError) -> StateVersion? {
        if version == nil, let recent = try recentRead(path, call) {
            try begin(recent.version)
            unsafe try send(recent.bytes, to: body)
            return recent.version
        }
        let snapshot = try load(path, call)
        let record = snapshot.record
        if let version, version != record.current?.id {
            return unsafe try readPast(path, version, record, call, begin: begin, body: body)
        }
        guard let current = record.current else {
            guard record.isAdoptable else { return nil }
            return unsafe try readCopy(path, call, begin: begin, body: body)
        }
        let found = unsafe try deliver(path, current, call, begin: begin, body: body)
        if case .missing = found { throw missingVersion(path, current.id) }
        if record.writing != nil {
            // A reader mends the copy where it can; that it cannot is no concern of its caller.
            do throws(StateError) { try publish(path, after: record, nil, call) } catch {
                return current
            }
        }
        if case .small(let bytes) = found, let recordVersion = snapshot.version {
            recentReads.keep(
                RecentReads.Entry(recordVersion: recordVersion, version: current, bytes: bytes),
                for: path)
        }
        return current
    }

    /// What was read before, if the record has not changed since.
    private func recentRead(
        _ path: StatePath, _ call: Call
    ) throws(StateError) -> RecentReads.Entry? {
        guard let recent = recentReads[path] else { return nil }
        let home = try home(path, call)
        let info = try onStore(path) { () throws(HostError) in
            try call.check()
            return try home.store.head(recordKey(path, in: home), call)
        }
        return info?.version == recent.recordVersion ? recent : nil
    }

    private func readPast(
        _ path: StatePath, _ id: String, _ record: StateRecord, _ call: Call,
        begin: (StateVersion) throws(StateError) -> Void,
        body: (UnsafeRawBufferPointer) throws(StateError) -> Void
    ) throws(StateError) -> StateVersion? {
        if id == StateVersion.adoptedID, record.isAdoptable {
            return unsafe try readCopy(path, call, begin: begin, body: body)
        }
        guard let version = try pastVersion(path, id, record, call) else {
            throw StateError(
                .notFound, "'\(path)' has no version '\(printable(id))'",
                advice: "list its versions to see which there are", path: path)
        }
        let found = unsafe try deliver(path, version, call, begin: begin, body: body)
        if case .missing = found { throw missingVersion(path, version.id) }
        return version
    }

    /// A copy that no record knows.
    private func readCopy(
        _ path: StatePath, _ call: Call, begin: (StateVersion) throws(StateError) -> Void,
        body: (UnsafeRawBufferPointer) throws(StateError) -> Void
    ) throws(StateError) -> StateVersion? {
        guard let version = try adoptable(path, call) else { return nil }
        if !version.sha256.isEmpty {
            // Small: what is described and what is delivered must be the same bytes.
            let found = try onStore(path) { () throws(HostError) in
                try store.read(legibleKey(path), maxByteCount: StateBody.inlineBytesMax, call)
            }
            guard let found else { return nil }
            let same = adoptedVersion(
                found.info, sha256: PlainDigest.text(of: found.bytes),
                StateScanner.facts(of: found.bytes))
            try begin(same)
            unsafe try send(found.bytes, to: body)
            return same
        }
        let info = unsafe try get(
            legibleKey(path), path, call,
            begin: { (info) throws(StateError) in
                try begin(self.adoptedVersion(info, sha256: "", StateFacts()))
            }, body: body)
        return info.map { adoptedVersion($0, sha256: "", StateFacts()) }
    }

    private enum Delivery {
        /// The version's object is not there.
        case missing
        /// Small enough to be in memory whole.
        case small([UInt8])
        case large
    }

    /// Sends a version's bytes and checks them.
    private func deliver(
        _ path: StatePath, _ version: StateVersion, _ call: Call,
        begin: (StateVersion) throws(StateError) -> Void,
        body: (UnsafeRawBufferPointer) throws(StateError) -> Void
    ) throws(StateError) -> Delivery {
        let key = versionKey(path, version.id)
        if version.byteCount <= UInt64(StateBody.inlineBytesMax) {
            let found: (info: ObjectInfo, bytes: [UInt8])?
            do throws(HostError) {
                found = try store.read(key, maxByteCount: StateBody.inlineBytesMax, call)
            } catch {
                guard error.code == .tooLarge else { throw StateError(error, path: path) }
                throw damagedVersion(key, found: "that of more bytes", version.sha256, path)
            }
            guard let found else { return .missing }
            try check(path, key, PlainDigest.text(of: found.bytes), version)
            try begin(version)
            unsafe try send(found.bytes, to: body)
            return .small(found.bytes)
        }
        var digest = PlainDigest()
        let found = unsafe try get(
            key, path, call, begin: { (_) throws(StateError) in try begin(version) },
            body: { (piece) throws(StateError) in
                unsafe digest.consume(piece)
                unsafe try body(piece)
            })
        guard found != nil else { return .missing }
        try check(path, key, digest.text, version)
        return .large
    }

    private func check(
        _ path: StatePath, _ key: ObjectKey, _ sha256: String, _ version: StateVersion
    ) throws(StateError) {
        guard sha256 != version.sha256 else { return }
        throw damagedVersion(key, found: sha256, version.sha256, path)
    }

    private func send(
        _ bytes: [UInt8], to body: (UnsafeRawBufferPointer) throws(StateError) -> Void
    ) throws(StateError) {
        guard !bytes.isEmpty else { return }
        let result: Result<Void, StateError> = unsafe bytes.withUnsafeBytes { bytes in
            do throws(StateError) { return .success(unsafe try body(bytes)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Reads an object with closures that throw this module's errors, which come back unchanged.
    func get(
        _ key: ObjectKey, _ path: StatePath, _ call: Call,
        begin: (ObjectInfo) throws(StateError) -> Void,
        body: (UnsafeRawBufferPointer) throws(StateError) -> Void
    ) throws(StateError) -> ObjectInfo? {
        var failure: StateError?
        func run(_ step: () throws(StateError) -> Void) throws(HostError) {
            do throws(StateError) { try step() } catch {
                failure = error
                throw HostError(.cancelled, error.message)
            }
        }
        do throws(HostError) {
            return unsafe try store.get(
                key, call,
                begin: { (info) throws(HostError) in
                    try run { () throws(StateError) in try begin(info) }
                },
                body: { (piece) throws(HostError) in
                    try run { () throws(StateError) in unsafe try body(piece) }
                })
        } catch {
            throw failure ?? StateError(error, path: path)
        }
    }
}
