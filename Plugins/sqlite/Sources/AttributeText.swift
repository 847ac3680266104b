internal import HoldfastDriver

// Attributes are kept as one JSON object of strings, so that `sqlite3` can print and query them.

extension [Attribute] {
    /// These attributes as a JSON object.
    var json: String {
        if isEmpty { return "{}" }
        let members = map { quoted($0.name) + ":" + quoted($0.value) }
        return "{" + members.joined(separator: ",") + "}"
    }

    /// Reads a JSON object of strings; `nil` when the text is anything else.
    init?(json text: String) {
        self = []
        if text == "{}" { return }
        var parser = AttributeParser(text)
        guard parser.take("{") else { return nil }
        repeat {
            guard let name = parser.string(), parser.take(":"), let value = parser.string() else {
                return nil
            }
            append(Attribute(name: name, value: value))
        } while parser.take(",")
        guard parser.take("}"), parser.isAtEnd else { return nil }
    }
}

private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case _ where scalar.value < 0x20:
            let hex = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

/// A reader of the JSON strings (RFC 8259, section 7) in an object.
private struct AttributeParser {
    private var rest: Substring.UnicodeScalarView

    init(_ text: String) { rest = text[...].unicodeScalars }

    var isAtEnd: Bool { rest.isEmpty }

    /// Consumes `scalar`, with spaces around it, if it is next.
    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        skipSpaces()
        guard rest.first == scalar else { return false }
        rest.removeFirst()
        skipSpaces()
        return true
    }

    mutating func string() -> String? {
        guard rest.popFirst() == "\"" else { return nil }
        var result = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return String(result)
            case "\\":
                guard let escaped = escape() else { return nil }
                result.append(escaped)
            case _ where scalar.value < 0x20: return nil
            default: result.append(scalar)
            }
        }
        return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
        switch rest.popFirst() {
        case "\""?: "\""
        case "\\"?: "\\"
        case "/"?: "/"
        case "b"?: "\u{8}"
        case "f"?: "\u{c}"
        case "n"?: "\n"
        case "r"?: "\r"
        case "t"?: "\t"
        case "u"?: unicode()
        default: nil
        }
    }

    private mutating func unicode() -> Unicode.Scalar? {
        guard let first = hex() else { return nil }
        guard (0xd800..<0xdc00).contains(first) else { return Unicode.Scalar(first) }
        guard rest.popFirst() == "\\", rest.popFirst() == "u", let second = hex(),
            (0xdc00..<0xe000).contains(second)
        else { return nil }
        return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    }

    private mutating func hex() -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = rest.popFirst().flatMap({ Character($0).hexDigitValue }) else {
                return nil
            }
            value = value << 4 + UInt32(digit)
        }
        return value
    }

    private mutating func skipSpaces() {
        while let next = rest.first, next == " " || next == "\n" || next == "\t" || next == "\r" {
            rest.removeFirst()
        }
    }
}
