internal import HoldfastLoader

// Between declarations and arguments of operations, as messages and as the loader have them.

extension OperationValue {
    /// The most bytes that one call's texts and bytes may have together.
    static let mostBytes = 64 << 20

    /// How a declaration writes this value.
    var declared: String {
        switch self {
        case .bool(let flag): flag ? "true" : "false"
        case .text(let text): text
        case .i64, .u64, .f64: decimal
        case .bytes: ""
        }
    }

    /// Makes an argument that the host sent.
    ///
    /// - Parameters:
    ///   - argument: The argument.
    ///   - read: Gives the next bytes of the source.
    /// - Throws: ``DriverFailure``, with code `invalid`, or what `read` throws.
    init(_ argument: WireArgument, _ read: (Int) throws -> [UInt8]) throws {
        let type = OperationValueType(rawValue: argument.type)
        let bits = argument.bits
        switch type {
        case .i64: self = .i64(Int64(bitPattern: bits))
        case .u64: self = .u64(bits)
        case .f64: self = .f64(Double(bitPattern: bits))
        case .bool where bits <= 1: self = .bool(bits == 1)
        case .text where bits <= UInt64(Self.mostBytes):
            guard let text = String(validating: try read(Int(bits)), as: UTF8.self) else {
                throw DriverFailure(.invalid, "an argument is not UTF-8")
            }
            self = .text(text)
        case .bytes where bits <= UInt64(Self.mostBytes): self = .bytes(try read(Int(bits)))
        default: throw DriverFailure(.invalid, "an argument is of no known type")
        }
    }
}

extension WireOperation {
    init(_ operation: DriverOperation) {
        self.init()
        id = operation.id
        summary = operation.summary
        traits = operation.traits.rawValue
        result = operation.result.rawValue
        schema = operation.resultSchema
    }
}

extension WireParameter {
    init(_ parameter: OperationParameter) {
        self.init()
        name = parameter.name
        documentation = parameter.documentation
        type = parameter.type.rawValue
        isRequired = parameter.defaultValue == nil
        defaultValue = parameter.defaultValue?.declared ?? ""
        minimum = parameter.minimum?.declared ?? ""
        maximum = parameter.maximum?.declared ?? ""
        choices = parameter.choices.map { text in
            var choice = WireChoice()
            choice.text = text
            return choice
        }
    }

    /// No encoding of this parameter is longer.
    var mostBytes: Int {
        let texts = [name, documentation, defaultValue, minimum, maximum] + choices.map(\.text)
        return texts.reduce(16) { $0 + $1.utf8.count + 4 }
    }
}
