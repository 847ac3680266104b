internal import Host

/// One write of a state, from the first look at the record to the published copy.
struct WriteOperation {
    private let repository: StateRepository
    private let path: StatePath
    private let request: WriteRequest
    private let call: Call
    private let session: LockSession
    /// The sequence that a locked writer found.
    ///
    /// Nobody else may write under its lock, so that
    /// another one means an earlier attempt of its own that was given up and is still going.
    private var sequence: UInt64
    private var body: StateBody
    private var staged: StagedVersion?
    /// Whether a swap may have taken place although nobody has seen it yet.
    private var isUncertain = false
    /// How often the copy may still get in the way of a write in one commit; 0 where the write is made
    /// in steps.
    private var nativeAttempts = 0

    /// What one pass of the loop came to.
    private enum Attempt {
        /// The bytes are those of the current version.
        case unchanged(StateVersion)
        /// The version is in the record.
        case committed(StateVersion, StateRecord)
        /// Something has changed; the version may have been committed before that.
        case overtaken(StateVersion)
        /// Nothing was tried.
        case again
    }

    /// Admits a write and takes its body.
    init(
        _ repository: StateRepository, _ path: StatePath, from source: any ByteSource,
        _ request: WriteRequest, _ snapshot: RecordSnapshot, _ call: Call
    ) throws(StateError) {
        self.repository = repository
        self.path = path
        self.request = request
        self.call = call
        sequence = snapshot.record.sequence
        session = LockSession(path, lockID: request.lockID, admittedBy: snapshot.record)
        body = try StateBody(
            from: source, limit: repository.kind.bodyBytesMax, md5: request.contentMD5, path: path,
            call)
        if case .small = body, repository.commitsNatively {
            nativeAttempts = NativeCommit.copyConflictsMax
        }
    }

    /// Commits the write and publishes it.
    mutating func run(_ snapshot: RecordSnapshot) throws(StateError) -> StateVersion {
        do throws(StateError) {
            return try commit(snapshot)
        } catch {
            var error = error
            if isUncertain, error.applied == .no { error.applied = .unknown }
            if error.applied == .no { discardStaged() }
            throw error
        }
    }

    private mutating func commit(_ first: RecordSnapshot) throws(StateError) -> StateVersion {
        var snapshot = first
        for _ in 0..<StateRepository.attemptsMax {
            if let refusal = session.refusal(by: snapshot.record) { throw keep(refusal) }
            snapshot = try prepared(snapshot)
            if let refusal = session.refusal(by: snapshot.record) { throw keep(refusal) }
            if let same = try unchanged(&snapshot) { return same }
            guard session.lockID == nil || snapshot.record.sequence == sequence else {
                throw keep(overtaken())
            }
            switch try nativeAttempts > 0 ? commitAtOnce(snapshot) : commitInSteps(&snapshot) {
            case .unchanged(let version): return version
            case .committed(let version, let record): return finish(version, record)
            case .again: continue
            case .overtaken(let version):
                isUncertain = true
                let seen = snapshot.version
                snapshot = try repository.load(path, call)
                if try repository.isCommitted(path, version, in: snapshot.record, call) {
                    return finish(version, snapshot.record)
                }
                isUncertain = false
                // It was not the record that has changed.
                if nativeAttempts > 0, snapshot.version == seen { nativeAttempts -= 1 }
            }
        }
        throw repository.busy(path)
    }

    /// Version, record and copy in one commit of the store.
    private mutating func commitAtOnce(_ snapshot: RecordSnapshot) throws(StateError) -> Attempt {
        guard case .small(let bytes, let sha256, let facts) = body else {
            nativeAttempts = 0
            return .again
        }
        let record = snapshot.record
        var version = try repository.nextVersion(path, over: record, versionWriter(over: record))
        version.describe(UInt64(bytes.count), sha256, facts, after: record.current)
        let changed = record.committing(version, isPublished: true)
        guard let copy = repository.replaceableCopy(path, changed, call) else {
            nativeAttempts = 0
            return .again
        }
        do throws(StateError) {
            let swapped = try repository.commit(path, snapshot, version, bytes, copy, call)
            return swapped.map { .committed(version, $0.record) } ?? .overtaken(version)
        } catch {
            // What is too much for one commit may go in three steps.
            guard error.isOfTheCommit else { throw error }
            nativeAttempts = 0
            return .again
        }
    }

    /// The bytes first, where nobody sees them, then the record; the copy follows.
    private mutating func commitInSteps(
        _ snapshot: inout RecordSnapshot
    ) throws(StateError) -> Attempt {
        let version = try stagedVersion(over: snapshot.record)
        // Only after a large body has passed is it known to be the current one.
        if let same = try unchanged(&snapshot) { return .unchanged(same) }
        guard staged?.fits(snapshot.record) == true else { return .again }
        let changed = snapshot.record.committing(version)
        let swapped = try repository.swap(path, snapshot, to: changed, call)
        return swapped.map { .committed(version, $0.record) } ?? .overtaken(version)
    }

    private mutating func prepared(
        _ snapshot: RecordSnapshot
    ) throws(StateError) -> RecordSnapshot {
        // In one commit the record comes with its first version.
        let (prepared, adopted) = try repository.prepare(
            path, snapshot, mustExist: nativeAttempts == 0, call)
        if adopted, sequence == snapshot.record.sequence { sequence = prepared.record.sequence }
        return prepared
    }

