internal import CHoldfast
internal import HoldfastLoader

/// One open store, called with structs that the loader never makes.
@safe final class RawSession {
    /// How a call ended.
    struct Outcome {
        var status: holdfast_status
        var report: RawReport?

        /// The outcome in words.
        var words: String {
            status >= 0
                ? "success (\(status))"
                : "\(DriverFailure.Code(status: status).name): \(report?.message ?? "no reason given")"
        }
    }

    /// What a raw put writes.
    struct Put {
        var path: String
        var bytes: [UInt8]
        /// What the source says of its length, however long it is.
        var length: UInt64?
        var condition = HOLDFAST_CONDITION_NONE
        var attributes: [Attribute] = []
        /// Whether the source fails where its end would be.
        var isBroken = false
    }

    /// How much longer than known every struct is.
    let padding: Int
    private let valueLimit: UInt64
    private let table: UnsafePointer<holdfast_driver>
    private let driver: UnsafeMutableRawPointer
    private let options: [OptionValue]
    private let space: Bench.Space
    private var store: UnsafeMutableRawPointer?

    /// Loads and starts the driver, but opens nothing.
    ///
    /// - Parameters:
    ///   - run: The check's run, which must not start the driver in this process.
    ///   - padding: How much longer than known every struct is.
    /// - Throws: ``CheckFailure``.
    init(_ run: CheckRun, padding: Int = 0) throws(CheckFailure) {
        self.padding = padding
        let table = try unsafe RawDriver(run).table()
        unsafe self.table = table
        var made: UnsafeMutableRawPointer?
        let host = unsafe RawHost.table(padding: padding)
        let status = unsafe Self.withCall(padding) { unsafe table.pointee.start(host, $0, &made) }
        guard status == HOLDFAST_OK, let made = unsafe made else {
            throw CheckFailure(
                "start answers \(Outcome(status: status, report: RawHost.takeReport()).words)")
        }
        unsafe driver = made
        let descriptor = try unsafe Self.describe(table, made, padding)
        options = try run.optionsFile.resolved(descriptor.options, folder: run.folder)
        run.rawGrace = descriptor.graceMilliseconds
        valueLimit = descriptor.capabilities.first { $0.id == "value" }?.limit ?? 0
        space = run.space(isPlace: descriptor.isPlace)
    }

    private static func withCall<Result>(
        _ padding: Int, _ body: (UnsafePointer<holdfast_call>) -> Result
    ) -> Result {
        let call = unsafe holdfast_call(
            size: 0, flags: padding == 0 ? 0 : ~0, id: 1, deadline_ns: .max, attempt: 1,
            reserved: 0, trace_parent: holdfast_text(), idempotency_key: holdfast_text(),
            host_context: nil)
        return unsafe lend(call, padding: padding) { unsafe body($0) }
    }

    private static func describe(
        _ table: UnsafePointer<holdfast_driver>, _ driver: UnsafeMutableRawPointer, _ padding: Int
    ) throws(CheckFailure) -> Descriptor {
        var document: [UInt8] = []
        let status = unsafe withUnsafeMutablePointer(to: &document) { document in
            let sink = unsafe holdfast_sink(
                size: 0, flags: 0, context: document, write: { unsafe appendBytes($0, $1, $2) })
            return unsafe lend(sink, padding: padding) { sink in
                unsafe withCall(padding) { unsafe table.pointee.describe(driver, $0, sink) }
            }
        }
        try require(status == HOLDFAST_OK, "describe answers \(status)")
        return try Descriptor(document)
    }

    private func outcome(_ body: (UnsafePointer<holdfast_call>) -> holdfast_status) -> Outcome {
        _ = RawHost.takeReport()
        let status = unsafe Self.withCall(padding) { unsafe body($0) }
        return Outcome(status: status, report: RawHost.takeReport())
    }

    // MARK: - Calls

    /// Opens the store with these flags.
    func open(flags: UInt32 = 0) -> Outcome {
        unsafe lendOptions { items, count, stride in
            let value = unsafe holdfast_options(
                size: 0, flags: flags, items: items, count: count, stride: stride)
            return unsafe lend(value, padding: padding) { options in
                unsafe outcome { unsafe table.pointee.open(driver, $0, options, &store) }
            }
        }
    }

