internal import CHoldfast

/// Where a read object goes: its information once, then its bytes in order.
@safe public struct ObjectSink {
    private let info: UnsafePointer<holdfast_info_sink>
    private let bytes: UnsafePointer<holdfast_sink>?

    init(info: UnsafePointer<holdfast_info_sink>, bytes: UnsafePointer<holdfast_sink>?) {
        unsafe self.info = info
        unsafe self.bytes = bytes
    }

    /// Sends the object's information.
    ///
    /// Call it exactly once, before any byte.
    ///
    /// - Parameter object: The information of the version whose bytes follow.
    /// - Throws: ``DriverError`` when the consumer is gone; pass it on unchanged.
    public func begin(_ object: ObjectInfo) throws(DriverError) {
        let status = unsafe object.withC { value in
            unsafe info.pointee.info(info.pointee.context, value)
        }
        try checkSink(status)
    }

    /// Sends bytes.
    ///
    /// - Parameter span: The next bytes, any number.
    /// - Throws: ``DriverError`` when the consumer is gone; pass it on unchanged.
    public func write(_ span: RawSpan) throws(DriverError) {
        guard let sink = unsafe bytes, !span.isEmpty else { return }
        let status = unsafe span.withUnsafeBytes { buffer in
            unsafe sink.pointee.write(
                sink.pointee.context, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self),
                UInt64(buffer.count))
        }
        try checkSink(status)
    }

    /// Sends bytes.
    ///
    /// - Parameter array: The next bytes, any number.
    /// - Throws: ``DriverError`` when the consumer is gone; pass it on unchanged.
    public func write(_ array: [UInt8]) throws(DriverError) { try unsafe write(array.span.bytes) }
}

/// Where the result of an operation goes.
@safe public struct OperationResult {
    private let sink: UnsafePointer<holdfast_sink>

    init(_ sink: UnsafePointer<holdfast_sink>) { unsafe self.sink = sink }

    /// Sends bytes.
    ///
    /// - Parameter bytes: The next bytes, any number.
    /// - Throws: ``DriverError`` when the consumer is gone; pass it on unchanged.
    public func write(_ bytes: [UInt8]) throws(DriverError) {
        guard !bytes.isEmpty else { return }
        let status = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe sink.pointee.write(
                sink.pointee.context, buffer.baseAddress, UInt64(buffer.count))
        }
        try checkSink(status)
    }

    /// Sends text.
    ///
    /// - Parameter text: The next part.
    /// - Throws: ``DriverError`` when the consumer is gone; pass it on unchanged.
    public func write(_ text: String) throws(DriverError) { try write(Array(text.utf8)) }
}

/// Where the entries of a listing go.
@safe public struct EntrySink {
    private let sink: UnsafePointer<holdfast_entry_sink>

    init(_ sink: UnsafePointer<holdfast_entry_sink>) { unsafe self.sink = sink }

    /// Sends one entry.
    ///
    /// - Parameter entry: The next entry in ascending order.
    /// - Throws: ``DriverError`` when the consumer has enough; pass it on unchanged.
    public func send(_ entry: Entry) throws(DriverError) {
        let status = unsafe entry.withC { value in
            unsafe sink.pointee.entries(
                sink.pointee.context, value, 1, UInt32(MemoryLayout<holdfast_entry>.stride))
        }
        try checkSink(status)
    }
}

/// Where the bytes of a write come from.
///
/// Read it once, front to back.
@safe public struct ObjectSource {
    private let source: UnsafePointer<holdfast_source>

    init(_ source: UnsafePointer<holdfast_source>) { unsafe self.source = source }

    /// The number of bytes, or `nil` when it is not known before the end.
    public var length: UInt64? {
        let length = unsafe source.pointee.length
        return length == .max ? nil : length
    }

    /// Reads the next bytes into the front of `buffer`.
    ///
    /// - Parameter buffer: At least one byte long; it keeps its length.
    /// - Returns: The number of bytes read; 0 at the end.
    /// - Throws: ``DriverError`` with code `source` when the source failed: drop the write and pass
    ///   the error on unchanged.
    public func read(into buffer: inout [UInt8]) throws(DriverError) -> Int {
        try unsafe buffer.withUnsafeMutableBufferPointer { space throws(DriverError) in
            try unsafe read(into: UnsafeMutableRawBufferPointer(space))
        }
    }

    /// Reads the next bytes into the front of `span`, such as memory on the stack.
    ///
    /// - Parameter span: At least one byte long.
    /// - Returns: The number of bytes read; 0 at the end.
    /// - Throws: ``DriverError`` with code `source` when the source failed: drop the write and pass
    ///   the error on unchanged.
    public func read(into span: inout MutableRawSpan) throws(DriverError) -> Int {
        try unsafe span.withUnsafeMutableBytes { space throws(DriverError) in
            try unsafe read(into: space)
        }
    }

    private func read(into space: UnsafeMutableRawBufferPointer) throws(DriverError) -> Int {
        var count: UInt64 = 0
        let start = unsafe space.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let status = unsafe source.pointee.read(
            source.pointee.context, start, UInt64(space.count), &count)
        guard status == HOLDFAST_OK else {
            throw DriverError(.source, "the source of the bytes failed")
        }
        return Int(count)
    }
}

private func checkSink(_ status: holdfast_status) throws(DriverError) {
    guard status != HOLDFAST_OK else { return }
    throw DriverError(.sinkStopped, "the consumer ended the call", vendorCode: Int64(status))
}
