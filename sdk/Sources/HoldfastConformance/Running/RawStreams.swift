internal import CHoldfast
internal import HoldfastLoader

/// Bytes that a raw put reads.
struct RawSource {
    let bytes: [UInt8]
    /// Whether a failure comes where the end would be.
    var isBroken = false
    var position = 0
}

/// Where a raw get sends its bytes.
struct RawSink {
    var bytes: [UInt8] = []
    /// The sink ends the call as soon as it has so many bytes; with 0 at the information.
    var stopAfter = Int.max
    /// What the sink answers then.
    var ending = HOLDFAST_STOPPED
    /// What to do with each piece.
    var onPiece: (() -> Void)?
    var isOver = false
    var callsAfterStop = 0
    var info = RawInfo()

    /// Judges what was received so far.
    mutating func answer() -> holdfast_status {
        isOver = bytes.count >= stopAfter
        return isOver ? ending : HOLDFAST_OK
    }
}

/// What a raw call reported of an object.
struct RawInfo {
    var attributes: [Attribute] = []
}

/// Where a raw listing sends its entries.
struct BatchSink {
    /// Receives the number of entries of each batch.
    let onBatch: (Int) -> holdfast_status
}

/// An entry sink's function that counts for a ``BatchSink``.
func receiveBatch(_ context: UnsafeMutableRawPointer?, _ count: UInt32) -> holdfast_status {
    guard let sink = unsafe context?.assumingMemoryBound(to: BatchSink.self) else {
        return HOLDFAST_INTERNAL
    }
    return unsafe sink.pointee.onBatch(Int(count))
}

/// Text that lives until ``poisonText(_:)``.
func keptText(_ text: String) -> holdfast_text {
    let bytes = Array(text.utf8)
    let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
    for (index, byte) in bytes.enumerated() {
        unsafe (memory + index).initialize(to: CChar(bitPattern: byte))
    }
    unsafe (memory + bytes.count).initialize(to: CChar(bitPattern: poison))
    return unsafe holdfast_text(data: memory, size: UInt64(bytes.count))
}

/// Overwrites and frees what ``keptText(_:)`` made.
func poisonText(_ text: holdfast_text) {
    guard let memory = unsafe UnsafeMutablePointer(mutating: text.data) else { return }
    unsafe memory.update(repeating: CChar(bitPattern: poison), count: Int(text.size))
    unsafe memory.deallocate()
}

/// A sink's function that appends to an array of bytes.
func appendBytes(
    _ context: UnsafeMutableRawPointer?, _ bytes: UnsafePointer<UInt8>?, _ count: UInt64
) -> holdfast_status {
    guard let context = unsafe context, let bytes = unsafe bytes else {
        return count == 0 ? HOLDFAST_OK : HOLDFAST_INTERNAL
    }
    let buffer = unsafe UnsafeBufferPointer(start: bytes, count: Int(count))
    unsafe context.assumingMemoryBound(to: [UInt8].self).pointee.append(contentsOf: buffer)
    return HOLDFAST_OK
}

/// A sink's function that fills a ``RawSink``.
func receiveBytes(
    _ context: UnsafeMutableRawPointer?, _ bytes: UnsafePointer<UInt8>?, _ count: UInt64
) -> holdfast_status {
    guard let sink = unsafe context?.assumingMemoryBound(to: RawSink.self) else {
        return HOLDFAST_INTERNAL
    }
    if unsafe sink.pointee.isOver {
        unsafe sink.pointee.callsAfterStop += 1
        return unsafe sink.pointee.ending
    }
    unsafe sink.pointee.onPiece?()
    let status = unsafe withUnsafeMutablePointer(to: &sink.pointee.bytes) { received in
        unsafe appendBytes(received, bytes, count)
    }
    return status == HOLDFAST_OK ? unsafe sink.pointee.answer() : status
}

/// An information sink's function that fills a ``RawSink``.
func receiveInfo(
    _ context: UnsafeMutableRawPointer?, _ info: UnsafePointer<holdfast_info>?
) -> holdfast_status {
    guard let sink = unsafe context?.assumingMemoryBound(to: RawSink.self) else {
        return HOLDFAST_INTERNAL
    }
    let status = unsafe withUnsafeMutablePointer(to: &sink.pointee.info) { seen in
        unsafe keepInfo(seen, info)
    }
    return status == HOLDFAST_OK ? unsafe sink.pointee.answer() : status
}

/// A source's function that gives the bytes of a ``RawSource``.
func readBytes(
    _ context: UnsafeMutableRawPointer?, _ buffer: UnsafeMutablePointer<UInt8>?,
    _ capacity: UInt64, _ filled: UnsafeMutablePointer<UInt64>?
) -> holdfast_status {
    guard let source = unsafe context?.assumingMemoryBound(to: RawSource.self),
        let buffer = unsafe buffer, let filled = unsafe filled
    else { return HOLDFAST_INTERNAL }
    let position = unsafe source.pointee.position
    let bytes = unsafe source.pointee.bytes
    let count = min(Int(clamping: capacity), bytes.count - position)
    if unsafe source.pointee.isBroken && count == 0 { return HOLDFAST_IO }
    let space = unsafe UnsafeMutableRawBufferPointer(start: buffer, count: count)
    unsafe space.copyBytes(from: bytes[position..<position + count])
    unsafe source.pointee.position = position + count
    unsafe filled.pointee = UInt64(count)
    return HOLDFAST_OK
}

/// An information sink's function that fills a ``RawInfo``.
func keepInfo(
    _ context: UnsafeMutableRawPointer?, _ info: UnsafePointer<holdfast_info>?
) -> holdfast_status {
    guard let seen = unsafe context?.assumingMemoryBound(to: RawInfo.self),
        let info = unsafe info?.pointee
    else { return HOLDFAST_INTERNAL }
    guard unsafe info.attribute_count > 0, let items = unsafe info.attributes else {
        return HOLDFAST_OK
    }
    for index in 0..<Int(unsafe info.attribute_count) {
        let place = unsafe UnsafeRawPointer(items) + index * Int(info.attribute_stride)
        let item = unsafe place.assumingMemoryBound(to: holdfast_attribute.self).pointee
        unsafe seen.pointee.attributes.append(
            Attribute(name: string(item.name), value: string(item.value)))
    }
    return HOLDFAST_OK
}

private func string(_ text: holdfast_text) -> String {
    let count = unsafe text.data == nil ? 0 : Int(text.size)
    let bytes = unsafe UnsafeRawBufferPointer(start: text.data, count: count)
    return unsafe String(decoding: bytes, as: UTF8.self)
}
