internal import HoldfastLoader

// The host's words and the loader's for the operations of drivers.

extension DriverStore {
    func driverOperations() throws(HostError) -> [DriverOperation] {
        do throws(DriverFailure) {
            return try store.operations().map(DriverOperation.init)
        } catch {
            throw HostError(error, driver: store.driver.id)
        }
    }

    func callOperation(
        _ request: OperationCall, _ call: Call,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) {
        try perform(call) { context in
            _ = try store.call(
                request.operation.id, request.arguments.map(HoldfastLoader.OperationValue.init),
                context
            ) { bytes in
                try unsafe bytes.withUnsafeBytes { bytes throws(HostError) in
                    try unsafe body(bytes)
                }
                return .more
            }
        }
    }
}

extension DriverOperation {
    init(_ operation: HoldfastLoader.DriverOperation) {
        let traits: [(HoldfastLoader.DriverOperation.Traits, Trait)] = [
            (.reads, .reads), (.mutates, .mutates), (.idempotent, .idempotent),
            (.content, .content),
        ]
        let result: Result =
            switch operation.result {
            case .none: .none
            case .json: .json
            case .text: .text
            case .bytes: .bytes
            }
        self.init(
            id: operation.id, summary: operation.summary,
            parameters: operation.parameters.map(OperationParameter.init), result: result,
            resultSchema: operation.resultSchema,
            traits: Set(traits.filter { operation.traits.contains($0.0) }.map(\.1)))
    }
}

extension OperationParameter {
    init(_ parameter: HoldfastLoader.OperationParameter) {
        self.init(
            name: parameter.name, documentation: parameter.documentation,
            type: OperationValueType(parameter.type),
            defaultValue: parameter.defaultValue.map(OperationValue.init),
            choices: parameter.choices, minimum: parameter.minimum.map(OperationValue.init),
            maximum: parameter.maximum.map(OperationValue.init))
    }

    /// As the loader checks arguments with it.
    var loaders: HoldfastLoader.OperationParameter {
        .init(
            name: name, documentation: documentation, type: .init(type),
            defaultValue: defaultValue.map(HoldfastLoader.OperationValue.init), choices: choices,
            minimum: minimum.map(HoldfastLoader.OperationValue.init),
            maximum: maximum.map(HoldfastLoader.OperationValue.init))
    }
}

extension OperationValueType {
    init(_ type: HoldfastLoader.OperationValueType) {
        switch type {
        case .i64: self = .i64
        case .u64: self = .u64
        case .f64: self = .f64
        case .bool: self = .bool
        case .text: self = .text
        case .bytes: self = .bytes
        }
    }
}

extension HoldfastLoader.OperationValueType {
    init(_ type: OperationValueType) {
        switch type {
        case .i64: self = .i64
        case .u64: self = .u64
        case .f64: self = .f64
        case .bool: self = .bool
        case .text: self = .text
        case .bytes: self = .bytes
        }
    }
}

extension OperationValue {
    init(_ value: HoldfastLoader.OperationValue) {
        switch value {
        case .i64(let number): self = .i64(number)
        case .u64(let number): self = .u64(number)
        case .f64(let number): self = .f64(number)
        case .bool(let flag): self = .bool(flag)
        case .text(let text): self = .text(text)
        case .bytes(let bytes): self = .bytes(bytes)
        }
    }
}

extension HoldfastLoader.OperationValue {
    init(_ value: OperationValue) {
        switch value {
        case .i64(let number): self = .i64(number)
        case .u64(let number): self = .u64(number)
        case .f64(let number): self = .f64(number)
        case .bool(let flag): self = .bool(flag)
        case .text(let text): self = .text(text)
        case .bytes(let bytes): self = .bytes(bytes)
        }
    }
}
