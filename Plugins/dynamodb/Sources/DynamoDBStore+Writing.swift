internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON

extension DynamoDBStore: TransactionalStore {
    /// The most changes of a commit: each takes at most three of the service's hundred actions.
    static let changeCount = 33
    /// The most bytes that a commit keeps in an item, so that all of them stay under 4 MB.
    private static let commitInlineByteCount = 100 * 1024

    func put(
        _ request: PutRequest, from source: ObjectSource, _ call: Call
    ) throws(DriverError) -> ObjectInfo {
        if request.condition != .none, let length = source.length,
            length > UInt64(Self.inlineByteCount)
        {
            // A condition that does not hold now saves the transfer; it is judged again when it counts.
            let current = try find(request.key, wantsData: false, call)
            if let refusal = request.condition.refusal(of: current, request.key) { throw refusal }
        }
        let change = Change(
            key: request.key, condition: request.condition, action: .put(request.attributes, source)
        )
        let infos = try commit([change], inline: Self.inlineByteCount, call)
        guard let info = infos.first else {
            throw DriverError(.internalError, "a put has no result", applied: .unknown)
        }
        return info
    }

    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(DriverError) {
        guard condition != .absent else {
            throw DriverError(.invalid, "an object cannot be removed under the condition absent")
        }
        let change = Change(key: key, condition: condition, action: .remove)
        _ = try commit([change], inline: Self.inlineByteCount, call)
    }

    func commit(_ changes: [Change], _ call: Call) throws(DriverError) -> [ObjectInfo] {
        guard changes.count <= Self.changeCount else {
            throw DriverError(
                .tooLarge, "\(changes.count) changes are more than \(Self.changeCount)")
        }
        let inline = changes.count == 1 ? Self.inlineByteCount : Self.commitInlineByteCount
        return try commit(changes, inline: inline, call)
    }

    private func commit(
        _ changes: [Change], inline: Int, _ call: Call
    ) throws(DriverError) -> [ObjectInfo] {
        try call.check()
        var prepared: [PreparedChange] = []
        do throws(DriverError) {
            for (index, change) in changes.enumerated() {
                prepared.append(try prepare(change, index, inline, call))
            }
            try apply(prepared, call)
        } catch {
            // What may have become an object's is left to the collector, which looks at its mark.
            if error.applied == .no { for upload in prepared.uploads { discard(upload, call) } }
            throw changes.count == 1 ? error.unnumbered : error
        }
        collectAfterWrite(isLarge: prepared.contains(where: \.isLarge), call)
        return prepared.compactMap { change in
            guard case .put(let content) = change.work else { return nil }
            return content.info
        }
    }

    /// Reads the source of a change; what is large goes to the table now.
    private func prepare(
        _ change: Change, _ index: Int, _ inline: Int, _ call: Call
    ) throws(DriverError) -> PreparedChange {
        let work: PreparedChange.Work
        switch change.action {
        case .check: work = .check
        case .remove: work = .remove
        case .put(let attributes, let source):
            do throws(DriverError) {
                work = .put(try content(attributes, source, inline, call))
            } catch {
                var error = error.during("cannot write \(change.key.shown)")
                error.change = UInt32(index + 1)
                throw error
            }
        }
        return PreparedChange(key: change.key, condition: change.condition, work: work)
    }

    private func content(
        _ attributes: [Attribute], _ source: ObjectSource, _ inline: Int, _ call: Call
    ) throws(DriverError) -> Content {
        if let length = source.length, length > Self.maximumByteCount { throw Self.tooLarge }
        var intake = Intake(source, call)
        let first = try intake.next(UploadLayout.chunkByteCount)
        let isLarge = first.count > inline ? true : try intake.hasMore()
        guard isLarge else {
            return Content(
                bytes: first, staged: nil, byteCount: intake.byteCount, attributes)
        }
        let staged = try stage(first, &intake, call)
        return Content(bytes: [], staged: staged, byteCount: intake.byteCount, attributes)
    }
}

extension PreparedChange {
    /// The upload that waits for its commit.
    fileprivate var upload: StagedUpload? {
        guard case .put(let content) = work else { return nil }
        return content.staged
    }

    /// Whether the change moves chunks, so that it is a time to look for old ones.
    fileprivate var isLarge: Bool { upload != nil }
}

extension [PreparedChange] {
    fileprivate var uploads: [StagedUpload] { compactMap(\.upload) }
}

extension DriverError {
    /// The number of a change means nothing outside of a commit.
    fileprivate var unnumbered: DriverError {
        var error = self
        error.change = 0
        return error
    }
}
