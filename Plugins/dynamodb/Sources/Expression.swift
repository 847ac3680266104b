internal import HoldfastDriver
internal import SharedJSON

/// A condition on an item, with the names and values that it uses.
///
/// Every name goes through a placeholder: many plain words are reserved.
struct Expression {
    private(set) var text: String
    private(set) var names: [String: JSONValue]
    private(set) var values: [String: JSONValue]

    /// The attribute is there.
    static func isPresent(_ name: String) -> Expression {
        Expression(text: "attribute_exists(#\(name))", names: placeholder(name), values: [:])
    }

    /// The attribute is not there.
    static func isMissing(_ name: String) -> Expression {
        Expression(text: "attribute_not_exists(#\(name))", names: placeholder(name), values: [:])
    }

    /// The attribute has this value.
    static func equals(_ name: String, _ value: JSONValue) -> Expression {
        Expression(
            text: "#\(name) = :\(name)", names: placeholder(name), values: [":\(name)": value])
    }

    /// No item has the key.
    static let isNoItem = isMissing("pk")

    /// The item's object has this version.
    static func isVersion(_ version: Version) -> Expression {
        equals("version", .object(["S": .string(String(decoding: version.token, as: UTF8.self))]))
    }

    /// This condition and another one on other attributes.
    func and(_ other: Expression) -> Expression {
        Expression(
            text: "\(text) AND \(other.text)", names: names.merging(other.names) { $1 },
            values: values.merging(other.values) { $1 })
    }

    /// The members of a request that has this condition.
    var members: [String: JSONValue] {
        var members: [String: JSONValue] = [
            "ConditionExpression": .string(text), "ExpressionAttributeNames": .object(names),
            "ReturnValuesOnConditionCheckFailure": .string("ALL_OLD"),
        ]
        // An empty map is an error to the service.
        if !values.isEmpty { members["ExpressionAttributeValues"] = .object(values) }
        return members
    }

    private static func placeholder(_ name: String) -> [String: JSONValue] {
        ["#\(name)": .string(name)]
    }
}

/// The members of a request that reads only some attributes.
func projection(_ names: [String]) -> [String: JSONValue] {
    let placeholders = names.map { ("#\($0)", JSONValue.string($0)) }
    return [
        "ProjectionExpression": .string(names.map { "#\($0)" }.joined(separator: ",")),
        "ExpressionAttributeNames": .object(Dictionary(uniqueKeysWithValues: placeholders)),
    ]
}
