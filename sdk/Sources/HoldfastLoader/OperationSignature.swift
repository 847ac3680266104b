/// The parameter types of an operation, as `holdfast/operations.h` writes and hashes them.
package struct OperationSignature: Hashable {
    /// The most arguments of a function, the three around the parameters included.
    static let mostArguments = 12

    /// The types of the parameters.
    package let types: [OperationValueType]

    /// Makes the signature of parameters.
    package init(types: [OperationValueType]) { self.types = types }

    /// Reads a signature; `nil` when it is not one.
    init?(_ text: String) {
        guard !text.isEmpty else {
            types = []
            return
        }
        var types: [OperationValueType] = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let type = OperationValueType.allCases.first(where: { $0.name == name }) else {
                return nil
            }
            types.append(type)
        }
        self.types = types
    }

    /// The signature as it is written.
    package var text: String { types.map(\.name).joined(separator: ",") }

    /// The number of arguments of the function.
    var argumentCount: Int { 3 + types.reduce(0) { $0 + ($1 == .bytes ? 2 : 1) } }

    /// FNV-1a (64 bits) over a character for each argument of a parameter.
    package var hash: UInt64 {
        types.flatMap(\.codes).reduce(0xcbf2_9ce4_8422_2325) { hash, code in
            (hash ^ UInt64(code)) &* 0x100_0000_01b3
        }
    }
}

extension OperationValueType {
    /// What the hash takes for this type.
    fileprivate var codes: [UInt8] {
        switch self {
        case .i64: [UInt8(ascii: "i")]
        case .u64: [UInt8(ascii: "u")]
        case .f64: [UInt8(ascii: "d")]
        case .bool: [UInt8(ascii: "b")]
        case .text: [UInt8(ascii: "t")]
        case .bytes: [UInt8(ascii: "p"), UInt8(ascii: "u")]
        }
    }
}
