internal import CHoldfast
internal import Synchronization

extension LoadedDriver {
    /// The operations that the driver declares.
    ///
    /// - Returns: Each with its parameters; none when the driver is not started or has none.
    /// - Throws: ``DriverFailure`` when a declaration is wrong; then none can be called.
    public func operations() throws(DriverFailure) -> [DriverOperation] {
        try preparedOperations()?.operations.map(\.operation) ?? []
    }

    /// The table, read and checked once.
    func preparedOperations() throws(DriverFailure) -> OperationTable? {
        guard let address = unsafe extensionTable(HOLDFAST_OPERATIONS_ID) else { return nil }
        if let refusal = refusal() { throw refusal }
        let result = operationTable.withLock { known in
            if let known { return known }
            let made = Result { () throws(DriverFailure) in
                do throws(Defect) {
                    return unsafe try OperationTable(address, driver: id, code: table.code)
                } catch {
                    throw CallOutcome(driver: self, function: "its operations", isWrite: false)
                        .failure(error)
                }
            }.map(Optional.some)
            known = made
            return made
        }
        return try result.get()
    }
}

extension OpenStore {
    /// The driver's own object, for what tests drivers; `nil` when the store is closed.
    ///
    /// It may be handed to functions of this driver until the store is closed.
    @unsafe public var driverObject: UnsafeMutableRawPointer? {
        unsafe try? use(CallContext()).handle
    }

    /// The operations that this store's driver declares.
    ///
    /// - Returns: Each with its parameters.
    /// - Throws: ``DriverFailure`` when a declaration is wrong; then none can be called.
    public func operations() throws(DriverFailure) -> [DriverOperation] {
        try driver.operations()
    }

    /// Calls an operation: its function through libffi, or `invoke` where it has none.
    ///
    /// - Parameters:
    ///   - id: The operation.
    ///   - arguments: One for each parameter, in their order.
    ///   - context: The call's context.
    ///   - onBytes: Receives the result in order, in pieces of any size.
    /// - Returns: Whether the whole result was delivered, or the consumer stopped.
    /// - Throws: ``DriverFailure``, with code `unsupported` for an unknown operation and `invalid`
    ///   for arguments that it does not take; or what `onBytes` threw.
    public func call(
        _ id: String, _ arguments: [OperationValue], _ context: CallContext,
        onBytes: (RawSpan) throws -> SinkAnswer
    ) throws -> ReadOutcome {
        let (handle, _) = try unsafe use(context)
        guard let table = try driver.preparedOperations(), let prepared = table.operation(id)
        else {
            throw DriverFailure(.unsupported, "the driver \(driver.id) has no operation \(id)")
        }
        try check(arguments, of: prepared.operation)
        var outcome = outcome(
            "operation", isWrite: prepared.operation.traits.contains(.mutates))
        outcome.operation = id
        let judge = outcome
        return try withoutActuallyEscaping(onBytes) { onBytes in
            var result = OperationResult(kind: prepared.operation.result, onBytes: onBytes)
            let values = OperationArguments(values: arguments)
            let status = unsafe result.withSink { sink in
                unsafe context.withC { call in
                    unsafe prepared.function != nil
                        ? values.call(prepared, handle, call, sink)
                        : invoke(table, id, values, (handle, call, sink))
                }
            }
            return try result.finish(status, judge, context)
        }
    }

    private func invoke(
        _ table: OperationTable, _ id: String, _ arguments: OperationArguments,
        _ call: (
            store: UnsafeMutableRawPointer, context: UnsafePointer<holdfast_call>,
            sink: UnsafePointer<holdfast_sink>
        )
    ) -> holdfast_status {
        guard let invoke = unsafe table.invoke else { return HOLDFAST_UNSUPPORTED }
        return unsafe id.withText { id in
            unsafe arguments.withValues { values, count, stride in
                unsafe invoke(call.store, call.context, id, values, count, stride, call.sink)
            }
        }
    }

    private func check(
        _ arguments: [OperationValue], of operation: DriverOperation
    ) throws(DriverFailure) {
        guard arguments.count == operation.parameters.count else {
            throw DriverFailure(
                .invalid,
                "\(operation.id) takes \(operation.parameters.count) arguments, not \(arguments.count)"
            )
        }
        for (parameter, argument) in zip(operation.parameters, arguments) {
            guard let complaint = parameter.complaint(about: argument) else { continue }
            throw DriverFailure(
                .invalid, "the argument \(parameter.name) of \(operation.id) \(complaint)")
        }
    }
}

/// The result of an operation in flight.
private struct OperationResult {
    let kind: DriverOperation.Result
    let onBytes: (RawSpan) throws -> SinkAnswer
    var ending: Ending?

    mutating func receive(_ bytes: UnsafePointer<UInt8>?, _ count: UInt64) -> holdfast_status {
        if let ending { return ending.status }
        guard count > 0 else { return HOLDFAST_OK }
        do {
            guard kind != .none else { throw Defect("wrote a result, which it does not declare,") }
            guard let bytes = unsafe bytes, count <= UInt64(Int.max) else {
                throw Defect("wrote a result at no address")
            }
            let buffer = unsafe UnsafeRawBufferPointer(start: bytes, count: Int(count))
            if try unsafe onBytes(buffer.bytes) == .stop { ending = .stopped }
        } catch let defect as Defect {
            ending = .defect(defect)
        } catch {
            ending = .failed(error)
        }
        return ending?.status ?? HOLDFAST_OK
    }

    mutating func withSink(
        _ body: (UnsafePointer<holdfast_sink>) -> holdfast_status
    ) -> holdfast_status {
        unsafe withUnsafeMutablePointer(to: &self) { result in
            var sink = unsafe holdfast_sink(
                size: UInt32(MemoryLayout<holdfast_sink>.size), flags: 0, context: result,
                write: { context, bytes, count in
                    unsafe upcall(context, OperationResult.self) {
                        unsafe $0.receive(bytes, count)
                    }
                })
            return unsafe body(&sink)
        }
    }

    func finish(
        _ status: holdfast_status, _ outcome: CallOutcome, _ context: CallContext
    ) throws -> ReadOutcome {
        switch ending {
        case .stopped: return .stopped
        case .failed(let error): throw error
        case .defect(let defect): throw outcome.failure(defect)
        case nil: break
        }
        try outcome.check(status, context)
        return .complete
    }
}
