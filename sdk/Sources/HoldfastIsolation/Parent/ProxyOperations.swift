internal import CHoldfast
internal import HoldfastLoader

/// An operation as the driver's process declared it, not checked.
struct DeclaredByProcess: Sendable {
    var operation: WireOperation
    var parameters: [WireParameter]

    /// The types of the parameters; `nil` where one is not known.
    private var types: [OperationValueType]? {
        let types = parameters.compactMap { OperationValueType(rawValue: $0.type) }
        return types.count == parameters.count ? types : nil
    }

    /// How it is called: by `invoke`.
    var code: holdfast_code {
        guard let signature = types.map(OperationSignature.init(types:)) else {
            return unsafe holdfast_code(signature: ProxyTable.keep("?"), hash: 0, function: nil)
        }
        return unsafe holdfast_code(
            signature: ProxyTable.keep(signature.text), hash: signature.hash, function: nil)
    }
}

/// What a host sees in place of the table of operations of a driver in another process.
///
/// The loader checks it as it checks any driver's.
@safe struct ProxyOperations: Sendable {
    /// Why they are not known.
    private(set) var failure: DriverFailure?
    private var declared: [String: DeclaredByProcess] = [:]
    // SAFETY: made once, in `init`, and neither changed nor freed afterwards.
    /// The table; `nil` when the driver has none.
    private(set) nonisolated(unsafe) var table: UnsafeRawPointer?

    /// Nothing, as before the driver is started.
    init() {}

    /// Makes the table.
    init(_ all: [DeclaredByProcess], _ end: CallEnd) {
        failure = end.status == HOLDFAST_OK ? nil : DriverFailure(end)
        // Where they are not known there is a table too, so that somebody asks and hears why.
        let all = failure == nil ? all : []
        guard failure != nil || !all.isEmpty else { return }
        for item in all { declared[item.operation.id] = item }
        let items = unsafe keepAll(all.map { unsafe holdfast_operation($0) })
        let table = unsafe holdfast_operations(
            size: UInt32(MemoryLayout<holdfast_operations>.size), flags: 0, items: items,
            count: UInt32(all.count), stride: UInt32(MemoryLayout<holdfast_operation>.stride),
            invoke: { unsafe proxyInvoke(($0, $1, $6), $2, $3, $4, $5) })
        unsafe self.table = keepAll([table])
    }

    /// The operation with an id.
    subscript(id: String) -> DeclaredByProcess? { declared[id] }
}

/// Copies an array that stays for the life of the process.
private func keepAll<Item>(_ items: [Item]) -> UnsafeRawPointer? {
    guard !items.isEmpty else { return nil }
    let copy = UnsafeMutablePointer<Item>.allocate(capacity: items.count)
    for (index, item) in items.enumerated() { unsafe (copy + index).initialize(to: item) }
    return UnsafeRawPointer(copy)
}

extension holdfast_operation {
    fileprivate init(_ item: DeclaredByProcess) {
        let parameters = unsafe keepAll(item.parameters.map { unsafe holdfast_parameter($0) })
        unsafe self.init(
            size: UInt32(MemoryLayout<holdfast_operation>.size), traits: item.operation.traits,
            id: ProxyTable.keep(item.operation.id),
            summary: ProxyTable.keep(item.operation.summary), code: item.code,
            parameters: parameters, parameter_count: UInt32(item.parameters.count),
            parameter_stride: UInt32(MemoryLayout<holdfast_parameter>.stride),
            result: item.operation.result, reserved: 0,
            result_schema: ProxyTable.keep(item.operation.schema))
    }
}

extension holdfast_parameter {
    fileprivate init(_ item: WireParameter) {
        let choices = unsafe keepAll(item.choices.map { unsafe ProxyTable.keep($0.text) })
        unsafe self.init(
            size: UInt32(MemoryLayout<holdfast_parameter>.size),
            flags: item.isRequired ? HOLDFAST_PARAMETER_REQUIRED : 0,
            name: ProxyTable.keep(item.name), documentation: ProxyTable.keep(item.documentation),
            type: item.type, choice_count: UInt32(item.choices.count),
            choices: choices?.assumingMemoryBound(to: holdfast_text.self),
            default_value: ProxyTable.keep(item.defaultValue),
            minimum: ProxyTable.keep(item.minimum), maximum: ProxyTable.keep(item.maximum))
    }
}

extension DriverFailure {
    /// A failure that a driver's process or the isolation reported.
    fileprivate init(_ end: CallEnd) {
        self.init(
            Code(status: end.status), end.failure?.message ?? "its operations are not known")
    }
}
