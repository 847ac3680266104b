internal import CHoldfast

// The table of the extension `x.holdfast.watch/1`, and the way from its call to the Swift store.

/// The table of every driver whose stores are ``WatchableStore``.
// SAFETY: allocated once and never changed or freed; the host reads it for the process's life.
nonisolated(unsafe) let watchTable: UnsafePointer<holdfast_watch> = {
    let table = UnsafeMutablePointer<holdfast_watch>.allocate(capacity: 1)
    unsafe table.initialize(
        to: holdfast_watch(
            size: UInt32(MemoryLayout<holdfast_watch>.size), flags: 0,
            watch: { unsafe bridgeWatch($0, $1, $2, $3) }))
    return unsafe UnsafePointer(table)
}()

private func bridgeWatch(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer?,
    _ request: UnsafePointer<holdfast_watch_request>?,
    _ sink: UnsafePointer<holdfast_cursor_sink>?
) -> holdfast_status {
    guard let request = unsafe request?.pointee, let sink = unsafe sink else {
        return HOLDFAST_INVALID
    }
    return unsafe withStore(store, call) { (store, call) throws(DriverError) in
        guard let store = store as? any WatchableStore else {
            throw DriverError(.unsupported, "this store cannot be watched")
        }
        let wanted = unsafe WatchRequest(
            collection: String(text: request.collection),
            workspace: String(text: request.workspace), prefix: String(text: request.prefix),
            cursor: Array(text: request.cursor))
        let cursor = try store.watch(wanted, call)
        guard (1...256).contains(cursor.count) else {
            throw DriverError(.internalError, "the store gave a cursor of \(cursor.count) bytes")
        }
        let status = unsafe cursor.withText { text in
            var text = unsafe text
            return unsafe sink.pointee.cursor(sink.pointee.context, &text)
        }
        if status != HOLDFAST_OK { throw sinkError(status) }
    }
}
