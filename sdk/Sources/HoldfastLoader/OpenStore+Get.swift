internal import CHoldfast

extension OpenStore {
    /// Reads an object: its information, then its bytes.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - range: The part of it.
    ///   - context: The call's context.
    ///   - onInfo: Receives the information of the version whose bytes follow, once.
    ///   - onBytes: Receives the bytes in order, in pieces of any size.
    /// - Returns: Whether all bytes were delivered, or the consumer stopped.
    /// - Throws: ``DriverFailure``, or what a closure threw. The bytes are those of the range only
    ///   when this returns ``ReadOutcome/complete``.
    public func get(
        _ key: ObjectKey, _ range: ByteRange = .whole, _ context: CallContext,
        onInfo: (ObjectInfo) throws -> SinkAnswer, onBytes: (RawSpan) throws -> SinkAnswer
    ) throws -> ReadOutcome {
        // One closure for both, because each that is kept for the driver costs an allocation.
        try get(key, range, context) { piece in
            switch piece {
            case .info(let info): try onInfo(info)
            case .bytes(let bytes): try unsafe onBytes(bytes.bytes)
            }
        }
    }

    private func get(
        _ key: ObjectKey, _ range: ByteRange, _ context: CallContext,
        _ consume: (Piece) throws -> SinkAnswer
    ) throws -> ReadOutcome {
        let (handle, table) = try unsafe use(context)
        return try withoutActuallyEscaping(consume) { consume in
            var reading = Reading(range: range, consume: consume)
            let status = unsafe reading.withSinks { info, sink in
                unsafe key.withC { key in
                    var request = unsafe holdfast_get(
                        size: UInt32(MemoryLayout<holdfast_get>.size), flags: 0, key: key,
                        offset: range.offset, length: range.length)
                    return unsafe context.withC {
                        unsafe table.pointee.get(handle, $0, &request, info, sink)
                    }
                }
            }
            return try reading.finish(status, outcome("get"), context)
        }
    }
}

/// What a driver sends in a read.
@safe private enum Piece {
    case info(ObjectInfo)
    case bytes(UnsafeRawBufferPointer)
}

/// A read in flight.
private struct Reading: ~Copyable {
    let range: ByteRange
    let consume: (Piece) throws -> SinkAnswer
    /// The bytes that are still to come; `nil` before the information.
    var missing: UInt64?
    var ending: Ending?

    mutating func receive(_ info: UnsafePointer<holdfast_info>?) -> holdfast_status {
        receive { reading in
            guard reading.missing == nil else { throw Defect("gave object information twice") }
            let info = try unsafe ObjectInfo(info)
            let part = reading.range.clamped(to: info.byteCount)
            reading.missing = part.upperBound - part.lowerBound
            return try reading.consume(.info(info))
        }
    }

    mutating func receive(_ bytes: UnsafePointer<UInt8>?, _ count: UInt64) -> holdfast_status {
        receive { reading in
            guard let missing = reading.missing else {
                throw Defect("sent bytes before information")
            }
            guard count <= missing else { throw Defect("sent more bytes than the object has") }
            guard count > 0 else { return .more }
            guard let bytes = unsafe bytes else { throw Defect("sent bytes at no address") }
            reading.missing = missing - count
            let buffer = unsafe UnsafeRawBufferPointer(start: bytes, count: Int(count))
            return try unsafe reading.consume(.bytes(buffer))
        }
    }

    /// Runs one delivery; after the first that ends the call, the driver only hears that again.
    @inline(__always)
    private mutating func receive(_ body: (inout Self) throws -> SinkAnswer) -> holdfast_status {
        if let ending { return ending.status }
        do {
            if try body(&self) == .stop { ending = .stopped }
        } catch let defect as Defect {
            ending = .defect(defect)
        } catch {
            ending = .failed(error)
        }
        return ending?.status ?? HOLDFAST_OK
    }

    /// Lends the two sinks that feed this read.
    mutating func withSinks(
        _ body: (UnsafePointer<holdfast_info_sink>, UnsafePointer<holdfast_sink>) -> holdfast_status
    ) -> holdfast_status {
        unsafe withUnsafeMutablePointer(to: &self) { reading in
            var info = unsafe holdfast_info_sink(
                size: UInt32(MemoryLayout<holdfast_info_sink>.size), flags: 0, context: reading,
                info: { context, value in
                    unsafe upcall(context, Reading.self) { unsafe $0.receive(value) }
                })
            var sink = unsafe holdfast_sink(
                size: UInt32(MemoryLayout<holdfast_sink>.size), flags: 0, context: reading,
                write: { context, bytes, count in
                    unsafe upcall(context, Reading.self) { unsafe $0.receive(bytes, count) }
                })
            return unsafe body(&info, &sink)
        }
    }

    consuming func finish(
        _ status: holdfast_status, _ outcome: @autoclosure () -> CallOutcome,
        _ context: CallContext
    ) throws -> ReadOutcome {
        switch ending {
        case .stopped: return .stopped
        case .failed(let error): throw error
        case .defect(let defect): throw outcome().failure(defect)
        case nil: break
        }
        guard status == HOLDFAST_OK else { throw outcome().failure(status, context) }
        context.forgetReport()
        guard let missing else { throw outcome().failure(Defect("gave no object information")) }
        guard missing == 0 else {
            throw outcome().failure(Defect("returned success \(missing) bytes before the end"))
        }
        return .complete
    }
}
