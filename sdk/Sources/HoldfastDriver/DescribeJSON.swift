/// The descriptor document that `describe` writes; `docs/writing-a-driver.md` gives its schema.
func describe(_ description: DriverDescription) -> String {
    object([
        ("format", "1"),
        ("id", quoted(description.id)),
        ("version", quoted(description.version)),
        ("vendor", quoted(description.vendor)),
        ("summary", quoted(description.summary)),
        ("addressing", quoted(description.addressing.rawValue)),
        ("grace_ms", "\(description.graceMilliseconds)"),
        ("options", array(description.options.map(describe))),
        ("capabilities", array(description.capabilities.map(describe))),
    ])
}

private func describe(_ option: OptionDescription) -> String {
    var fields = [
        ("name", quoted(option.name)), ("type", quoted(option.kind.word)),
        ("summary", quoted(option.summary)), ("required", option.isRequired ? "true" : "false"),
    ]
    if let value = option.defaultValue { fields.append(("default", quoted(value))) }
    if !option.environment.isEmpty {
        fields.append(("environment", array(option.environment.map(quoted))))
    }
    if !option.flatKeys.isEmpty { fields.append(("flat_key", array(option.flatKeys.map(quoted)))) }
    switch option.kind {
    case .integer(let bounds):
        fields += [("minimum", "\(bounds.lowerBound)"), ("maximum", "\(bounds.upperBound)")]
    case .variable(let other): fields.append(("of", quoted(other)))
    case .choice(let words): fields.append(("choices", array(words.map(quoted))))
    default: break
    }
    return object(fields)
}

private func describe(_ capability: Capability) -> String {
    object([
        ("id", quoted(capability.id)), ("level", "\(capability.level.rawValue)"),
        ("limit", "\(capability.limit)"), ("note", quoted(capability.note)),
    ])
}

extension OptionDescription.Kind {
    fileprivate var word: String {
        switch self {
        case .string: "string"
        case .secret: "secret"
        case .integer: "integer"
        case .boolean: "boolean"
        case .duration: "duration"
        case .size: "size"
        case .path: "path"
        case .choice: "choice"
        case .variable: "variable"
        }
    }
}

private func object(_ fields: [(String, String)]) -> String {
    "{" + fields.map { quoted($0.0) + ":" + $0.1 }.joined(separator: ",") + "}"
}

private func array(_ items: [String]) -> String { "[" + items.joined(separator: ",") + "]" }

extension String {
    /// This text as a JSON string, quotes included, for the result of an operation.
    public var jsonLiteral: String { quoted(self) }
}

/// A JSON string (RFC 8259, section 7).
private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case _ where scalar.value < 0x20:
            let hex = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
