/// Parts of URLs, with everything escaped but letters, digits and `-._~`.
public enum URLText {
    /// Escapes text.
    ///
    /// - Parameters:
    ///   - text: Any text.
    ///   - keepsSlashes: Whether `/` stays, as in a path.
    /// - Returns: ASCII text.
    public static func escaped(_ text: String, keepsSlashes: Bool = false) -> String {
        if text.utf8.allSatisfy({ isPlain($0) || keepsSlashes && $0 == UInt8(ascii: "/") }) {
            return text
        }
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case _ where isPlain(byte): result.append(byte)
            case UInt8(ascii: "/") where keepsSlashes: result.append(byte)
            default:
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// A query from its names and values, escaped and in their order.
    public static func query(_ items: [(String, String)]) -> String {
        items.map { "\(escaped($0.0))=\(escaped($0.1))" }.joined(separator: "&")
    }
}
