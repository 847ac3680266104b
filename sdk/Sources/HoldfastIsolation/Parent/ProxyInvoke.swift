internal import CHoldfast
internal import HoldfastLoader

// The functions of the proxy for the extension of operations.

func proxyInvoke(
    _ place: (
        store: UnsafeMutableRawPointer?, call: CallPointer, result: UnsafePointer<holdfast_sink>?
    ), _ operation: holdfast_text, _ values: UnsafeRawPointer?, _ count: UInt32, _ stride: UInt32
) -> holdfast_status {
    guard let store = unsafe object(place.store, IsolatedStore.self) else {
        return unsafe noHandle.report(place.call)
    }
    let id = unsafe operation.string
    guard let declared = store.driver.operations[id] else {
        return unsafe refusal(HOLDFAST_UNSUPPORTED, "there is no operation \(id)")
            .report(place.call)
    }
    var arguments = ArgumentList()
    do throws(Complaint) {
        unsafe try arguments.read(values, count, stride, declared.parameters)
    } catch {
        return unsafe refusal(HOLDFAST_INVALID, "\(id): \(error.text)").report(place.call)
    }
    let isWrite = declared.operation.traits & HOLDFAST_TRAIT_MUTATES != 0
    return unsafe arguments.withSource { source in
        var streams = CallStreams()
        unsafe streams.bytes = place.result
        unsafe streams.source = source
        return unsafe make(place.store, place.call, id, isWrite: isWrite, streams) {
            streams, connection in
            var request = WireOperationCall()
            request.call = unsafe WireCall(place.call)
            request.operation = id
            request.arguments = arguments.items
            request.filling = unsafe streams.begin(connection.copy)
            connection.put(request.filling, 0)
            return .operationCall(request)
        }
    }
}

private func refusal(_ status: holdfast_status, _ message: String) -> CallEnd {
    .failed(status, message)
}

/// Why a list of arguments is none.
private struct Complaint: Error { var text: String }

/// The arguments of an `invoke`, ready to be sent.
private struct ArgumentList {
    private(set) var items: [WireArgument] = []
    /// The texts and bytes, one behind the other.
    private var bytes: [UInt8] = []

    /// Reads arguments and compares them with the parameters.
    mutating func read(
        _ values: UnsafeRawPointer?, _ count: UInt32, _ stride: UInt32,
        _ parameters: [WireParameter]
    ) throws(Complaint) {
        guard Int(count) == parameters.count else {
            throw Complaint(text: "takes \(parameters.count) arguments, not \(count)")
        }
        guard let values = unsafe values else {
            guard count == 0 else { throw Complaint(text: "the arguments are at no address") }
            return
        }
        for (index, parameter) in parameters.enumerated() {
            let value = unsafe (values + index * Int(stride))
                .assumingMemoryBound(to: holdfast_value.self).pointee
            guard unsafe value.type == parameter.type else {
                throw Complaint(text: "the argument \(parameter.name) is of another type")
            }
            unsafe try add(value, parameter.name)
        }
    }

    private mutating func add(_ value: holdfast_value, _ name: String) throws(Complaint) {
        var item = WireArgument()
        item.type = unsafe value.type
        switch OperationValueType(rawValue: item.type) {
        case .i64: item.bits = unsafe UInt64(bitPattern: value.i64)
        case .u64: item.bits = unsafe value.u64
        case .f64: item.bits = unsafe value.f64.bitPattern
        case .bool: item.bits = unsafe value.i64 == 0 ? 0 : 1
        case .text, .bytes:
            item.bits = unsafe value.text.size
            guard item.bits <= UInt64(OperationValue.mostBytes - bytes.count) else {
                throw Complaint(text: "the texts and bytes have more than 64 MiB together")
            }
            unsafe bytes += value.text.buffer
        case nil: throw Complaint(text: "the argument \(name) is of no known type")
        }
        items.append(item)
    }

    /// Lends a source of the texts and bytes.
    func withSource(
        _ body: (UnsafePointer<holdfast_source>) -> holdfast_status
    ) -> holdfast_status {
        unsafe bytes.withUnsafeBytes { bytes in
            var rest = unsafe bytes
            return unsafe withUnsafeMutablePointer(to: &rest) { rest in
                var source = unsafe holdfast_source(
                    size: UInt32(MemoryLayout<holdfast_source>.size), flags: 0, context: rest,
                    length: UInt64(bytes.count),
                    read: { unsafe readRest($0, $1, $2, $3) })
                return unsafe body(&source)
            }
        }
    }
}

/// Reads from the front of the `UnsafeRawBufferPointer` that the context points to.
private func readRest(
    _ context: UnsafeMutableRawPointer?, _ buffer: UnsafeMutablePointer<UInt8>?,
    _ capacity: UInt64, _ count: UnsafeMutablePointer<UInt64>?
) -> holdfast_status {
    guard let rest = unsafe context?.assumingMemoryBound(to: UnsafeRawBufferPointer.self) else {
        return HOLDFAST_INTERNAL
    }
    let size = unsafe min(rest.pointee.count, Int(clamping: capacity))
    if size > 0, let start = unsafe rest.pointee.baseAddress, let buffer = unsafe buffer {
        unsafe UnsafeMutableRawPointer(buffer).copyMemory(from: start, byteCount: size)
    }
    unsafe rest.pointee = UnsafeRawBufferPointer(rebasing: rest.pointee.dropFirst(size))
    unsafe count?.pointee = UInt64(size)
    return HOLDFAST_OK
}
