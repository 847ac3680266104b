internal import CHoldfast
internal import CHoldfastOperations

// The C table of a driver's operations, and the way from a C call to the Swift body.

/// An operation without its store's type.
struct AnyOperation: Sendable {
    let id: String
    let types: [UInt32]
    let run:
        @Sendable (any DriverStore, [OperationValue], OperationResult, Call) throws(DriverError) ->
            Void
}

/// A driver's operations behind the C table.
@safe struct OperationBridge: Sendable {
    let operations: [AnyOperation]
    /// Which operation the C function with a number belongs to.
    let numbers: [UInt32: Int]
    // SAFETY: allocated once and never changed or freed; the host reads it for the process's life.
    nonisolated(unsafe) let table: UnsafePointer<holdfast_operations>

    /// Makes the table; `nil` for a driver without operations.
    init?<Store: DriverStore>(_ declared: [Operation<Store>]) {
        guard !declared.isEmpty else { return nil }
        operations = declared.map(AnyOperation.init)
        let items = UnsafeMutablePointer<holdfast_operation>.allocate(capacity: declared.count + 1)
        guard let canary = unsafe holdfast_swift_canary() else { return nil }
        unsafe items.initialize(to: canary.load(as: holdfast_operation.self))
        var numbers: [UInt32: Int] = [:]
        for (index, operation) in declared.enumerated() {
            let code = unsafe makeCode(operation.parameters) { number in
                guard numbers[number] == nil else { return false }
                numbers[number] = index
                return true
            }
            unsafe (items + index + 1).initialize(to: operation.declaration(code))
        }
        self.numbers = numbers
        let table = UnsafeMutablePointer<holdfast_operations>.allocate(capacity: 1)
        unsafe table.initialize(
            to: holdfast_operations(
                size: UInt32(MemoryLayout<holdfast_operations>.size), flags: 0, items: items,
                count: UInt32(declared.count + 1),
                stride: UInt32(MemoryLayout<holdfast_operation>.stride),
                invoke: { unsafe bridgeInvoke($0, $1, $2, $3, $4, $5, $6) }))
        unsafe self.table = UnsafePointer(table)
    }
}

extension AnyOperation {
    fileprivate init<Store: DriverStore>(_ operation: Operation<Store>) {
        id = operation.id
        types = operation.parameters.map(\.type)
        run = { (store, values, result, call) throws(DriverError) in
            guard let store = store as? Store else {
                throw DriverError(.internalError, "the store is not one of this driver")
            }
            try operation.run(store, values, result, call)
        }
    }
}

// MARK: - Declarations

/// The code of an operation: the first free C function of its signature, or by `invoke`.
private func makeCode(
    _ parameters: [ParameterDescription], take: (UInt32) -> Bool
) -> holdfast_code {
    let types = parameters.map { signatureTypes[Int($0.type)] }
    let signature = types.map(\.name).joined(separator: ",")
    var number: UInt32 = 0
    while let address = unsafe holdfast_swift_code_at(number) {
        let code = unsafe address.load(as: holdfast_code.self)
        if unsafe String(text: code.signature) == signature, take(number) { return unsafe code }
        number += 1
    }
    let hash = types.flatMap(\.codes.utf8).reduce(0xcbf2_9ce4_8422_2325 as UInt64) { hash, code in
        (hash ^ UInt64(code)) &* 0x100_0000_01b3
    }
    return unsafe holdfast_code(signature: permanent(signature), hash: hash, function: nil)
}

/// By its number: a type's name, and what the hash takes for it.
private let signatureTypes: [(name: String, codes: String)] = [
    ("", ""), ("i64", "i"), ("u64", "u"), ("f64", "d"), ("bool", "b"), ("text", "t"),
    ("bytes", "pu"),
]

extension Operation {
    fileprivate func declaration(_ code: holdfast_code) -> holdfast_operation {
        let (kind, schema) = result.declaration
        let items = UnsafeMutablePointer<holdfast_parameter>.allocate(
            capacity: max(1, parameters.count))
        for (index, parameter) in parameters.enumerated() {
            unsafe (items + index).initialize(to: parameter.declaration)
        }
        return unsafe holdfast_operation(
            size: UInt32(MemoryLayout<holdfast_operation>.size), traits: traits.rawValue,
            id: permanent(id), summary: permanent(summary), code: code, parameters: items,
            parameter_count: UInt32(parameters.count),
            parameter_stride: UInt32(MemoryLayout<holdfast_parameter>.stride), result: kind,
            reserved: 0, result_schema: permanent(schema))
    }
}

extension OperationResultKind {
    fileprivate var declaration: (holdfast_result, String) {
        switch self {
        case .none: (HOLDFAST_RESULT_NONE, "")
        case .json(let schema): (HOLDFAST_RESULT_JSON, schema)
        case .text: (HOLDFAST_RESULT_TEXT, "")
        case .bytes: (HOLDFAST_RESULT_BYTES, "")
        }
    }
}

