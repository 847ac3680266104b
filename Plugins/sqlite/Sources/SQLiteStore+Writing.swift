internal import HoldfastDriver
internal import SharedDatabase

extension SQLiteStore {
    func put(
        _ request: PutRequest, from source: ObjectSource, _ call: Call
    ) throws(DriverError) -> ObjectInfo {
        if let length = source.length, length > Self.maximumByteCount {
            throw tooLarge(request.key)
        }
        try call.check()
        var intake = Intake(source, call)
        let first = try intake.next(Self.inlineByteCount)
        guard try intake.hasMore() else {
            let content = PutOperation.Content.inline(first, isText: isText(first))
            let info = try store(request, content, size: UInt64(first.count), call)
            removeLeftovers(call)
            return info
        }
        return try putLarge(request, first, &intake, call)
    }

    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(DriverError) {
        guard condition != .absent else {
            throw DriverError(.invalid, "an object cannot be removed under the condition absent")
        }
        let outcome = try writer.submit(
            RemoveOperation(key: key, condition: condition), "cannot remove \(key.shown)", call)
        if outcome.retiredUpload { removeUnneeded(call, seconds: 0.25) }
    }

    /// Writes chunk by chunk; no transaction is open while the source is waited for.
    private func putLarge(
        _ request: PutRequest, _ first: [UInt8], _ intake: inout Intake, _ call: Call
    ) throws(DriverError) -> ObjectInfo {
        try refuseEarly(request, call)
        let result: Result<ObjectInfo, DriverError>
        do throws(DriverError) {
            result = .success(
                try uploads.write { upload throws(DriverError) in
                    let count = try send(request.key, first, &intake, to: upload, call)
                    return try store(
                        request, .upload(upload, chunkCount: count), size: intake.byteCount, call)
                })
        } catch {
            result = .failure(error)
        }
        // The upload is not in use any more: either an object has it, or it goes away here.
        removeUnneeded(call, seconds: 0.25)
        shrinkLog(call)
        return try result.get()
    }

    /// Sends the source's bytes into an upload.
    ///
    /// - Returns: The number of chunks.
    func send(
        _ key: ObjectKey, _ first: [UInt8], _ intake: inout Intake, to upload: Int64, _ call: Call
    ) throws(DriverError) -> Int64 {
        var number: Int64 = 0
        var bytes = first
        while !bytes.isEmpty {
            guard intake.byteCount <= Self.maximumByteCount else { throw tooLarge(key) }
            _ = try writer.submit(
                uploads.chunk(number, of: upload, bytes), "cannot write \(key.shown)", call)
            number += 1
            // Room is made as fast as it is taken, so that overwriting does not grow the file.
            if number % 8 == 0 {
                _ = try? collect(call, patience: monotonicNanoseconds() + 20_000_000)
            }
            bytes = try intake.next(Uploads.chunkByteCount)
            try call.check()
        }
        return number
    }

    /// Refuses a write whose condition does not hold now; it is checked again when it counts.
    private func refuseEarly(_ request: PutRequest, _ call: Call) throws(DriverError) {
        guard request.condition != .none else { return }
        let row = try readers.read("cannot read \(request.key.shown)", call) {
            connection throws(SQLiteFailure) in try connection.current(request.key)
        }
        if let refusal = request.condition.refusal(of: row, request.key) { throw refusal }
    }

    private func store(
        _ request: PutRequest, _ content: PutOperation.Content, size: UInt64, _ call: Call
    ) throws(DriverError) -> ObjectInfo {
        let version = newVersion()
        let operation = PutOperation(
            key: request.key, condition: request.condition, attributes: request.attributes.json,
            version: version, size: size, content: content)
        let outcome = try writer.submit(operation, "cannot write \(request.key.shown)", call)
        if outcome.retiredUpload { removeUnneeded(call, seconds: 0.25) }
        return ObjectInfo(
            version: version, byteCount: size,
            modifiedNanoseconds: outcome.modifiedNanoseconds, attributes: request.attributes)
    }

    func tooLarge(_ key: ObjectKey) -> DriverError {
        DriverError(.tooLarge, "\(key.shown) is over the limit of 1 TiB for one object")
    }
}
