/// A JSON document (RFC 8259), as descriptors and options files hold one.
enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Reads a whole document.
    ///
    /// - Parameter bytes: UTF-8 text.
    /// - Throws: ``CheckFailure`` that says what is wrong at which byte.
    init(_ bytes: [UInt8]) throws(CheckFailure) {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw CheckFailure("it is not UTF-8")
        }
        var reader = JSONReader(bytes: bytes)
        self = try reader.document()
    }

    /// The text of a string.
    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// A number without fraction or exponent.
    var integer: Int64? {
        guard case .number(let text) = self else { return nil }
        return Int64(text)
    }

    /// The elements of an array.
    var elements: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The members of an object.
    var members: [String: JSONValue]? {
        guard case .object(let members) = self else { return nil }
        return members
    }
}

private struct JSONReader {
    let bytes: [UInt8]
    var position = 0

    mutating func document() throws(CheckFailure) -> JSONValue {
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw wrong("more follows the document") }
        return value
    }

    private func wrong(_ what: String) -> CheckFailure {
        CheckFailure("it is not JSON: \(what) at byte \(position)")
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) {
            position += 1
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else {
            return false
        }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(CheckFailure) -> JSONValue {
        guard depth < 32 else { throw wrong("it is nested too deeply") }
        if take("{") { return try object(depth) }
        if take("[") { return try array(depth) }
        if take("\"") { return .string(try string()) }
        let start = position
        while position < bytes.count, isWord(bytes[position]) { position += 1 }
        let word = String(decoding: bytes[start..<position], as: UTF8.self)
        switch word {
        case "null": return .null
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default:
            position = start
            guard isNumber(word) else { throw wrong("a value is expected") }
            position += word.utf8.count
            return .number(word)
        }
    }

    private func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }

    private func isNumber(_ word: String) -> Bool {
        let digits = word.drop { $0 == "-" }
        guard let first = digits.first, first.isNumber, Double(word) != nil else { return false }
        let whole = digits.prefix { $0.isNumber }
        return whole.count == 1 || first != "0"
    }

    private mutating func object(_ depth: Int) throws(CheckFailure) -> JSONValue {
        var members: [String: JSONValue] = [:]
        if take("}") { return .object(members) }
        repeat {
            guard take("\"") else { throw wrong("a name is expected") }
            let name = try string()
            guard take(":") else { throw wrong("a colon is expected") }
            guard members.updateValue(try value(depth: depth + 1), forKey: name) == nil else {
                throw wrong("\"\(name)\" is there twice")
            }
        } while take(",")
        guard take("}") else { throw wrong("the end of an object is expected") }
        return .object(members)
    }

    private mutating func array(_ depth: Int) throws(CheckFailure) -> JSONValue {
        var elements: [JSONValue] = []
        if take("]") { return .array(elements) }
        repeat { elements.append(try value(depth: depth + 1)) } while take(",")
        guard take("]") else { throw wrong("the end of an array is expected") }
        return .array(elements)
    }

    private mutating func string() throws(CheckFailure) -> String {
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text.append(contentsOf: Array(try escape().utf8))
            case 0..<0x20: throw wrong("a control character")
            default: text.append(byte)
            }
        }
        throw wrong("a string does not end")
    }

    private mutating func escape() throws(CheckFailure) -> String {
        guard position < bytes.count else { throw wrong("an escape does not end") }
        let byte = bytes[position]
        position += 1
        let simple: [UInt8: String] = [
            UInt8(ascii: "n"): "\n", UInt8(ascii: "t"): "\t", UInt8(ascii: "r"): "\r",
            UInt8(ascii: "b"): "\u{8}", UInt8(ascii: "f"): "\u{c}", UInt8(ascii: "\""): "\"",
            UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/",
        ]
        if let text = simple[byte] { return text }
        guard byte == UInt8(ascii: "u") else { throw wrong("an unknown escape") }
        let first = try hexadecimal()
        guard UTF16.isLeadSurrogate(first) else {
            guard let scalar = Unicode.Scalar(first) else { throw wrong("half a character") }
            return String(Character(scalar))
        }
        let hasSecond = bytes[position...].starts(with: Array("\\u".utf8))
        position += hasSecond ? 2 : 0
        let second = hasSecond ? try hexadecimal() : 0
        guard UTF16.isTrailSurrogate(second) else { throw wrong("half a character") }
        return String(decoding: [first, second], as: UTF16.self)
    }

    private mutating func hexadecimal() throws(CheckFailure) -> UInt16 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4,
            let number = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw wrong("four hexadecimal digits are expected") }
        position += 4
        return number
    }
}
