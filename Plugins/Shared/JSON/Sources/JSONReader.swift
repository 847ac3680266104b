extension JSONValue {
    /// Reads a whole document of at most 64 levels; its size is for the caller to limit.
    ///
    /// - Parameter bytes: UTF-8 text.
    /// - Throws: ``JSONError``.
    public init(_ bytes: [UInt8]) throws(JSONError) {
        guard (try? UTF8Span(validating: bytes.span)) != nil else {
            throw JSONError(message: "it is not UTF-8")
        }
        var reader = JSONReader(bytes: bytes)
        self = try reader.document()
    }
}

private struct JSONReader {
    private static let deepest = 64

    let bytes: [UInt8]
    var position = 0

    mutating func document() throws(JSONError) -> JSONValue {
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw wrong("more follows the document") }
        return value
    }

    private func wrong(_ what: String) -> JSONError {
        JSONError(message: "it is not JSON: \(what) at byte \(position)")
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
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

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        guard depth < Self.deepest else { throw wrong("it is nested too deeply") }
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
            guard isNumber(bytes[start..<position]) else {
                position = start
                throw wrong("a value is expected")
            }
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

    private func isNumber(_ word: ArraySlice<UInt8>) -> Bool {
        var rest = word
        func isDigit(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        func digits() -> Int {
            let count = rest.prefix(while: isDigit).count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let isZero = rest.first == UInt8(ascii: "0")
        let whole = digits()
        guard whole == 1 || whole > 1 && !isZero else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
                rest = rest.dropFirst()
            }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    private mutating func object(_ depth: Int) throws(JSONError) -> JSONValue {
        var members: [String: JSONValue] = [:]
        if take("}") { return .object(members) }
        repeat {
            guard take("\"") else { throw wrong("a name is expected") }
            let name = try string()
            guard take(":") else { throw wrong("a colon is expected") }
            guard members.updateValue(try value(depth: depth + 1), forKey: name) == nil else {
                throw wrong("a name is there twice")
            }
        } while take(",")
        guard take("}") else { throw wrong("the end of an object is expected") }
        return .object(members)
    }

    private mutating func array(_ depth: Int) throws(JSONError) -> JSONValue {
        var elements: [JSONValue] = []
        if take("]") { return .array(elements) }
        repeat { elements.append(try value(depth: depth + 1)) } while take(",")
        guard take("]") else { throw wrong("the end of an array is expected") }
        return .array(elements)
    }

    private mutating func string() throws(JSONError) -> String {
        var text: [UInt8] = []
        var start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                // Without escapes nothing is copied twice.
                if text.isEmpty {
                    return String(decoding: bytes[start..<position - 1], as: UTF8.self)
                }
                text += bytes[start..<position - 1]
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                text += bytes[start..<position]
                position += 1
                text.append(contentsOf: String(try escape()).utf8)
                start = position
            case 0..<0x20: throw wrong("a control character")
            default: position += 1
            }
        }
        throw wrong("a string does not end")
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        guard position < bytes.count else { throw wrong("an escape does not end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "u"): break
        default: throw wrong("an unknown escape")
        }
        let first = try hexadecimal()
        guard UTF16.isLeadSurrogate(UInt16(first)) else {
            guard let scalar = Unicode.Scalar(first) else { throw wrong("half a character") }
            return scalar
        }
        guard bytes[position...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else {
            throw wrong("half a character")
        }
        position += 2
        let second = try hexadecimal()
        guard UTF16.isTrailSurrogate(UInt16(second)),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
        else { throw wrong("half a character") }
        return scalar
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var number: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count,
                let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
            else { throw wrong("four hexadecimal digits are expected") }
            number = number << 4 + UInt32(digit)
            position += 1
        }
        return number
    }
}
