/// A type that an operation's argument can have: `Int64`, `UInt64`, `Double`, `Bool`, `String` or
/// `[UInt8]`.
public protocol OperationArgument: Sendable {
    /// The type's number in `holdfast/operations.h`.
    static var operationType: UInt32 { get }

    /// Takes an argument of this type, which the SDK has checked.
    init(_ value: OperationValue?)
}

/// A parameter of an operation.
public struct Parameter<Value: OperationArgument>: Sendable {
    let description: ParameterDescription
}

/// A parameter without its type.
struct ParameterDescription: Sendable {
    var name: String
    var summary: String
    var type: UInt32
    var defaultText: String?
    var choices: [String] = []
    var minimum = ""
    var maximum = ""
}

extension Parameter where Value == Int64 {
    /// A whole number.
    ///
    /// - Parameters:
    ///   - name: A name of `[a-z0-9_]`.
    ///   - summary: What it is for, in one sentence.
    ///   - bounds: What it may be.
    ///   - value: What it is when it is not given; `nil` when it must be given.
    /// - Returns: The parameter.
    public static func integer(
        _ name: String, _ summary: String, in bounds: ClosedRange<Int64> = .min ... .max,
        default value: Int64? = nil
    ) -> Self {
        Self(
            description: .init(
                name: name, summary: summary, type: Value.operationType,
                defaultText: value.map { "\($0)" }, minimum: "\(bounds.lowerBound)",
                maximum: "\(bounds.upperBound)"))
    }
}

extension Parameter where Value == UInt64 {
    /// A whole number that is not negative, such as a size.
    ///
    /// - Parameters:
    ///   - name: A name of `[a-z0-9_]`.
    ///   - summary: What it is for, in one sentence.
    ///   - bounds: What it may be.
    ///   - value: What it is when it is not given; `nil` when it must be given.
    /// - Returns: The parameter.
    public static func natural(
        _ name: String, _ summary: String, in bounds: ClosedRange<UInt64> = 0 ... .max,
        default value: UInt64? = nil
    ) -> Self {
        Self(
            description: .init(
                name: name, summary: summary, type: Value.operationType,
                defaultText: value.map { "\($0)" }, minimum: "\(bounds.lowerBound)",
                maximum: "\(bounds.upperBound)"))
    }
}

extension Parameter where Value == Double {
    /// A finite number.
    ///
    /// - Parameters:
    ///   - name: A name of `[a-z0-9_]`.
    ///   - summary: What it is for, in one sentence.
    ///   - value: What it is when it is not given; `nil` when it must be given.
    /// - Returns: The parameter.
    public static func number(
        _ name: String, _ summary: String, default value: Double? = nil
    ) -> Self {
        Self(
            description: .init(
                name: name, summary: summary, type: Value.operationType,
                defaultText: value.map { "\($0)" }))
    }
}

extension Parameter where Value == Bool {
    /// True or false.
    ///
    /// - Parameters:
    ///   - name: A name of `[a-z0-9_]`.
    ///   - summary: What it is for, in one sentence.
    ///   - value: What it is when it is not given; `nil` when it must be given.
    /// - Returns: The parameter.
    public static func flag(_ name: String, _ summary: String, default value: Bool? = nil) -> Self {
        Self(
            description: .init(
                name: name, summary: summary, type: Value.operationType,
                defaultText: value.map { "\($0)" }))
    }
}

extension Parameter where Value == String {
    /// Text.
    ///
    /// - Parameters:
    ///   - name: A name of `[a-z0-9_]`.
    ///   - summary: What it is for, in one sentence.
    ///   - choices: The only values; none for any text.
    ///   - value: What it is when it is not given; `nil` when it must be given.
    /// - Returns: The parameter.
    public static func text(
        _ name: String, _ summary: String, choices: [String] = [], default value: String? = nil
    ) -> Self {
        Self(
            description: .init(
                name: name, summary: summary, type: Value.operationType, defaultText: value,
                choices: choices))
    }
}

extension Parameter where Value == [UInt8] {
    /// Bytes, which must be given.
    ///
    /// - Parameters:
    ///   - name: A name of `[a-z0-9_]`.
    ///   - summary: What it is for, in one sentence.
    /// - Returns: The parameter.
    public static func bytes(_ name: String, _ summary: String) -> Self {
        Self(description: .init(name: name, summary: summary, type: Value.operationType))
    }
}
