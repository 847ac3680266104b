/// A JSON object as it is written: the daemon's own answers and log lines are flat and few.
///
/// Written by hand so that the order of members is fixed and no encoder runs for each request.
struct JSONObject {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]

    /// Adds a string.
    mutating func add(_ name: String, _ value: String) {
        addName(name)
        Self.appendQuoted(value, to: &bytes)
    }

    /// Adds a whole number.
    mutating func add(_ name: String, _ value: some BinaryInteger) {
        addName(name)
        bytes.append(contentsOf: String(value).utf8)
    }

    /// Adds a truth value.
    mutating func add(_ name: String, _ value: Bool) {
        addName(name)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// The finished text.
    consuming func finished() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    private mutating func addName(_ name: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        Self.appendQuoted(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }

    private static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
            case 0..<0x20, 0x7F: appendEscape(byte, to: &bytes)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// DEL and ESC too: what is logged may reach a terminal.
    private static func appendEscape(_ byte: UInt8, to bytes: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
    }
}
