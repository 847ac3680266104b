internal import CHoldfast

// The table of the extension `holdfast.transaction/1`, and the way from its call to the Swift store.

/// The table of every driver whose stores are ``TransactionalStore``.
// SAFETY: allocated once and never changed or freed; the host reads it for the process's life.
nonisolated(unsafe) let transactionTable: UnsafePointer<holdfast_transaction> = {
    let table = UnsafeMutablePointer<holdfast_transaction>.allocate(capacity: 1)
    unsafe table.initialize(
        to: holdfast_transaction(
            size: UInt32(MemoryLayout<holdfast_transaction>.size), flags: 0,
            commit: { unsafe bridgeCommit($0, $1, $2, $3) }))
    return unsafe UnsafePointer(table)
}()

private func bridgeCommit(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer?,
    _ request: UnsafePointer<holdfast_commit>?, _ sink: UnsafePointer<holdfast_commit_sink>?
) -> holdfast_status {
    guard let request = unsafe request, let sink = unsafe sink else { return HOLDFAST_INVALID }
    return unsafe withStore(store, call) { (store, call) throws(DriverError) in
        guard let store = store as? any TransactionalStore else {
            throw DriverError(.unsupported, "this store has no transactions")
        }
        let changes = try unsafe Change.all(request.pointee)
        let infos = try store.commit(changes, call)
        try unsafe send(infos, changes, sink)
    }
}

/// Hands out the information of what was put, each with the place of its change.
private func send(
    _ infos: [ObjectInfo], _ changes: [Change], _ sink: UnsafePointer<holdfast_commit_sink>
) throws(DriverError) {
    let places = changes.indices.filter { changes[$0].isPut }
    guard infos.count == places.count else {
        throw DriverError(
            .internalError,
            "the store gave \(infos.count) objects' information for \(places.count) puts",
            applied: .yes)
    }
    for (place, info) in zip(places, infos) {
        let status = unsafe info.withC { value in
            unsafe sink.pointee.info(sink.pointee.context, UInt32(place), value)
        }
        if status != HOLDFAST_OK { throw sinkError(status) }
    }
}

extension Change {
    fileprivate var isPut: Bool {
        if case .put = action { return true }
        return false
    }

    /// The changes of a commit.
    fileprivate static func all(_ request: holdfast_commit) throws(DriverError) -> [Change] {
        guard unsafe request.count > 0, let items = unsafe request.items else {
            throw DriverError(.invalid, "the commit has no changes")
        }
        var changes: [Change] = []
        for index in 0..<Int(unsafe request.count) {
            let raw = unsafe holdfast_change(
                copying: items.advanced(by: index * Int(request.stride)))
            do throws(DriverError) {
                changes.append(try unsafe Change(raw))
            } catch {
                var named = error
                named.change = UInt32(index + 1)
                throw named
            }
        }
        return changes
    }

    private init(_ raw: holdfast_change) throws(DriverError) {
        guard let key = unsafe raw.key, let condition = unsafe raw.condition else {
            throw DriverError(.invalid, "a change has no key or no condition")
        }
        self.init(
            key: unsafe ObjectKey(key.pointee), condition: try unsafe known(condition),
            action: try unsafe Action(raw))
    }
}

extension Change.Action {
    fileprivate init(_ raw: holdfast_change) throws(DriverError) {
        switch unsafe raw.kind {
        case HOLDFAST_CHANGE_CHECK: self = .check
        case HOLDFAST_CHANGE_REMOVE: self = .remove
        case HOLDFAST_CHANGE_PUT:
            guard let source = unsafe raw.source else {
                throw DriverError(.invalid, "a change that puts has no source")
            }
            let attributes = unsafe [Attribute](
                raw.attributes, count: raw.attribute_count, stride: raw.attribute_stride)
            self = unsafe .put(attributes, ObjectSource(source))
        default:
            throw DriverError(.unsupported, "the change's kind is not known to this driver")
        }
    }
}

extension holdfast_change {
    /// Copies what both sides know of a change, over zeros.
    fileprivate init(copying item: UnsafeRawPointer) {
        unsafe self.init()
        let size = Int(unsafe item.load(as: UInt32.self))
        unsafe withUnsafeMutableBytes(of: &self) { bytes in
            unsafe bytes.copyMemory(
                from: UnsafeRawBufferPointer(start: item, count: min(size, bytes.count)))
        }
    }
}