    /// A number of bytes, or the most that the driver declares where that is less.
    func capped(_ count: Int) -> Int {
        valueLimit == 0 ? count : min(count, Int(clamping: valueLimit))
    }

    /// Whether a store is open.
    var isOpen: Bool { unsafe store != nil }

    /// Closes the store and stops the driver.
    func finish() throws(CheckFailure) {
        if let store = unsafe store {
            let closed = unsafe outcome { unsafe table.pointee.close(store, $0) }
            try require(closed.status == HOLDFAST_OK, "close answers \(closed.words)")
        }
        let stopped = unsafe outcome { unsafe table.pointee.stop(driver, $0) }
        try require(stopped.status == HOLDFAST_OK, "stop answers \(stopped.words)")
    }

    /// Writes an object.
    func put(_ request: Put) -> Outcome {
        unsafe withKey(request.path) { key in
            unsafe lendAttributes(request.attributes) { items, stride in
                let condition = unsafe holdfast_condition(
                    size: 0, kind: request.condition, version: holdfast_text())
                return unsafe lend(condition, padding: padding) { condition in
                    let value = unsafe holdfast_put(
                        size: 0, flags: padding == 0 ? 0 : ~0, key: key, condition: condition,
                        attributes: items, attribute_count: UInt32(request.attributes.count),
                        attribute_stride: stride)
                    return unsafe lend(value, padding: padding) { put in
                        unsafe send(put, request)
                    }
                }
            }
        }
    }

    private func send(_ put: UnsafePointer<holdfast_put>, _ request: Put) -> Outcome {
        var source = RawSource(bytes: request.bytes, isBroken: request.isBroken)
        var seen = RawInfo()
        return unsafe withUnsafeMutablePointer(to: &source) { context in
            unsafe withUnsafeMutablePointer(to: &seen) { seen in
                let source = unsafe holdfast_source(
                    size: 0, flags: 0, context: context, length: request.length ?? .max,
                    read: { unsafe readBytes($0, $1, $2, $3) })
                return unsafe lend(source, padding: padding) { source in
                    unsafe lend(infoSink(seen), padding: padding) { info in
                        unsafe outcome {
                            unsafe table.pointee.put(requireStore, $0, put, source, info)
                        }
                    }
                }
            }
        }
    }

    /// Reads an object's information.
    func head(_ path: String) -> Outcome {
        var seen = RawInfo()
        return unsafe withUnsafeMutablePointer(to: &seen) { seen in
            unsafe withKey(path) { key in
                unsafe lend(infoSink(seen), padding: padding) { info in
                    unsafe outcome { unsafe table.pointee.head(requireStore, $0, key, info) }
                }
            }
        }
    }

    /// What a raw get received.
    struct Got {
        var outcome: Outcome
        var bytes: [UInt8]
        var attributes: [Attribute]
        /// How often the driver called a sink that had ended the call.
        var callsAfterStop: Int
    }

    /// Reads an object, and perhaps ends the call early.
    func get(
        _ path: String, stopAfter: Int = .max, ending: holdfast_status = HOLDFAST_STOPPED,
        onPiece: (() -> Void)? = nil
    ) -> Got {
        var received = RawSink(stopAfter: stopAfter, ending: ending, onPiece: onPiece)
        let outcome = unsafe withUnsafeMutablePointer(to: &received) { received in
            unsafe withKey(path) { key in
                let sink = unsafe holdfast_sink(
                    size: 0, flags: 0, context: received,
                    write: { unsafe receiveBytes($0, $1, $2) })
                let info = unsafe holdfast_info_sink(
                    size: 0, flags: 0, context: received, info: { unsafe receiveInfo($0, $1) })
                let value = unsafe holdfast_get(
                    size: 0, flags: 0, key: key, offset: 0, length: .max)
                return unsafe lend(sink, padding: padding) { sink in
                    unsafe lend(info, padding: padding) { info in
                        unsafe lend(value, padding: padding) { get in
                            unsafe self.outcome {
                                unsafe table.pointee.get(requireStore, $0, get, info, sink)
                            }
                        }
                    }
                }
            }
        }
        return Got(
            outcome: outcome, bytes: received.bytes, attributes: received.info.attributes,
            callsAfterStop: received.callsAfterStop)
    }

