internal import CHoldfast

/// An argument of an operation, as the SDK hands it to the parameter's type.
public struct OperationValue: Sendable {
    enum Content: Sendable {
        case i64(Int64)
        case u64(UInt64)
        case f64(Double)
        case bool(Bool)
        case text(String)
        case bytes([UInt8])
    }

    let content: Content

    /// Copies an argument of the interface; `nil` when its type is not the expected one.
    init?(_ value: holdfast_value, as type: UInt32) {
        guard unsafe value.type == type else { return nil }
        switch type {
        case HOLDFAST_VALUE_I64: content = unsafe .i64(value.i64)
        case HOLDFAST_VALUE_U64: content = unsafe .u64(value.u64)
        case HOLDFAST_VALUE_F64: content = unsafe .f64(value.f64)
        case HOLDFAST_VALUE_BOOL: content = unsafe .bool(value.i64 != 0)
        case HOLDFAST_VALUE_TEXT: content = unsafe .text(String(text: value.text))
        case HOLDFAST_VALUE_BYTES: content = unsafe .bytes(Array(text: value.text))
        default: return nil
        }
    }
}

// An argument of another type never comes here: the types were compared before.

extension Int64: OperationArgument {
    /// The type `i64`.
    public static var operationType: UInt32 { HOLDFAST_VALUE_I64 }

    /// Takes a checked argument.
    public init(_ value: OperationValue?) {
        if case .i64(let number) = value?.content { self = number } else { self = 0 }
    }
}

extension UInt64: OperationArgument {
    /// The type `u64`.
    public static var operationType: UInt32 { HOLDFAST_VALUE_U64 }

    /// Takes a checked argument.
    public init(_ value: OperationValue?) {
        if case .u64(let number) = value?.content { self = number } else { self = 0 }
    }
}

extension Double: OperationArgument {
    /// The type `f64`.
    public static var operationType: UInt32 { HOLDFAST_VALUE_F64 }

    /// Takes a checked argument.
    public init(_ value: OperationValue?) {
        if case .f64(let number) = value?.content { self = number } else { self = 0 }
    }
}

extension Bool: OperationArgument {
    /// The type `bool`.
    public static var operationType: UInt32 { HOLDFAST_VALUE_BOOL }

    /// Takes a checked argument.
    public init(_ value: OperationValue?) {
        if case .bool(let flag) = value?.content { self = flag } else { self = false }
    }
}

extension String: OperationArgument {
    /// The type `text`.
    public static var operationType: UInt32 { HOLDFAST_VALUE_TEXT }

    /// Takes a checked argument.
    public init(_ value: OperationValue?) {
        if case .text(let text) = value?.content { self = text } else { self = "" }
    }
}

extension [UInt8]: OperationArgument {
    /// The type `bytes`.
    public static var operationType: UInt32 { HOLDFAST_VALUE_BYTES }

    /// Takes a checked argument.
    public init(_ value: OperationValue?) {
        if case .bytes(let bytes) = value?.content { self = bytes } else { self = [] }
    }
}
