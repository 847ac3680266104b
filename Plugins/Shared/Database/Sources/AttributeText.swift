internal import HoldfastDriver

// Attributes are kept as one JSON object of strings, so that a database's own tools can print and
// query them.

extension [Attribute] {
    /// These attributes as the UTF-8 text of a JSON object.
    package var json: [UInt8] {
        var text: [UInt8] = [brace]
        for attribute in self {
            if text.count > 1 { text.append(comma) }
            quote(attribute.name, into: &text)
            text.append(colon)
            quote(attribute.value, into: &text)
        }
        text.append(closingBrace)
        return text
    }

    /// Reads a JSON object of strings; `nil` when the text is anything else.
    package init?(json text: [UInt8]) {
        self = []
        if text == [brace, closingBrace] { return }
        var parser = AttributeParser(text)
        guard parser.take(brace) else { return nil }
        repeat {
            guard let name = parser.string(), parser.take(colon), let value = parser.string() else {
                return nil
            }
            append(Attribute(name: name, value: value))
        } while parser.take(comma)
        guard parser.take(closingBrace), parser.isAtEnd else { return nil }
    }
}

private let (brace, closingBrace) = (UInt8(ascii: "{"), UInt8(ascii: "}"))
private let (comma, colon) = (UInt8(ascii: ","), UInt8(ascii: ":"))
private let (quotationMark, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))

private func quote(_ string: String, into text: inout [UInt8]) {
    text.append(quotationMark)
    defer { text.append(quotationMark) }
    let needsEscapes = string.utf8.contains {
        $0 < 0x20 || $0 == quotationMark || $0 == backslash
    }
    guard needsEscapes else { return text.append(contentsOf: string.utf8) }
    for byte in string.utf8 {
        if byte < 0x20 {
            let digits = Array("0123456789abcdef".utf8)
            text += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        } else {
            if byte == quotationMark || byte == backslash { text.append(backslash) }
            text.append(byte)
        }
    }
}

/// A reader of the JSON strings (RFC 8259, section 7) in an object.
private struct AttributeParser {
    private let text: [UInt8]
    private var position = 0

    init(_ text: [UInt8]) { self.text = text }

    var isAtEnd: Bool { position == text.count }

    private var next: UInt8? { position < text.count ? text[position] : nil }

    private mutating func pop() -> UInt8? {
        guard let next else { return nil }
        position += 1
        return next
    }

    /// Consumes `byte`, with spaces around it, if it is next.
    mutating func take(_ byte: UInt8) -> Bool {
        skipSpaces()
        guard next == byte else { return false }
        position += 1
        skipSpaces()
        return true
    }

    mutating func string() -> String? {
        guard pop() == quotationMark else { return nil }
        let start = position
        while let byte = next, byte >= 0x20, byte != quotationMark, byte != backslash {
            position += 1
        }
        if next == quotationMark {
            defer { position += 1 }
            return String(decoding: text[start..<position], as: UTF8.self)
        }
        return escapedString(from: start)
    }

    /// Goes on with a string in which something is escaped.
    private mutating func escapedString(from start: Int) -> String? {
        var result = Array(text[start..<position])
        while let byte = pop() {
            switch byte {
            case quotationMark: return String(decoding: result, as: UTF8.self)
            case backslash:
                guard let scalar = escape() else { return nil }
                result += Array(String(scalar).utf8)
            case ..<0x20: return nil
            default: result.append(byte)
            }
        }
        return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
        switch pop() {
        case UInt8(ascii: "\"")?: "\""
        case UInt8(ascii: "\\")?: "\\"
        case UInt8(ascii: "/")?: "/"
        case UInt8(ascii: "b")?: "\u{8}"
        case UInt8(ascii: "f")?: "\u{c}"
        case UInt8(ascii: "n")?: "\n"
        case UInt8(ascii: "r")?: "\r"
        case UInt8(ascii: "t")?: "\t"
        case UInt8(ascii: "u")?: unicode()
        default: nil
        }
    }

    private mutating func unicode() -> Unicode.Scalar? {
        guard let first = hex() else { return nil }
        guard (0xd800..<0xdc00).contains(first) else { return Unicode.Scalar(first) }
        guard pop() == backslash, pop() == UInt8(ascii: "u"), let second = hex(),
            (0xdc00..<0xe000).contains(second)
        else { return nil }
        return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    }

    private mutating func hex() -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = pop(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                return nil
            }
            value = value << 4 + UInt32(digit)
        }
        return value
    }

    private mutating func skipSpaces() {
        while let byte = next, [0x20, 0x0a, 0x09, 0x0d].contains(byte) { position += 1 }
    }
}
