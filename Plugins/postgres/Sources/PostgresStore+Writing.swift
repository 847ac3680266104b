internal import HoldfastDriver

extension PostgresStore {
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
            let object = NewObject(request, .inline(first), size: UInt64(first.count))
            return try store(object, request.condition, call)
        }
        try refuseEarly(request, call)
        let upload = try send(request.key, first, &intake, call)
        let object = NewObject(request, .upload(upload), size: intake.byteCount)
        do throws(DriverError) {
            let info = try store(object, request.condition, call)
            collectUploads(call, seconds: 0.25)
            return info
        } catch {
            if error.applied == .no { abandon(upload, call) }
            throw error
        }
    }

    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(DriverError) {
        let wanted: Parameter
        switch condition {
        case .none: wanted = .null
        case .version(let version): wanted = version.parameter
        case .absent:
            throw DriverError(.invalid, "an object cannot be removed under the condition absent")
        }
        let statement = statements.remove(key.table, condition.wanted, strict: false)
        let rows = try pool.run(
            [Step(statement, key.parameters + [wanted])], isWrite: true, call,
            "cannot remove \(key.shown)")[0]
        guard rows.count == 1, rows.flag(0, 0) else { throw condition.refusal(key, rows) }
        announce(rows.flag(0, 4), call)
    }

    /// Writes the row, with the bytes or what leads to them.
    private func store(
        _ object: NewObject, _ condition: Condition, _ call: Call
    ) throws(DriverError) -> ObjectInfo {
        let rows = try write(object, condition, call)
        guard rows.count == 1, rows.flag(0, 0) else {
            if object.isUpload, rows.count == 1, !rows.flag(0, 3) {
                throw removedUpload(object.key)
            }
            throw condition.refusal(object.key, rows)
        }
        announce(rows.flag(0, 4), call)
        return object.info(modified: rows.time(0, 1))
    }

    /// Writes; a second time without JSON beside the bytes when PostgreSQL cannot read it as such.
    private func write(
        _ object: NewObject, _ condition: Condition, _ call: Call
    ) throws(DriverError) -> Rows {
        let statement = statements.put(
            object.key.table, condition.wanted, claims: object.isUpload, strict: false)
        var isLegible = true
        while true {
            let step = Step(statement, object.parameters(condition, isLegible: isLegible))
            do throws(PostgresFailure) {
                return try pool.attempt([step], isWrite: true, call)[0]
            } catch {
                guard isLegible, object.isRefusedAsJSON(by: error) else {
                    throw error.located(
                        "cannot write \(object.key.shown)", pool.settings, call, isWrite: true)
                }
                isLegible = false
            }
        }
    }

    // MARK: - Large objects

    /// Sends the source's bytes into an upload, chunk by chunk; no transaction is open while the source
    /// is waited for.
    ///
    /// - Returns: The upload.
    func send(
        _ key: ObjectKey, _ first: [UInt8], _ intake: inout Intake, _ call: Call
    ) throws(DriverError) -> Int64 {
        let upload = Int64.random(in: 1 ... .max)
        let begin = Step(uploads.begin, [.number(upload)] + key.parameters)
        _ = try sendPart([begin], key, call)
        do throws(DriverError) {
            var number: Int64 = 0
            var bytes = first
            while !bytes.isEmpty {
                guard intake.byteCount <= Self.maximumByteCount else { throw tooLarge(key) }
                let step = Step(uploads.add, [.number(upload), .number(number), .bytes(bytes)])
                guard try sendPart([step], key, call).count == 1 else { throw removedUpload(key) }
                number += 1
                bytes = try intake.next(Uploads.chunkByteCount)
                try call.check()
            }
        } catch {
            abandon(upload, call)
            throw error
        }
        return upload
    }

    /// Writes a part that nobody sees yet: whether it arrived does not matter when the call fails.
    private func sendPart(
        _ steps: [Step], _ key: ObjectKey, _ call: Call
    ) throws(DriverError) -> Rows {
        do throws(PostgresFailure) {
            return try pool.attempt(steps, isWrite: true, call)[0]
        } catch {
            throw error.located("cannot write \(key.shown)", pool.settings, call, isWrite: false)
        }
    }

    /// Gives up an upload; when that fails it is found later, by its age.
    func abandon(_ upload: Int64, _ call: Call) {
        guard !call.isOver else { return }
        _ = try? pool.run([Step(uploads.abandon, [.number(upload)])], isWrite: true, call, "")
        collectUploads(call, seconds: 0.25)
    }

    /// Refuses a write whose condition does not hold now; it is checked again when it counts.
    func refuseEarly(_ request: PutRequest, _ call: Call) throws(DriverError) {
        guard request.condition != .none else { return }
        let key = request.key
        let step = Step(statements.head(key.table), key.parameters)
        let rows = try pool.run([step], call, "cannot read \(key.shown)")[0]
        let current = rows.count == 1 ? Version(token: rows.bytes(0, 0)) : nil
        if request.condition.isRefused(by: current) {
            throw request.condition.refusal(key, current: current)
        }
    }

    /// The error for an object over the limit.
    func tooLarge(_ key: ObjectKey) -> DriverError {
        DriverError(.tooLarge, "\(key.shown) is over the limit of 1 TiB for one object")
    }
}

extension Condition {
    /// Which statement judges it.
    var wanted: Statements.Wanted {
        switch self {
        case .none: .nothing
        case .absent: .absent
        case .version: .version
        }
    }

    /// Whether a write is refused when the object is as it is.
    func isRefused(by current: Version?) -> Bool {
        switch self {
        case .none: false
        case .absent: current != nil
        case .version(let wanted): current != wanted
        }
    }

    /// The error for a statement that changed nothing.
    func refusal(_ key: ObjectKey, _ rows: Rows) -> DriverError {
        let isKnown = rows.count == 1 && !rows.isNull(0, 2)
        return refusal(key, current: isKnown ? Version(token: rows.bytes(0, 2)) : nil)
    }

    /// The error when the object has the version `current`, or does not exist.
    func refusal(_ key: ObjectKey, current: Version?) -> DriverError {
        // What was read is a moment older than what was judged: somebody was faster in between.
        let isStale = !isRefused(by: current)
        let reason =
            isStale || self == .absent
            ? "it was changed" : current == nil ? "it does not exist" : "it has another version"
        return DriverError(
            .condition,
            "the condition on \(key.shown) does not hold: "
                + (self == .absent ? "it exists" : reason),
            currentVersion: isStale ? nil : current)
    }
}

/// The error for a writer that was silent for so long that its upload was collected.
func removedUpload(_ key: ObjectKey) -> DriverError {
    DriverError(
        .conflict, "the upload of \(key.shown) was removed before it was complete",
        retry: .same(afterNanoseconds: 0))
}
