internal import CHoldfast
internal import HoldfastLoader

/// A driver's operations without the loader between: its table and its functions as they are.
@unsafe struct RawOperations {
    private typealias Canary =
        @convention(c) (
            UnsafeMutableRawPointer, UnsafePointer<holdfast_call>, Int64, UInt64, Double, Int32,
            UnsafePointer<holdfast_text>, UnsafePointer<UInt8>?, UInt64,
            UnsafePointer<holdfast_sink>
        ) -> holdfast_status

    private let table: UnsafePointer<holdfast_operations>
    private let store: UnsafeMutableRawPointer

    /// The table of an open store's driver; `nil` where it has none, or does not run in this process.
    init?(_ store: OpenStore) {
        guard let table = unsafe store.driver.extensionTable(HOLDFAST_OPERATIONS_ID),
            let object = unsafe store.driverObject
        else { return nil }
        unsafe self.table = table.assumingMemoryBound(to: holdfast_operations.self)
        unsafe self.store = object
    }

    /// Whether the driver has `invoke`.
    var hasInvoke: Bool { unsafe table.pointee.invoke != nil }

    /// Calls the canary's function by its own type; `nil` when it has none.
    func canary(_ arguments: [OperationValue]) -> (status: holdfast_status, bytes: [UInt8])? {
        guard let function = unsafe canaryFunction, arguments.count == 6,
            case .i64(let i64) = arguments[0], case .u64(let u64) = arguments[1],
            case .f64(let f64) = arguments[2], case .bool(let flag) = arguments[3],
            case .text(let text) = arguments[4], case .bytes(let bytes) = arguments[5]
        else { return nil }
        return unsafe collecting { call, sink in
            unsafe lendText(text) { text in
                var text = unsafe text
                return unsafe bytes.withUnsafeBufferPointer { bytes in
                    unsafe function(
                        store, call, i64, u64, f64, flag ? 1 : 0, &text, bytes.baseAddress,
                        UInt64(bytes.count), sink)
                }
            }
        }
    }

    private var canaryFunction: Canary? {
        let table = unsafe table.pointee
        guard let items = unsafe table.items else { return nil }
        for index in 0..<Int(unsafe table.count) {
            let item = unsafe (items + index * Int(table.stride))
                .assumingMemoryBound(to: holdfast_operation.self).pointee
            let id = unsafe UnsafeRawBufferPointer(start: item.id.data, count: Int(item.id.size))
            guard unsafe id.elementsEqual(DriverOperation.canary.utf8) else { continue }
            return unsafe item.code.function.map { unsafe unsafeBitCast($0, to: Canary.self) }
        }
        return nil
    }

    /// Calls `invoke`, with elements that are longer than known; `nil` when the driver has none.
    func invoke(
        _ id: String, _ arguments: [OperationValue]
    ) -> (status: holdfast_status, bytes: [UInt8])? {
        guard let invoke = unsafe table.pointee.invoke else { return nil }
        let stride = unsafe MemoryLayout<holdfast_value>.stride + 32
        let count = stride * max(1, arguments.count)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 16)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: poison, count: count)
        var texts: [holdfast_text] = unsafe []
        defer {
            unsafe memory.deallocate()
            unsafe texts.forEach { unsafe poisonText($0) }
        }
        for (index, argument) in arguments.enumerated() {
            var value = unsafe holdfast_value(
                size: UInt32(stride), type: argument.type.rawValue, i64: 0, u64: 0, f64: 0,
                text: holdfast_text())
            switch argument {
            case .i64(let number): unsafe value.i64 = number
            case .u64(let number): unsafe value.u64 = number
            case .f64(let number): unsafe value.f64 = number
            case .bool(let flag): unsafe value.i64 = flag ? 1 : 0
            case .text(let text): unsafe value.text = kept(Array(text.utf8), &texts)
            case .bytes(let bytes): unsafe value.text = kept(bytes, &texts)
            }
            unsafe (memory + index * stride).bindMemory(to: holdfast_value.self, capacity: 1)
                .initialize(to: value)
        }
        return unsafe collecting { call, sink in
            unsafe lendText(id) { id in
                unsafe invoke(
                    store, call, id, memory, UInt32(arguments.count), UInt32(stride), sink)
            }
        }
    }

    /// Bytes that live until `texts` are poisoned.
    private func kept(_ bytes: [UInt8], _ texts: inout [holdfast_text]) -> holdfast_text {
        let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
        for (index, byte) in bytes.enumerated() {
            unsafe (memory + index).initialize(to: CChar(bitPattern: byte))
        }
        let text = unsafe holdfast_text(data: memory, size: UInt64(bytes.count))
        unsafe texts.append(text)
        return unsafe text
    }

    /// Runs a call whose result is collected.
    private func collecting(
        _ body: (UnsafePointer<holdfast_call>, UnsafePointer<holdfast_sink>) -> holdfast_status
    ) -> (holdfast_status, [UInt8]) {
        var result: [UInt8] = []
        let status = unsafe withUnsafeMutablePointer(to: &result) { result in
            let call = unsafe holdfast_call(
                size: 0, flags: 0, id: 1, deadline_ns: .max, attempt: 1, reserved: 0,
                trace_parent: holdfast_text(), idempotency_key: holdfast_text(),
                host_context: nil)
            let sink = unsafe holdfast_sink(
                size: 0, flags: 0, context: result, write: { unsafe appendBytes($0, $1, $2) })
            return unsafe lend(call, padding: 0) { call in
                unsafe lend(sink, padding: 0) { sink in unsafe body(call, sink) }
            }
        }
        return (status, result)
    }
}
