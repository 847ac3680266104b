/// A JSON value that is written back as it was read.
///
/// Numbers keep their text and objects the order of their members, so that what another tool wrote,
/// and this one does not know, survives an edit.
package enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    /// The number's own text, which is valid JSON.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// A whole number.
    package static func integer(_ value: some BinaryInteger) -> JSONValue { .number("\(value)") }

    /// The text of a string.
    package var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The value of a number that is whole and fits.
    package func integer<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number? {
        if case .number(let text) = self { Number(text) } else { nil }
    }

    /// The value of `true` or `false`.
    package var isTrue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The elements of an array.
    package var elements: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The members of an object.
    package var members: JSONObject? {
        if case .object(let members) = self { members } else { nil }
    }
}

/// The members of a JSON object, in order.
package struct JSONObject: Sendable, Hashable {
    /// One member.
    package struct Member: Sendable, Hashable {
        /// The name.
        package var name: String
        /// The value.
        package var value: JSONValue
    }

    /// The members as they were read.
    ///
    /// A name may stand twice; the last one counts.
    package private(set) var all: [Member] = []

    /// Makes an object without members.
    package init() {}

    /// Makes an object with `members`.
    package init(_ members: [(String, JSONValue)]) {
        all = members.map { Member(name: $0.0, value: $0.1) }
    }

    /// The value of a member.
    ///
    /// Setting replaces it in its place, or adds it at the end.
    package subscript(name: String) -> JSONValue? {
        get { all.last { $0.name == name }?.value }
        set {
            guard let newValue else {
                all.removeAll { $0.name == name }
                return
            }
            if let index = all.lastIndex(where: { $0.name == name }) {
                all[index].value = newValue
            } else {
                append(name, newValue)
            }
        }
    }

    /// Adds a member at the end, also when its name is there already.
    package mutating func append(_ name: String, _ value: JSONValue) {
        all.append(Member(name: name, value: value))
    }

    /// The same members with other values.
    package func mapValues(_ change: (Member) -> JSONValue) -> JSONObject {
        var result = JSONObject()
        result.all = all.map { Member(name: $0.name, value: change($0)) }
        return result
    }
}

// MARK: - Writing

extension JSONValue {
    /// The value as UTF-8 without white space.
    package var bytes: [UInt8] {
        var output: [UInt8] = []
        write(to: &output)
        return output
    }

    private func write(to output: inout [UInt8]) {
        switch self {
        case .null: output += "null".utf8
        case .bool(let value): output += (value ? "true" : "false").utf8
        case .number(let text): output += text.utf8
        case .string(let text): Self.write(text, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                element.write(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let object):
            output.append(UInt8(ascii: "{"))
            for (index, member) in object.all.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                Self.write(member.name, to: &output)
                output.append(UInt8(ascii: ":"))
                member.value.write(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to output: inout [UInt8]) {
        let hexadecimal = Array("0123456789abcdef".utf8)
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), byte]
            case 0x0A: output += "\\n".utf8
            case 0x0D: output += "\\r".utf8
            case 0x09: output += "\\t".utf8
            case 0x08: output += "\\b".utf8
            case 0x0C: output += "\\f".utf8
            case 0..<0x20:
                output += "\\u00".utf8
                output += [hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
