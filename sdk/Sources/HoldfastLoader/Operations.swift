/// A verb of a driver's own, as `holdfast/operations.h` describes it, checked.
public struct DriverOperation: Sendable, Hashable {
    /// What the result is.
    public enum Result: UInt32, Sendable, CaseIterable {
        /// There is none.
        case none = 0
        /// One JSON document.
        case json = 1
        /// UTF-8.
        case text = 2
        /// Anything.
        case bytes = 3
    }

    /// What a caller and a layer must know.
    public struct Traits: OptionSet, Sendable, Hashable {
        /// The bits of `HOLDFAST_TRAIT_…`.
        public let rawValue: UInt32

        /// Makes traits from their bits.
        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// It looks at what is stored.
        public static let reads = Self(rawValue: 1)
        /// It changes what is stored, or how.
        public static let mutates = Self(rawValue: 2)
        /// A repeat is harmless.
        public static let idempotent = Self(rawValue: 4)
        /// Its arguments or its result hold objects' bytes.
        public static let content = Self(rawValue: 8)

        /// All that this host knows.
        static let known: Self = [.reads, .mutates, .idempotent, .content]
    }

    /// The id, such as `sqlite.vacuum`.
    public var id: String
    /// What it does, in one sentence.
    public var summary: String
    /// Its parameters, in the order of the signature.
    public var parameters: [OperationParameter]
    /// What the result is.
    public var result: Result
    /// The JSON schema of a JSON result, or empty.
    public var resultSchema: String
    /// What a caller and a layer must know.
    public var traits: Traits
    /// Whether the driver gave a function for it, rather than only `invoke`.
    public var hasFunction: Bool

    /// The id of the operation that every driver with operations has.
    public static let canary = "holdfast.canary"

    /// The types of the parameters, as the header writes them.
    public var signature: String { OperationSignature(types: parameters.map(\.type)).text }
}

/// The type of an argument.
public enum OperationValueType: UInt32, Sendable, CaseIterable {
    /// `int64_t`.
    case i64 = 1
    /// `uint64_t`.
    case u64 = 2
    /// `double`, finite.
    case f64 = 3
    /// `int32_t`, 0 or 1.
    case bool = 4
    /// UTF-8.
    case text = 5
    /// Bytes.
    case bytes = 6

    /// The type's name in a signature.
    public var name: String { "\(self)" }
}

/// An argument of an operation.
public enum OperationValue: Sendable, Hashable {
    /// A number with a sign.
    case i64(Int64)
    /// A number without one.
    case u64(UInt64)
    /// A finite number.
    case f64(Double)
    /// True or false.
    case bool(Bool)
    /// UTF-8.
    case text(String)
    /// Bytes.
    case bytes([UInt8])

    /// The type.
    public var type: OperationValueType {
        switch self {
        case .i64: .i64
        case .u64: .u64
        case .f64: .f64
        case .bool: .bool
        case .text: .text
        case .bytes: .bytes
        }
    }

    /// Reads a value as the command line and a descriptor write it.
    ///
    /// - Parameters:
    ///   - text: A decimal number, `true` or `false`, the text itself, or nothing for no bytes.
    ///   - type: What it should be; `nil` comes out when it is not.
    public init?(_ text: String, as type: OperationValueType) {
        switch type {
        case .i64:
            guard let number = Int64(text) else { return nil }
            self = .i64(number)
        case .u64:
            guard let number = UInt64(text) else { return nil }
            self = .u64(number)
        case .f64:
            guard let number = Double(text), number.isFinite else { return nil }
            self = .f64(number)
        case .bool:
            guard text == "true" || text == "false" else { return nil }
            self = .bool(text == "true")
        case .text: self = .text(text)
        case .bytes:
            guard text.isEmpty else { return nil }
            self = .bytes([])
        }
    }

    /// Whether this number is less than another of its type.
    func isLess(than other: Self) -> Bool {
        switch (self, other) {
        case (.i64(let own), .i64(let other)): own < other
        case (.u64(let own), .u64(let other)): own < other
        case (.f64(let own), .f64(let other)): own < other
        default: false
        }
    }

    /// A number in decimal, for messages; empty for what is not a number.
    public var decimal: String {
        switch self {
        case .i64(let number): "\(number)"
        case .u64(let number): "\(number)"
        case .f64(let number): "\(number)"
        default: ""
        }
    }
}

/// A parameter of an operation.
public struct OperationParameter: Sendable, Hashable {
    /// The name.
    public var name: String
    /// What it is for, in one sentence.
    public var documentation: String
    /// The type.
    public var type: OperationValueType
    /// What it is where none is given; `nil` when one must be given.
    public var defaultValue: OperationValue?
    /// The only values of a text; empty when any will do.
    public var choices: [String]
    /// The least number; `nil` for none.
    public var minimum: OperationValue?
    /// The greatest number; `nil` for none.
    public var maximum: OperationValue?

    /// Makes a parameter.
    public init(
        name: String, documentation: String, type: OperationValueType,
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

    /// Says why a value cannot be this parameter's argument.
    ///
    /// - Parameter value: The value.
    /// - Returns: Words that follow the parameter's name, or `nil` when it can.
    public func complaint(about value: OperationValue) -> String? {
        guard value.type == type else { return "must be of type \(type.name)" }
        if case .f64(let number) = value, !number.isFinite { return "must be a finite number" }
        if let minimum, value.isLess(than: minimum) { return "must be at least \(minimum.decimal)" }
        if let maximum, maximum.isLess(than: value) { return "must be at most \(maximum.decimal)" }
        if case .text(let text) = value, !choices.isEmpty, !choices.contains(text) {
            return "must be one of \(choices.joined(separator: ", "))"
        }
        return nil
    }
}