    // MARK: - The same bytes again

    /// The current version, when the body is the same: a repeat whose first answer was lost.
    ///
    /// The record is read again, because the body may have taken long: what is answered was true
    /// and admitted when the body was complete.
    private mutating func unchanged(
        _ snapshot: inout RecordSnapshot
    ) throws(StateError) -> StateVersion? {
        var sha256 = staged?.version.sha256
        if case .small(_, let digest, _) = body { sha256 = digest }
        guard var current = snapshot.record.current, sha256 == current.sha256 else { return nil }
        let again = try repository.load(path, call)
        let isSettled = again.version == snapshot.version
        snapshot = again
        guard isSettled else { return nil }
        discardStaged()
        if snapshot.record.writing != nil {
            current.isPublished = publish(snapshot.record)
        }
        return current
    }

    // MARK: - Storing the bytes

    /// The version to commit: that of the attempt before where it still fits, else a new one.
    private mutating func stagedVersion(
        over record: StateRecord
    ) throws(StateError) -> StateVersion {
        if let staged, staged.fits(record) { return staged.version }
        let earlier = staged
        let next = try repository.stage(
            path, try remainingBody(), over: record, versionWriter(over: record), call)
        staged = next
        if let earlier { repository.discard(path, earlier.version.id, call) }
        return next.version
    }

    private func versionWriter(over record: StateRecord) -> VersionWriter {
        VersionWriter(
            writer: firstBytes(of: writer(under: record.lock), atMost: WriteRequest.writerBytesMax),
            lockID: session.lockID ?? "",
            createdNanoseconds: repository.environment.wallClock())
    }

    /// Who writes: the holder of the lock as it named itself, and where the request came from.
    private func writer(under lock: LockRecord?) -> String {
        guard let who = lock?.info.who, !who.isEmpty else { return request.writer }
        return request.writer.isEmpty ? who : "\(who) (\(request.writer))"
    }

    /// The body, again: a large one has passed, and is copied from where it was put.
    private func remainingBody() throws(StateError) -> StateBody {
        guard let staged, case .large = body else { return body }
        let key = repository.versionKey(path, staged.version.id)
        let info = try repository.onStore(path) { () throws(HostError) in
            try repository.store.head(key, call)
        }
        guard let info else { throw repository.busy(path) }
        let source = ObjectSource(store: repository.store, key: key, info: info, call: call)
        return .large(
            CheckedSource(
                copying: source, sha256: staged.version.sha256, key: key, path: path))
    }

    private mutating func discardStaged() {
        guard let staged else { return }
        repository.discard(path, staged.version.id, call)
        self.staged = nil
    }

    // MARK: - The end

    private func finish(_ version: StateVersion, _ record: StateRecord) -> StateVersion {
        var version = version
        // Without a note the copy was published: with the commit, or by whoever came after it.
        version.isPublished = record.writing == nil || publish(record)
        // Under a lock the unlock collects, once for all of its writes.
        if session.lockID == nil { repository.collectNear(path, record, call) }
        return version
    }

    /// Publishes what was committed.
    ///
    /// A failure does not undo the commit: the record keeps its note,
    /// and the next call publishes.
    private func publish(_ record: StateRecord) -> Bool {
        var bytes: VersionBytes?
        if case .small(let small, let sha256, _) = body, let current = record.current,
            current.sha256 == sha256
        {
            bytes = VersionBytes(id: current.id, bytes: small)
        }
        do throws(StateError) {
            try repository.publish(path, after: record, bytes, call)
            return true
        } catch {
            return false
        }
    }

    private func overtaken() -> StateError {
        StateError(
            .conflict,
            "'\(path)' was written under the same lock while this write was on its way; this one "
                + "may be an earlier attempt, so it was refused",
            advice: "read the state and write again", path: path)
    }

    /// A refusal, after its bytes were kept where that is wanted and possible.
    private func keep(_ refusal: StateError) -> StateError {
        do throws(StateError) {
            return repository.refusal(refusal, try remainingBody(), request, call)
        } catch {
            return refusal
        }
    }
}

extension StateRepository {
    /// `refusal`, after the bytes that it refuses were kept as an orphan where that is wanted.
    func refusal(
        _ refusal: StateError, _ body: StateBody, _ request: WriteRequest, _ call: Call
    ) -> StateError {
        guard request.keepRefused, let path = refusal.path else { return refusal }
        var refusal = refusal
        do throws(StateError) {
            let id = try keepOrphan(path, body, reason: refusal.orphanReason, request, call)
            refusal.orphanID = id
            refusal.message += "; the refused bytes were kept as orphan \(id)"
        } catch {
            // The refusal is the answer; that nothing was kept is said with it.
            refusal.message += "; the refused bytes were not kept"
        }
        return refusal
    }
}

extension StateError {
    /// Whether it was the size or the form of a commit that the store refused.
    fileprivate var isOfTheCommit: Bool {
        switch code {
        case .host(.tooLarge), .host(.unsupported): applied == .no
        default: false
        }
    }

    fileprivate var orphanReason: String {
        switch code {
        case .locked: "locked"
        case .lockMismatch: "lock-mismatch"
        case .notLocked: "not-locked"
        default: "conflict"
        }
    }
}