    /// Lists the collection, and does something with the number of entries in each batch.
    func list(limit: UInt32, onBatch: @escaping (Int) -> holdfast_status) -> Outcome {
        var batches = BatchSink(onBatch: onBatch)
        return unsafe withUnsafeMutablePointer(to: &batches) { context in
            unsafe lendText(space.collection) { collection in
                unsafe lendText(space.workspace) { workspace in
                    let sink = unsafe holdfast_entry_sink(
                        size: 0, flags: 0, context: context,
                        entries: { context, _, count, _ in unsafe receiveBatch(context, count) })
                    let value = unsafe holdfast_list(
                        size: 0, flags: 0, collection: collection, workspace: workspace,
                        prefix: holdfast_text(), start_after: holdfast_text(), limit: limit,
                        reserved: 0)
                    return unsafe lend(sink, padding: padding) { sink in
                        unsafe lend(value, padding: padding) { list in
                            unsafe outcome {
                                unsafe table.pointee.list(requireStore, $0, list, sink)
                            }
                        }
                    }
                }
            }
        }
    }

    private var requireStore: UnsafeMutableRawPointer {
        // Calls without a store are a defect of the kit; the driver's own object is at least valid.
        unsafe store ?? driver
    }

    // MARK: - Structs

    private func infoSink(_ seen: UnsafeMutablePointer<RawInfo>) -> holdfast_info_sink {
        unsafe holdfast_info_sink(
            size: 0, flags: 0, context: seen, info: { unsafe keepInfo($0, $1) })
    }

    private func withKey<Result>(
        _ path: String, _ body: (UnsafePointer<holdfast_key>) -> Result
    ) -> Result {
        unsafe lendText(space.collection) { collection in
            unsafe lendText(space.workspace) { workspace in
                unsafe lendText(path) { path in
                    let key = unsafe holdfast_key(
                        size: 0, flags: 0, collection: collection, workspace: workspace, path: path)
                    return unsafe lend(key, padding: padding) { unsafe body($0) }
                }
            }
        }
    }

    /// Lends an array whose elements are `padding` bytes longer than known.
    private func lendAttributes<Result>(
        _ attributes: [Attribute],
        _ body: (UnsafePointer<holdfast_attribute>?, UInt32) -> Result
    ) -> Result {
        let items = unsafe attributes.map { attribute in
            unsafe holdfast_attribute(
                size: 0, flags: 0, name: keptText(attribute.name), value: keptText(attribute.value))
        }
        defer {
            unsafe items.forEach {
                unsafe poisonText($0.name); unsafe poisonText($0.value)
            }
        }
        return unsafe lendArray(items) { start, stride in
            unsafe body(start?.assumingMemoryBound(to: holdfast_attribute.self), stride)
        }
    }

    private func lendOptions<Result>(
        _ body: (UnsafeRawPointer?, UInt32, UInt32) -> Result
    ) -> Result {
        let items = unsafe options.map { option in
            var (text, number) = ("", Int64(0))
            switch option.value {
            case .text(let value): text = value
            case .number(let value): number = value
            }
            return unsafe holdfast_option(
                size: 0, type: option.type.rawValue, name: keptText(option.name),
                text: keptText(text), number: number)
        }
        defer {
            unsafe items.forEach {
                unsafe poisonText($0.name); unsafe poisonText($0.text)
            }
        }
        return unsafe lendArray(items) { start, stride in
            unsafe body(UnsafeRawPointer(start), UInt32(items.count), stride)
        }
    }

    private func lendArray<Element, Result>(
        _ items: [Element], _ body: (UnsafeMutableRawPointer?, UInt32) -> Result
    ) -> Result {
        let stride = MemoryLayout<Element>.stride + padding
        guard !items.isEmpty else { return body(nil, UInt32(stride)) }
        let count = stride * items.count
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 16)
        defer { unsafe memory.deallocate() }
        unsafe memory.initializeMemory(as: UInt8.self, repeating: poison, count: count)
        for (index, item) in items.enumerated() {
            let place = unsafe memory + index * stride
            unsafe place.bindMemory(to: Element.self, capacity: 1).initialize(to: item)
            unsafe place.storeBytes(of: UInt32(stride), as: UInt32.self)
        }
        return unsafe body(memory, UInt32(stride))
    }
}
