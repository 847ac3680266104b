internal import CHoldfast

extension OpenStore {
    /// Whether the driver can wait for changes: it has the extension `x.holdfast.watch/1`.
    ///
    /// A store may still not be watchable; its capability `watch` tells.
    public var isWatchable: Bool { unsafe (try? driver.tables.watch(of: driver)) != nil }

    /// Waits until something in a scope may have changed.
    ///
    /// Without a cursor this returns at once, with one once something may have changed since. It is a
    /// call as any other and occupies a thread until it ends.
    ///
    /// - Parameters:
    ///   - request: The scope and the cursor.
    ///   - context: The call's context.
    /// - Returns: The cursor to go on from, 1 to 256 bytes.
    /// - Throws: ``DriverFailure``, with code `deadline` when nothing changed in time; the request's
    ///   cursor is then still good.
    public func watch(
        _ request: WatchRequest, _ context: CallContext
    ) throws(DriverFailure) -> [UInt8] {
        let (handle, _) = try unsafe use(context)
        guard let watch = unsafe try driver.tables.watch(of: driver) else {
            throw DriverFailure(.unsupported, "the driver \(driver.id) has no watches")
        }
        var collected = Single<[UInt8]>()
        let status = unsafe withUnsafeMutablePointer(to: &collected) { collected in
            var sink = unsafe holdfast_cursor_sink(
                size: UInt32(MemoryLayout<holdfast_cursor_sink>.size), flags: 0,
                context: collected,
                cursor: { context, value in
                    unsafe upcall(context, Single<[UInt8]>.self) { collected in
                        collected.add { () throws(Defect) in try unsafe copyCursor(value) }
                    }
                })
            return unsafe request.withC { request in
                unsafe context.withC { unsafe watch(handle, $0, request, &sink) }
            }
        }
        if let defect = collected.defect { throw outcome("watch").failure(defect) }
        try outcome("watch").check(status, context)
        guard let cursor = collected.value else {
            throw outcome("watch").failure(Defect("gave no cursor"))
        }
        return cursor
    }
}

private func copyCursor(_ text: UnsafePointer<holdfast_text>?) throws(Defect) -> [UInt8] {
    guard let bytes = unsafe text?.pointee.checked(most: 256), !bytes.isEmpty else {
        throw Defect("gave a cursor that is not 1 to 256 bytes long")
    }
    return unsafe Array(bytes)
}

extension WatchRequest {
    fileprivate func withC<Result>(
        _ body: (UnsafePointer<holdfast_watch_request>) -> Result
    ) -> Result {
        var block = TextBlock()
        let places = [collection, workspace, prefix].map { block.append($0) }
        let end = block.append(cursor)
        return unsafe block.withTexts { text in
            var request = unsafe holdfast_watch_request(
                size: UInt32(MemoryLayout<holdfast_watch_request>.size), flags: 0,
                collection: text(places[0]), workspace: text(places[1]), prefix: text(places[2]),
                cursor: text(end))
            return unsafe body(&request)
        }
    }
}
