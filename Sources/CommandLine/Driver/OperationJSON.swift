internal import FoundationEssentials
internal import Host
internal import State

extension DriverOperation {
    /// The operation as `--json` gives it.
    var json: JSONValue {
        let schema = try? JSONValue(parsing: Array(resultSchema.utf8))
        let words = Trait.allCases.filter(traits.contains).map { JSONValue.string($0.rawValue) }
        return .members([
            ("id", .string(id)), ("summary", .string(summary)), ("traits", .array(words)),
            ("parameters", parameterSchema), ("result", .string(result.rawValue)),
            ("result_schema", schema ?? .null),
        ])
    }

    /// What `--params-json` takes.
    private var parameterSchema: JSONValue {
        let required = parameters.filter { $0.defaultValue == nil }.map {
            JSONValue.string($0.name)
        }
        return .members([
            ("type", .string("object")), ("additionalProperties", .bool(false)),
            ("required", .array(required)),
            ("properties", .members(parameters.map { ($0.name, $0.schema) })),
        ])
    }
}

extension OperationParameter {
    fileprivate var schema: JSONValue {
        var members: [(String, JSONValue)] = [("description", .string(documentation))]
        switch type {
        case .i64: members.append(("type", .string("integer")))
        case .u64:
            members.append(("type", .string("integer")))
            if minimum == nil { members.append(("minimum", .integer(0))) }
        case .f64: members.append(("type", .string("number")))
        case .bool: members.append(("type", .string("boolean")))
        case .text: members.append(("type", .string("string")))
        case .bytes:
            members.append(("type", .string("string")))
            members.append(("contentEncoding", .string("base64")))
        }
        if !choices.isEmpty { members.append(("enum", .array(choices.map { .string($0) }))) }
        if let minimum { members.append(("minimum", minimum.json)) }
        if let maximum { members.append(("maximum", maximum.json)) }
        if let defaultValue { members.append(("default", defaultValue.json)) }
        return .members(members)
    }
}

extension OperationValue {
    /// The value as `--param` takes it.
    var text: String {
        switch self {
        case .i64(let number): "\(number)"
        case .u64(let number): "\(number)"
        case .f64(let number): "\(number)"
        case .bool(let flag): "\(flag)"
        case .text(let text): text
        case .bytes(let bytes): Data(bytes).base64EncodedString()
        }
    }

    /// The value as `--params-json` takes it.
    fileprivate var json: JSONValue {
        switch self {
        case .i64, .u64, .f64: .number(text)
        case .bool(let flag): .bool(flag)
        case .text, .bytes: .string(text)
        }
    }
}
