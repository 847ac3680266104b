extension JSONValue {
    /// The document as UTF-8 text, names ascending.
    public var bytes: [UInt8] {
        var text: [UInt8] = []
        write(to: &text)
        return text
    }

    private func write(to text: inout [UInt8]) {
        switch self {
        case .null: text += Array("null".utf8)
        case .boolean(let flag): text += Array((flag ? "true" : "false").utf8)
        case .number(let number): text += Array(number.utf8)
        case .string(let string): JSONValue.quote(string, into: &text)
        case .array(let elements):
            text.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                element.write(to: &text)
            }
            text.append(UInt8(ascii: "]"))
        case .object(let members):
            text.append(UInt8(ascii: "{"))
            for (index, name) in members.keys.sorted().enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                JSONValue.quote(name, into: &text)
                text.append(UInt8(ascii: ":"))
                members[name]?.write(to: &text)
            }
            text.append(UInt8(ascii: "}"))
        }
    }

    private static func quote(_ string: String, into text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        let bytes = Array(string.utf8)
        text.reserveCapacity(text.count + bytes.count + 2)
        var start = 0
        for (index, byte) in bytes.enumerated() {
            let isPlain =
                byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
            if isPlain { continue }
            text.append(contentsOf: bytes[start..<index])
            start = index + 1
            text += escaped(byte)
        }
        text.append(contentsOf: bytes[start...])
        text.append(UInt8(ascii: "\""))
    }

    private static func escaped(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case 0x0a: return Array("\\n".utf8)
        case 0x09: return Array("\\t".utf8)
        case 0x0d: return Array("\\r".utf8)
        case 0..<0x20:
            let digits = Array("0123456789abcdef".utf8)
            return Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        default: return [UInt8(ascii: "\\"), byte]
        }
    }
}
