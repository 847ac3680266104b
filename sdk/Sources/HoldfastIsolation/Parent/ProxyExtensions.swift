internal import CHoldfast
internal import HoldfastLoader

// The functions of the proxy for the extensions of transactions and watches.

/// The bits of `ExtensionsCall`'s answer.
enum ExtensionBits {
    static let transactions: UInt32 = 1
    static let watches: UInt32 = 2
}

// SAFETY: written once, before anybody sees it, and never changed or freed.
private nonisolated(unsafe) let transactionTable: UnsafePointer<holdfast_transaction> = {
    let table = UnsafeMutablePointer<holdfast_transaction>.allocate(capacity: 1)
    unsafe table.initialize(
        to: holdfast_transaction(
            size: UInt32(MemoryLayout<holdfast_transaction>.size), flags: 0,
            commit: { unsafe proxyCommit($0, $1, $2, $3) }))
    return unsafe UnsafePointer(table)
}()

// SAFETY: written once, before anybody sees it, and never changed or freed.
private nonisolated(unsafe) let watchTable: UnsafePointer<holdfast_watch> = {
    let table = UnsafeMutablePointer<holdfast_watch>.allocate(capacity: 1)
    unsafe table.initialize(
        to: holdfast_watch(
            size: UInt32(MemoryLayout<holdfast_watch>.size), flags: 0,
            watch: { unsafe proxyWatch($0, $1, $2, $3) }))
    return unsafe UnsafePointer(table)
}()

func proxyExtension(
    _ driver: UnsafeMutableRawPointer?, _ id: holdfast_text
) -> UnsafeRawPointer? {
    guard let driver = unsafe object(driver, IsolatedDriver.self) else { return nil }
    let extensions = driver.extensions
    switch unsafe id.string {
    case HOLDFAST_OPERATIONS_ID: return unsafe driver.operations.table
    case HOLDFAST_TRANSACTION_ID where extensions & ExtensionBits.transactions != 0:
        return unsafe UnsafeRawPointer(transactionTable)
    case HOLDFAST_WATCH_ID where extensions & ExtensionBits.watches != 0:
        return unsafe UnsafeRawPointer(watchTable)
    default: return nil
    }
}

private func proxyWatch(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer,
    _ watch: UnsafePointer<holdfast_watch_request>?, _ sink: UnsafePointer<holdfast_cursor_sink>?
) -> holdfast_status {
    guard let watch = unsafe watch?.pointee else { return unsafe noHandle.report(call) }
    var streams = CallStreams()
    unsafe streams.cursor = sink
    return unsafe make(store, call, "watch", streams) { _, _ in
        var request = WireWatchCall()
        request.call = unsafe WireCall(call)
        unsafe request.collection = watch.collection.string
        unsafe request.workspace = watch.workspace.string
        unsafe request.prefix = watch.prefix.string
        request.cursor = unsafe Array(watch.cursor.buffer)
        return .watchCall(request)
    }
}

private func proxyCommit(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer,
    _ commit: UnsafePointer<holdfast_commit>?, _ sink: UnsafePointer<holdfast_commit_sink>?
) -> holdfast_status {
    guard let commit = unsafe commit, let sink = unsafe sink else {
        return unsafe noHandle.report(call)
    }
    var request = CommitRequest()
    do throws(CommitRequest.Refused) {
        try unsafe request.read(commit)
    } catch {
        return unsafe error.end.report(call)
    }
    let changes = request.changes
    var chain = unsafe SourceChain(request.sources)
    return unsafe chain.withSource { source in
        var streams = CallStreams()
        unsafe streams.commit = (sink, request.places)
        unsafe streams.source = source
        return unsafe make(store, call, "commit", isWrite: true, streams) { streams, connection in
            var messages = CommitRequest.batches(changes)
            var first = WireCommitCall()
            first.call = unsafe WireCall(call)
            first.count = UInt32(changes.count)
            first.changes = messages.isEmpty ? [] : messages.removeFirst()
            streams.rest = messages.map { batch in
                var more = WireChanges()
                more.changes = batch
                return .changes(more)
            }
            first.filling = unsafe streams.begin(connection.copy)
            connection.put(first.filling, 0)
            return .commitCall(first)
        }
    }
}

/// The changes of a commit, ready to be sent.
@safe private struct CommitRequest {
    /// Why there is nothing to send.
    struct Refused: Error { var end: CallEnd }

    private(set) var changes: [WireChange] = []
    /// The sources of the puts, and the places of those in the list.
    private(set) var sources: [UnsafePointer<holdfast_source>] = unsafe []
    private(set) var places: [UInt32] = []

    mutating func read(_ commit: UnsafePointer<holdfast_commit>) throws(Refused) {
        guard let items = unsafe commit.pointee.items else { return }
        let stride = unsafe Int(commit.pointee.stride)
        for index in unsafe 0..<Int(commit.pointee.count) {
            let change = unsafe (items + index * stride)
                .assumingMemoryBound(to: holdfast_change.self)
            unsafe try add(change, index)
        }
    }

    private mutating func add(
        _ change: UnsafePointer<holdfast_change>, _ index: Int
    ) throws(Refused) {
        guard let key = unsafe change.pointee.key, let wanted = unsafe change.pointee.condition
        else { throw Refused(end: noHandle) }
        guard let kind = WireChangeKind(rawValue: UInt8(clamping: unsafe change.pointee.kind))
        else {
            let message = "the change is of a kind that is not known"
            throw Refused(end: .failed(HOLDFAST_UNSUPPORTED, message, change: index + 1))
        }
        guard let condition = unsafe WireCondition(wanted) else {
            var end = unknownCondition
            end.failure?.change = UInt32(index + 1)
            throw Refused(end: end)
        }
        var wire = WireChange()
        wire.kind = kind
        wire.key = unsafe WireKey(key)
        wire.condition = condition
        if kind == .put {
            guard let source = unsafe change.pointee.source else { throw Refused(end: noHandle) }
            unsafe sources.append(source)
            places.append(UInt32(index))
            wire.length = unsafe source.pointee.length
            wire.attributes = unsafe WireAttribute.all(
                change.pointee.attributes, change.pointee.attribute_count,
                change.pointee.attribute_stride)
        }
        changes.append(wire)
    }

    /// The changes in parts that each fit into a message.
    static func batches(_ changes: [WireChange]) -> [[WireChange]] {
        var batches: [[WireChange]] = []
        var bytes = Int.max / 2
        for change in changes {
            bytes += change.bytes
            if bytes > 48 * 1024 {
                batches.append([])
                bytes = change.bytes
            }
            batches[batches.count - 1].append(change)
        }
        return batches
    }
}

extension WireChange {
    /// About how large it is as part of a frame; not less than it is.
    fileprivate var bytes: Int {
        let texts =
            [key.collection, key.workspace, key.path] + attributes.flatMap { [$0.name, $0.value] }
        return texts.reduce(64 + condition.version.count) { $0 + $1.utf8.count + 4 }
    }
}
