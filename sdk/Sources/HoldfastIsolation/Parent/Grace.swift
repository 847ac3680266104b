/// Finds `grace_ms` in a driver's descriptor.
enum Grace {
    /// What holds when the descriptor does not say.
    static let usual: Int64 = 1000
    /// More than this is not waited for, whatever the descriptor says.
    static let most: Int64 = 60_000

    /// The grace in nanoseconds.
    ///
    /// - Parameter descriptor: A JSON document; anything else gives the usual grace.
    /// - Returns: The grace, at most ``most``.
    static func nanoseconds(_ descriptor: [UInt8]) -> Int64 {
        (milliseconds(descriptor).map { min($0, most) } ?? usual) * 1_000_000
    }

    private static func milliseconds(_ descriptor: [UInt8]) -> Int64? {
        var depth = 0
        var index = 0
        var text: [UInt8] = []
        while index < descriptor.count {
            switch descriptor[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "\""):
                text = string(descriptor, &index)
            case UInt8(ascii: ":") where depth == 1 && text == Array("grace_ms".utf8):
                return number(descriptor[(index + 1)...])
            default: break
            }
            index += 1
        }
        return nil
    }

    /// The text that starts at `index`, which then is at its last quote.
    private static func string(_ bytes: [UInt8], _ index: inout Int) -> [UInt8] {
        var text: [UInt8] = []
        index += 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            if bytes[index] == UInt8(ascii: "\\") { index += 1 }
            if index < bytes.count { text.append(bytes[index]) }
            index += 1
        }
        return text
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64? {
        let digits = bytes.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
            .prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return Int64(String(decoding: digits, as: UTF8.self))
    }
}
