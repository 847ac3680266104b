internal import HoldfastDriver
internal import SharedDatabase

extension SQLiteStore: TransactionalStore {
    /// The most changes of one commit: they take some milliseconds, for which others wait.
    static let maximumChangeCount = 1000
    /// The most bytes that the values of one commit may have in memory; the rest is brought in chunks.
    private static let maximumCommitByteCount = 16 << 20

    func commit(_ changes: [Change], _ call: Call) throws(DriverError) -> [ObjectInfo] {
        try call.check()
        try refuseMalformed(changes)
        var staging = Staging(spare: Self.maximumCommitByteCount)
        let result: Result<[ObjectInfo], DriverError>
        do throws(DriverError) {
            result = .success(try commit(changes, &staging, call))
        } catch {
            result = .failure(error)
        }
        uploads.end(staging.uploads)
        if staging.uploads.isEmpty {
            removeLeftovers(call)
        } else {
            removeUnneeded(call, seconds: 0.25)
            shrinkLog(call)
        }
        return try result.get()
    }

    /// What was brought to the database before the commit.
    private struct Staging {
        /// The bytes that may still be kept in memory.
        var spare: Int
        var uploads: [Int64] = []
        /// Whether the conditions were looked at, so that no large value is sent in vain.
        var isJudged = false
    }

    private func commit(
        _ changes: [Change], _ staging: inout Staging, _ call: Call
    ) throws(DriverError) -> [ObjectInfo] {
        var operations: [any ObjectChange] = []
        for (index, change) in changes.enumerated() {
            do throws(DriverError) {
                operations.append(try stage(change, of: changes, &staging, call))
            } catch {
                var failure = error
                if failure.change == 0 { failure.change = UInt32(index + 1) }
                throw failure
            }
        }
        let count = changes.count
        let outcome = try writer.submit(
            CommitOperation(changes: operations), "cannot commit \(count) changes", call)
        if outcome.retiredUpload { removeUnneeded(call, seconds: 0.25) }
        return zip(changes, operations).compactMap { change, operation in
            guard case .put(let attributes, _) = change.action,
                let put = operation as? PutOperation
            else { return nil }
            return ObjectInfo(
                version: put.version, byteCount: put.size,
                modifiedNanoseconds: outcome.modifiedNanoseconds, attributes: attributes)
        }
    }

    private func stage(
        _ change: Change, of changes: [Change], _ staging: inout Staging, _ call: Call
    ) throws(DriverError) -> any ObjectChange {
        let (key, condition) = (change.key, change.condition)
        switch change.action {
        case .check: return CheckOperation(key: key, condition: condition)
        case .remove: return RemoveOperation(key: key, condition: condition)
        case .put(let attributes, let source):
            let (content, size) = try stage(key, source, of: changes, &staging, call)
            return PutOperation(
                key: key, condition: condition, attributes: attributes.json,
                version: newVersion(), size: size, content: content)
        }
    }

    /// Reads a source to its end: a small value into memory, a large one into an upload.
    private func stage(
        _ key: ObjectKey, _ source: ObjectSource, of changes: [Change], _ staging: inout Staging,
        _ call: Call
    ) throws(DriverError) -> (PutOperation.Content, UInt64) {
        if let length = source.length, length > Self.maximumByteCount { throw tooLarge(key) }
        try call.check()
        var intake = Intake(source, call)
        let first = try intake.next(Self.inlineByteCount)
        if try !intake.hasMore(), first.isEmpty || first.count <= staging.spare {
            staging.spare -= first.count
            return (.inline(first, isText: isText(first)), UInt64(first.count))
        }
        if !staging.isJudged {
            try refuseEarly(changes, call)
            staging.isJudged = true
        }
        let upload = uploads.begin()
        staging.uploads.append(upload)
        let count = try send(key, first, &intake, to: upload, call)
        return (.upload(upload, chunkCount: count), intake.byteCount)
    }

    /// Refuses a commit of which a condition does not hold now; all are checked again when they count.
    private func refuseEarly(_ changes: [Change], _ call: Call) throws(DriverError) {
        let refusal = try readers.read("cannot read the objects of a commit", call) {
            connection throws(SQLiteFailure) -> DriverError? in
            for (index, change) in changes.enumerated() where change.condition != .none {
                let row = try connection.current(change.key)
                guard var refusal = change.condition.refusal(of: row, change.key) else { continue }
                refusal.change = UInt32(index + 1)
                return refusal
            }
            return nil
        }
        if let refusal { throw refusal }
    }

    private func refuseMalformed(_ changes: [Change]) throws(DriverError) {
        guard (1...Self.maximumChangeCount).contains(changes.count) else {
            throw DriverError(
                changes.isEmpty ? .invalid : .tooLarge,
                "a commit has 1 to \(Self.maximumChangeCount) changes, not \(changes.count)")
        }
        var keys: Set<ObjectKey> = []
        for (index, change) in changes.enumerated() {
            var reason: String?
            if !keys.insert(change.key).inserted {
                reason = "an earlier change has the same object"
            }
            switch (change.action, change.condition) {
            case (.check, .none): reason = "a check needs a condition"
            case (.remove, .absent):
                reason = "an object cannot be removed under the condition absent"
            default: break
            }
            guard let reason else { continue }
            var error = DriverError(.invalid, "the change of \(change.key.shown): \(reason)")
            error.change = UInt32(index + 1)
            throw error
        }
    }
}
