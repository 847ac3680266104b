internal import FoundationEssentials
internal import HoldfastLoader

/// A parameter's argument as somebody gave it.
package struct OperationInput: Sendable, Hashable {
    /// The parameter.
    package var name: String
    /// The value: decimal, `true` or `false`, the text itself, or base64 for bytes.
    package var text: String
    /// What it is in JSON, where it came as JSON; a text of the command line may be any of them.
    package var kind: Kind?

    /// The kinds of JSON values that can be an argument.
    package enum Kind: String, Sendable {
        case string, number, boolean
    }

    /// Makes an input.
    package init(_ name: String, _ text: String, _ kind: Kind? = nil) {
        self.name = name
        self.text = text
        self.kind = kind
    }
}

extension DriverOperation {
    /// The operation with an id.
    ///
    /// - Throws: ``HostError`` with code `invalid`, which says what was perhaps meant.
    package static func find(
        _ id: String, in operations: [DriverOperation], of driver: String
    ) throws(HostError) -> DriverOperation {
        if let found = operations.first(where: { $0.id == id }) { return found }
        let ids = operations.map(\.id)
        throw HostError(
            .invalid,
            "the driver \(driver) has no operation \(shown(id))"
                + DidYouMean.hint(for: id, among: ids),
            advice: ids.isEmpty
                ? "it has no operations at all"
                : "its operations are \(ids.joined(separator: ", "))",
            driver: driver)
    }

    /// One argument for each parameter: what was given, and defaults for the rest.
    ///
    /// - Throws: ``HostError`` with code `invalid`, which names the parameter.
    package func resolve(_ inputs: [OperationInput]) throws(HostError) -> [OperationValue] {
        var given: [String: OperationInput] = [:]
        let names = parameters.map(\.name)
        for input in inputs {
            guard names.contains(input.name) else {
                throw problem(
                    "has no parameter \(shown(input.name))"
                        + DidYouMean.hint(for: input.name, among: names),
                    advice: names.isEmpty
                        ? "it takes none" : "its parameters are \(names.joined(separator: ", "))")
            }
            guard given.updateValue(input, forKey: input.name) == nil else {
                throw problem("is given the parameter \(input.name) twice")
            }
        }
        var values: [OperationValue] = []
        for parameter in parameters {
            if let input = given[parameter.name] {
                values.append(try value(of: input, parameter))
            } else if let value = parameter.defaultValue {
                values.append(value)
            } else {
                throw problem(
                    "needs the parameter \(parameter.name)", advice: parameter.documentation)
            }
        }
        return values
    }

    private func value(
        of input: OperationInput, _ parameter: OperationParameter
    ) throws(HostError) -> OperationValue {
        let text = shown(input.text)
        guard input.kind == nil || input.kind == parameter.type.inputKind else {
            throw problem(
                "takes \(parameter.type.words) as \(parameter.name), not the "
                    + "\(input.kind?.rawValue ?? "") \(text)")
        }
        guard let value = parameter.type.value(of: input.text) else {
            throw problem("takes \(parameter.type.words) as \(parameter.name), not \(text)")
        }
        if let complaint = parameter.loaders.complaint(about: .init(value)) {
            let hint = DidYouMean.hint(for: input.text, among: parameter.choices)
            throw problem("is given \(text) as \(parameter.name), which \(complaint)\(hint)")
        }
        return value
    }

    private func problem(_ what: String, advice: String = "") -> HostError {
        HostError(.invalid, "the operation \(id) \(what)", advice: advice)
    }
}

extension OperationValueType {
    /// The type in words.
    package var words: String {
        switch self {
        case .i64: "a whole number"
        case .u64: "a whole number that is not negative"
        case .f64: "a number"
        case .bool: "true or false"
        case .text: "text"
        case .bytes: "base64"
        }
    }

    fileprivate var inputKind: OperationInput.Kind {
        switch self {
        case .i64, .u64, .f64: .number
        case .bool: .boolean
        case .text, .bytes: .string
        }
    }

    fileprivate func value(of text: String) -> OperationValue? {
        guard self != .bytes else {
            return Data(base64Encoded: text).map { .bytes(Array($0)) }
        }
        return HoldfastLoader.OperationValue(text, as: .init(self)).map(OperationValue.init)
    }
}