extension ParameterDescription {
    fileprivate var declaration: holdfast_parameter {
        let list = UnsafeMutablePointer<holdfast_text>.allocate(capacity: max(1, choices.count))
        for (index, choice) in choices.enumerated() {
            unsafe (list + index).initialize(to: permanent(choice))
        }
        return unsafe holdfast_parameter(
            size: UInt32(MemoryLayout<holdfast_parameter>.size),
            flags: defaultText == nil ? HOLDFAST_PARAMETER_REQUIRED : 0, name: permanent(name),
            documentation: permanent(summary), type: type, choice_count: UInt32(choices.count),
            choices: list, default_value: permanent(defaultText ?? ""),
            minimum: permanent(minimum), maximum: permanent(maximum))
    }
}

// MARK: - Calls

/// What the C functions of operations call.
///
/// Not for authors.
///
/// - Parameters:
///   - number: The C function's number.
///   - store: The driver's store.
///   - call: The call.
///   - value: The argument, a `holdfast_value`; `nil` when there is none.
///   - result: Where the result goes.
/// - Returns: The outcome.
@c(holdfast_swift_operation)
public func _holdfastOperation(
    _ number: UInt32, _ store: UnsafeMutableRawPointer?, _ call: UnsafeRawPointer?,
    _ value: UnsafeRawPointer?, _ result: UnsafeRawPointer?
) -> Int32 {
    guard let bridge = operationBridge, let index = bridge.numbers[number] else {
        return HOLDFAST_INVALID
    }
    let arguments = unsafe RawArguments(
        items: value, count: value == nil ? 0 : 1,
        stride: UInt32(MemoryLayout<holdfast_value>.stride))
    return unsafe perform(
        bridge.operations[index], arguments, store,
        call?.assumingMemoryBound(to: holdfast_call.self),
        result?.assumingMemoryBound(to: holdfast_sink.self))
}

private func bridgeInvoke(
    _ store: UnsafeMutableRawPointer?, _ call: UnsafePointer<holdfast_call>?, _ id: holdfast_text,
    _ items: UnsafeRawPointer?, _ count: UInt32, _ stride: UInt32,
    _ result: UnsafePointer<holdfast_sink>?
) -> holdfast_status {
    let id = unsafe String(text: id)
    let arguments = unsafe RawArguments(items: items, count: count, stride: stride)
    if id == HOLDFAST_CANARY_ID { return unsafe invokeCanary(arguments, store, call, result) }
    guard let operation = operationBridge?.operations.first(where: { $0.id == id }) else {
        return unsafe withStore(store, call) { (_, _) throws(DriverError) in
            throw DriverError(.unsupported, "the driver has no such operation")
        }
    }
    return unsafe perform(operation, arguments, store, call, result)
}

/// An array of arguments that was handed in.
@unsafe private struct RawArguments {
    var items: UnsafeRawPointer?
    var count: UInt32
    var stride: UInt32

    func item(_ index: Int) -> holdfast_value {
        guard let items = unsafe items else { return unsafe holdfast_value() }
        return unsafe (items + index * Int(stride)).load(as: holdfast_value.self)
    }

    /// Copies the arguments, which must have these types.
    func values(as types: [UInt32]) throws(DriverError) -> [OperationValue] {
        guard unsafe Int(count) == types.count else {
            throw DriverError(
                .invalid, unsafe "the operation takes \(types.count) arguments, not \(count)")
        }
        var values: [OperationValue] = []
        for (index, type) in types.enumerated() {
            guard let value = unsafe OperationValue(item(index), as: type) else {
                throw DriverError(.invalid, "argument \(index + 1) has another type")
            }
            values.append(value)
        }
        return values
    }
}

private func perform(
    _ operation: AnyOperation, _ arguments: RawArguments, _ store: UnsafeMutableRawPointer?,
    _ call: UnsafePointer<holdfast_call>?, _ result: UnsafePointer<holdfast_sink>?
) -> holdfast_status {
    guard let result = unsafe result else { return HOLDFAST_INVALID }
    return unsafe withStore(store, call) { (store, call) throws(DriverError) in
        let values = try unsafe arguments.values(as: operation.types)
        try unsafe operation.run(store, values, OperationResult(result), call)
    }
}

/// The canary by `invoke`; its function is the header's own.
private func invokeCanary(
    _ arguments: RawArguments, _ store: UnsafeMutableRawPointer?,
    _ call: UnsafePointer<holdfast_call>?, _ result: UnsafePointer<holdfast_sink>?
) -> holdfast_status {
    let checked = unsafe withStore(store, call) { (_, _) throws(DriverError) in
        _ = try unsafe arguments.values(as: Array(HOLDFAST_VALUE_I64...HOLDFAST_VALUE_BYTES))
    }
    guard checked == HOLDFAST_OK else { return checked }
    var text = unsafe arguments.item(4).text
    let bytes = unsafe arguments.item(5).text
    return unsafe holdfast_canary(
        store, call, arguments.item(0).i64, arguments.item(1).u64, arguments.item(2).f64,
        Int32(truncatingIfNeeded: arguments.item(3).i64), &text,
        UnsafeRawPointer(bytes.data)?.assumingMemoryBound(to: UInt8.self), bytes.size, result)
}
