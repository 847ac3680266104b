internal import CHoldfast

extension OpenStore {
    /// Writes a whole object, all or nothing.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - request: The condition, the attributes and the length.
    ///   - context: The call's context.
    ///   - source: Fills the front of a buffer and returns how many bytes it wrote; 0 is the end.
    /// - Returns: The information of the new version.
    /// - Throws: ``DriverFailure``, or what `source` threw. The latter only when the driver says that
    ///   nothing was applied.
    public func put(
        _ key: ObjectKey, _ request: PutRequest, _ context: CallContext,
        source: (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws -> ObjectInfo {
        let (handle, table) = try unsafe use(context)
        return try unsafe withoutActuallyEscaping(source) { source in
            var writing = unsafe Writing(source: source, length: request.length)
            let status = unsafe writing.withStreams { source, info in
                unsafe request.withC(key) { put in
                    unsafe context.withC { unsafe table.pointee.put(handle, $0, put, source, info) }
                }
            }
            return try writing.finish(status, outcome("put", isWrite: true), context)
        }
    }
}

extension PutRequest {
    fileprivate func withC(
        _ key: ObjectKey, _ body: (UnsafePointer<holdfast_put>) -> holdfast_status
    ) -> holdfast_status {
        unsafe key.withC { key in
            unsafe condition.withC { condition in
                unsafe attributes.withC { items, count in
                    var put = unsafe holdfast_put(
                        size: UInt32(MemoryLayout<holdfast_put>.size),
                        flags: isUnique ? HOLDFAST_PUT_UNIQUE : 0, key: key, condition: condition,
                        attributes: items, attribute_count: count,
                        attribute_stride: UInt32(MemoryLayout<holdfast_attribute>.stride))
                    return unsafe body(&put)
                }
            }
        }
    }
}

/// A write in flight.
@safe private struct Writing: ~Copyable {
    let source: (UnsafeMutableRawBufferPointer) throws -> Int
    let length: UInt64?
    var collected = Single<ObjectInfo>()
    /// The bytes that the driver has read.
    var count: UInt64 = 0
    var sawEnd = false
    var ending: Ending?

    init(source: @escaping (UnsafeMutableRawBufferPointer) throws -> Int, length: UInt64?) {
        unsafe self.source = source
        self.length = length
    }

    mutating func fill(
        _ buffer: UnsafeMutablePointer<UInt8>?, _ capacity: UInt64,
        _ filled: UnsafeMutablePointer<UInt64>?
    ) -> holdfast_status {
        if let ending { return ending.status }
        do {
            guard let buffer = unsafe buffer, let filled = unsafe filled, capacity > 0 else {
                throw Defect("asked the source for no bytes")
            }
            unsafe filled.pointee = 0
            guard !sawEnd else { return HOLDFAST_OK }
            let space = unsafe UnsafeMutableRawBufferPointer(
                start: buffer, count: Int(clamping: capacity))
            let taken = try unsafe source(space)
            try account(taken, space.count)
            unsafe filled.pointee = UInt64(taken)
        } catch let defect as Defect {
            ending = .defect(defect)
        } catch {
            ending = .failed(error)
        }
        return ending?.status ?? HOLDFAST_OK
    }

    /// Holds the source to its own word: a wrong length would otherwise be a wrong object.
    private mutating func account(_ taken: Int, _ capacity: Int) throws(DriverFailure) {
        guard (0...capacity).contains(taken) else {
            throw DriverFailure(.source, "the source put \(taken) bytes into \(capacity)")
        }
        count += UInt64(taken)
        sawEnd = taken == 0
        guard let length else { return }
        if count > length || sawEnd && count < length {
            throw DriverFailure(
                .source,
                "the source has \(sawEnd ? "only " : "more than ")\(sawEnd ? count : length)"
                    + " bytes, not the announced \(length)")
        }
    }

    /// Lends the source and the sink of this write.
    mutating func withStreams(
        _ body: (UnsafePointer<holdfast_source>, UnsafePointer<holdfast_info_sink>)
            -> holdfast_status
    ) -> holdfast_status {
        let length = length ?? .max
        return unsafe withUnsafeMutablePointer(to: &self) { writing in
            var source = unsafe holdfast_source(
                size: UInt32(MemoryLayout<holdfast_source>.size), flags: 0, context: writing,
                length: length,
                read: { context, buffer, capacity, count in
                    unsafe upcall(context, Writing.self) { unsafe $0.fill(buffer, capacity, count) }
                })
            var info = unsafe holdfast_info_sink(
                size: UInt32(MemoryLayout<holdfast_info_sink>.size), flags: 0, context: writing,
                info: { context, value in
                    unsafe upcall(context, Writing.self) { writing in
                        writing.collected.add { () throws(Defect) in try unsafe ObjectInfo(value) }
                    }
                })
            return unsafe body(&source, &info)
        }
    }

    consuming func finish(
        _ status: holdfast_status, _ outcome: @autoclosure () -> CallOutcome,
        _ context: CallContext
    ) throws -> ObjectInfo {
        if status != HOLDFAST_OK {
            let failure = outcome().failure(status, context)
            // What the write did matters more than why the source failed.
            guard failure.applied == .no, let ending else { throw failure }
            switch ending {
            case .failed(let error): throw error
            case .defect(let defect): throw outcome().failure(defect)
            case .stopped: throw failure
            }
        }
        context.forgetReport()
        if let defect { throw outcome().failure(defect) }
        guard let info = collected.value else {
            throw outcome().failure(Defect("gave no object information"))
        }
        return info
    }

    /// Why the driver's word that it wrote everything cannot be true.
    private var defect: Defect? {
        if case .defect(let defect) = ending { return defect }
        if ending != nil { return Defect("returned success although the source failed") }
        if let defect = collected.defect { return defect }
        guard sawEnd || count == length else {
            return Defect("returned success after only \(count) bytes of the source")
        }
        if let info = collected.value, info.byteCount != count {
            return Defect("stored \(info.byteCount) bytes of \(count)")
        }
        return nil
    }
}
