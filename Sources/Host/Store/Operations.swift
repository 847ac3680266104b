/// A verb of a driver's own, such as `sqlite.vacuum`.
package struct DriverOperation: Sendable, Hashable {
    /// What the result is.
    package enum Result: String, Sendable {
        case none, json, text, bytes
    }

    /// What a caller and a layer must know.
    package enum Trait: String, Sendable, CaseIterable {
        /// It looks at what is stored.
        case reads
        /// It changes what is stored, or how.
        case mutates
        /// A repeat is harmless.
        case idempotent
        /// Its arguments or its result hold objects' bytes.
        case content
    }

    /// The id.
    package var id: String
    /// What it does, in one sentence.
    package var summary: String
    /// Its parameters, in the order of the arguments.
    package var parameters: [OperationParameter]
    /// What the result is.
    package var result: Result
    /// The JSON schema of a JSON result, or empty.
    package var resultSchema: String
    /// What a caller and a layer must know.
    package var traits: Set<Trait>

    /// Makes an operation.
    package init(
        id: String, summary: String, parameters: [OperationParameter] = [], result: Result = .none,
        resultSchema: String = "", traits: Set<Trait> = []
    ) {
        self.id = id
        self.summary = summary
        self.parameters = parameters
        self.result = result
        self.resultSchema = resultSchema
        self.traits = traits
    }

    /// Whether a failed call may be made again.
    var isIdempotent: Bool { traits.contains(.idempotent) }
}

/// A parameter of an operation.
package struct OperationParameter: Sendable, Hashable {
    /// The name.
    package var name: String
    /// What it is for, in one sentence.
    package var documentation: String
    /// The type.
    package var type: OperationValueType
    /// What it is where none is given; `nil` when one must be given.
    package var defaultValue: OperationValue?
    /// The only values of a text; empty when any will do.
    package var choices: [String]
    /// The least number, in decimal; `nil` for none.
    package var minimum: OperationValue?
    /// The greatest number; `nil` for none.
    package var maximum: OperationValue?

    /// Makes a parameter.
    package init(
        name: String, documentation: String = "", type: OperationValueType,
        defaultValue: OperationValue? = nil, choices: [String] = [],
        minimum: OperationValue? = nil, maximum: OperationValue? = nil
    ) {
        self.name = name
        self.documentation = documentation
        self.type = type
        self.defaultValue = defaultValue
        self.choices = choices
        self.minimum = minimum
        self.maximum = maximum
    }
}

/// The type of an operation's argument.
package enum OperationValueType: String, Sendable, CaseIterable {
    case i64, u64, f64, bool, text, bytes
}

/// An argument of an operation.
package enum OperationValue: Sendable, Hashable {
    case i64(Int64)
    case u64(UInt64)
    case f64(Double)
    case bool(Bool)
    case text(String)
    case bytes([UInt8])

    /// The type.
    package var type: OperationValueType {
        switch self {
        case .i64: .i64
        case .u64: .u64
        case .f64: .f64
        case .bool: .bool
        case .text: .text
        case .bytes: .bytes
        }
    }
}

/// One call of an operation as it passes through the layers.
package struct OperationCall: Sendable {
    /// The operation.
    package var operation: DriverOperation
    /// One for each parameter, in their order.
    package var arguments: [OperationValue]

    /// Makes a call.
    package init(_ operation: DriverOperation, _ arguments: [OperationValue] = []) {
        self.operation = operation
        self.arguments = arguments
    }
}

extension StoreOperations {
    /// No operations of its own.
    package func driverOperations() throws(HostError) -> [DriverOperation] { [] }

    /// No operation is known.
    package func callOperation(
        _ request: OperationCall, _ call: Call,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) {
        throw HostError(.unsupported, "the store has no operation \(request.operation.id)")
    }
}

extension Store {
    /// The operations that the store's driver declares.
    ///
    /// - Throws: ``HostError`` when a declaration is wrong.
    package func driverOperations() throws(HostError) -> [DriverOperation] {
        try located(nil) { () throws(HostError) in try operations.driverOperations() }
    }

    /// Calls an operation of the driver; `body` receives the result's bytes in order.
    ///
    /// - Throws: ``HostError``. An error of `body` is rethrown as it is.
    package func callOperation(
        _ request: OperationCall, _ call: Call,
        body: (UnsafeRawBufferPointer) throws(HostError) -> Void
    ) throws(HostError) {
        // What the consumer threw leaves unchanged, whatever the driver makes of it.
        var consumerError: HostError?
        do throws(HostError) {
            try unsafe operations.callOperation(
                request, call,
                body: { bytes throws(HostError) in
                    do throws(HostError) { try unsafe body(bytes) } catch {
                        consumerError = error
                        throw error
                    }
                })
        } catch {
            throw consumerError ?? located(error, nil)
        }
        if let consumerError { throw consumerError }
    }
}
