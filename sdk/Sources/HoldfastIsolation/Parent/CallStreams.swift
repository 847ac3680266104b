internal import CHoldfast
internal import HoldfastLoader

/// What a driver's process sent although the call does not allow it.
struct Breach: Error {
    var text: String

    init(_ text: String) { self.text = text }
}

/// The caller's sinks and source of one call.
@safe struct CallStreams {
    var info: UnsafePointer<holdfast_info_sink>?
    var bytes: UnsafePointer<holdfast_sink>?
    var entries: UnsafePointer<holdfast_entry_sink>?
    var capabilities: UnsafePointer<holdfast_capability_sink>?
    var clock: UnsafePointer<holdfast_clock_sink>?
    var cursor: UnsafePointer<holdfast_cursor_sink>?
    /// Where the information of what a commit put goes, and the places of those changes.
    var commit: (sink: UnsafePointer<holdfast_commit_sink>, places: [UInt32])?
    var source: UnsafePointer<holdfast_source>?
    /// What belongs to the request and did not fit into its first message.
    var rest: [Message] = []
    /// Which extensions the driver has, when that is what was asked for.
    var extensions: UInt32?
    /// The operations that were declared, when that is what was asked for.
    var operations: [DeclaredByProcess]?

    /// What ended the call from the caller's side.
    private(set) var ending: holdfast_status?
    /// Whether the source has more.
    private(set) var isSourceOpen = false
    /// How many objects of a commit were heard of.
    private var commitCount = 0

    /// Hands out a batch; its bytes were copied already.
    mutating func deliver(
        _ batch: WireBatch, _ copy: UnsafeRawBufferPointer
    ) throws(Breach) {
        for info in batch.infos where ending == nil { try deliver(info) }
        for entry in batch.entries where ending == nil { try deliver(entry) }
        try declare(batch)
        guard batch.byteCount > 0, ending == nil else { return }
        guard let sink = unsafe bytes else { throw Breach("sent bytes that nobody asked for") }
        let start = unsafe copy.baseAddress?.assumingMemoryBound(to: UInt8.self)
        note(
            unsafe sink.pointee.write(sink.pointee.context, start, UInt64(batch.byteCount)))
    }

    private mutating func declare(_ batch: WireBatch) throws(Breach) {
        guard batch.operation != nil || !batch.parameters.isEmpty else { return }
        guard var all = operations.take() else { throw Breach("sent operations nobody asked for") }
        if let operation = batch.operation {
            all.append(DeclaredByProcess(operation: operation, parameters: []))
        }
        let place = all.count - 1
        guard (0..<64).contains(place),
            all[place].parameters.count + batch.parameters.count <= 9
        else { throw Breach("sent more operations or parameters than there may be") }
        all[place].parameters += batch.parameters
        operations = all
    }

    private mutating func deliver(_ info: WireInfo) throws(Breach) {
        if let commit = unsafe commit {
            guard unsafe commitCount < commit.places.count else {
                throw Breach("sent information of more objects than the commit puts")
            }
            let place = unsafe commit.places[commitCount]
            commitCount += 1
            let sink = unsafe commit.sink
            return note(
                unsafe info.withC { unsafe sink.pointee.info(sink.pointee.context, place, $0) })
        }
        guard let sink = unsafe self.info else {
            throw Breach("sent object information that nobody asked for")
        }
        note(unsafe info.withC { unsafe sink.pointee.info(sink.pointee.context, $0) })
    }

    private mutating func deliver(_ entry: WireEntry) throws(Breach) {
        guard let sink = unsafe entries else { throw Breach("sent entries nobody asked for") }
        let status = unsafe entry.path.withText { path in
            unsafe entry.info.withC { info in
                let size = unsafe UInt32(MemoryLayout<holdfast_entry>.size)
                var item = unsafe holdfast_entry(size: size, flags: 0, path: path, info: info)
                return unsafe sink.pointee.entries(sink.pointee.context, &item, 1, size)
            }
        }
        note(status)
    }

    /// Hands out what comes with the result alone.
    mutating func finish(_ result: WireResult) throws(Breach) {
        guard unsafe result.capabilities.isEmpty || capabilities != nil,
            unsafe result.clock == nil || clock != nil,
            unsafe result.cursor.isEmpty || cursor != nil,
            result.extensions == 0 || extensions != nil
        else { throw Breach("sent what nobody asked for") }
        for capability in result.capabilities where ending == nil {
            guard let sink = unsafe capabilities else { return }
            let status = unsafe capability.withC {
                unsafe sink.pointee.capability(sink.pointee.context, $0)
            }
            note(status)
        }
        if extensions != nil { extensions = result.extensions }
        if let sink = unsafe cursor, !result.cursor.isEmpty, ending == nil {
            let status = unsafe result.cursor.withText { text in
                var text = unsafe text
                return unsafe sink.pointee.cursor(sink.pointee.context, &text)
            }
            note(status)
        }
        guard let sink = unsafe clock, result.outcome == .done else { return }
        let clock = result.clock ?? WireClock()
        note(unsafe clock.withC { unsafe sink.pointee.clock(sink.pointee.context, $0) })
    }

    private mutating func note(_ status: holdfast_status) {
        if status != HOLDFAST_OK, ending == nil { ending = status }
    }

    // MARK: - The source

    /// Gets the first part of a source: all of it when it is short enough, else nothing yet.
    mutating func begin(_ space: UnsafeMutableRawBufferPointer) -> WireFilling {
        guard let source = unsafe source else { return WireFilling() }
        isSourceOpen = true
        guard unsafe source.pointee.length <= UInt64(Window.slotBytes) else { return WireFilling() }
        var filling = unsafe fill(space)
        guard filling.end == .open else { return filling }
        // The buffer is full; only another read tells whether this was the end.
        var rest: UInt8 = 0
        let more = unsafe withUnsafeMutableBytes(of: &rest) { unsafe fill($0) }
        // A source that is longer than it said has failed, in its own eyes as well.
        filling.end = more.byteCount > 0 ? .failed : more.end
        isSourceOpen = false
        return filling
    }

    /// Fills as much of a buffer as the source has.
    ///
    /// - Parameters:
    ///   - space: The buffer.
    ///   - nanoseconds: How long a slow source may take before what it gave so far is enough.
    /// - Returns: What was filled.
    mutating func fill(
        _ space: UnsafeMutableRawBufferPointer, within nanoseconds: Int64 = .max
    ) -> WireFilling {
        var filling = WireFilling()
        guard let source = unsafe source, isSourceOpen else { return filling }
        let start = CallContext.monotonicNanoseconds()
        let base = unsafe space.baseAddress?.assumingMemoryBound(to: UInt8.self)
        var filled = 0
        while filled < space.count {
            var count: UInt64 = 0
            let status = unsafe source.pointee.read(
                source.pointee.context, base.map { unsafe $0 + filled },
                UInt64(space.count - filled), &count)
            guard status == HOLDFAST_OK, count <= UInt64(space.count - filled) else {
                note(HOLDFAST_SOURCE)
                filling.end = .failed
                break
            }
            filled += Int(count)
            if count == 0 {
                filling.end = .ended
                break
            }
            if CallContext.monotonicNanoseconds() - start > nanoseconds { break }
        }
        filling.byteCount = UInt32(filled)
        isSourceOpen = filling.end == .open
        return filling
    }
}
