internal import CHoldfast
internal import HoldfastLoader

/// Commits that the loader never makes.
enum RawCommit {
    /// Commits two changes of which the second is of a kind that nobody knows.
    ///
    /// - Parameters:
    ///   - bench: Where.
    ///   - kind: The kind.
    /// - Returns: What was of that kind, and the answers.
    static func statuses(
        _ bench: Bench, _ kind: UInt32
    ) -> [(words: String, status: holdfast_status)] {
        guard let table = unsafe bench.store.driver.extensionTable(HOLDFAST_TRANSACTION_ID),
            let store = unsafe bench.store.driverObject
        else { return [] }
        let commit = unsafe table.assumingMemoryBound(to: holdfast_transaction.self).pointee.commit
        return [(true, "change"), (false, "condition")].map { isChange, words in
            let changes: [(holdfast_change_kind, holdfast_condition_kind)] = [
                (HOLDFAST_CHANGE_REMOVE, HOLDFAST_CONDITION_NONE),
                isChange
                    ? (kind, HOLDFAST_CONDITION_NONE) : (HOLDFAST_CHANGE_CHECK, kind),
            ]
            let status = unsafe lendCommit(bench, changes) { request in
                let call = unsafe holdfast_call(
                    size: 0, flags: 0, id: 1, deadline_ns: .max, attempt: 1, reserved: 0,
                    trace_parent: holdfast_text(), idempotency_key: holdfast_text(),
                    host_context: nil)
                let sink = unsafe holdfast_commit_sink(
                    size: 0, flags: 0, context: nil, info: { _, _, _ in HOLDFAST_OK })
                return unsafe lend(call, padding: 0) { call in
                    unsafe lend(sink, padding: 0) { sink in
                        unsafe commit?(store, call, request, sink) ?? HOLDFAST_INTERNAL
                    }
                }
            }
            return (words, status)
        }
    }

    /// Lends a commit whose changes are longer than known.
    private static func lendCommit(
        _ bench: Bench, _ kinds: [(holdfast_change_kind, holdfast_condition_kind)],
        _ body: (UnsafePointer<holdfast_commit>) -> holdfast_status
    ) -> holdfast_status {
        let stride = unsafe MemoryLayout<holdfast_change>.stride + 16
        let items = UnsafeMutableRawPointer.allocate(
            byteCount: kinds.count * stride, alignment: 8)
        defer { unsafe items.deallocate() }
        unsafe items.initializeMemory(as: UInt8.self, repeating: 0xa5, count: kinds.count * stride)
        func add(_ index: Int) -> holdfast_status {
            guard index < kinds.count else {
                let request = unsafe holdfast_commit(
                    size: 0, flags: 0, items: items, count: UInt32(kinds.count),
                    stride: UInt32(stride))
                return unsafe lend(request, padding: 0) { unsafe body($0) }
            }
            return unsafe lendKey(bench, "kind/\(index)") { key in
                let condition = unsafe holdfast_condition(
                    size: 0, kind: kinds[index].1, version: holdfast_text())
                return unsafe lend(condition, padding: 0) { condition in
                    let change = unsafe holdfast_change(
                        size: UInt32(stride), flags: 0, kind: kinds[index].0, reserved: 0,
                        key: key, condition: condition, attributes: nil, attribute_count: 0,
                        attribute_stride: UInt32(MemoryLayout<holdfast_attribute>.stride),
                        source: nil)
                    unsafe (items + index * stride).storeBytes(
                        of: change, as: holdfast_change.self)
                    return add(index + 1)
                }
            }
        }
        return add(0)
    }

    private static func lendKey(
        _ bench: Bench, _ path: String,
        _ body: (UnsafePointer<holdfast_key>) -> holdfast_status
    ) -> holdfast_status {
        unsafe lendText(bench.space.collection) { collection in
            unsafe lendText(bench.space.workspace) { workspace in
                unsafe lendText(path) { path in
                    let key = unsafe holdfast_key(
                        size: 0, flags: 0, collection: collection, workspace: workspace,
                        path: path)
                    return unsafe lend(key, padding: 0) { unsafe body($0) }
                }
            }
        }
    }
}
