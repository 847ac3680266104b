/// Base64 (RFC 4648, section 4).
public enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xff, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    /// The text of bytes.
    public static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = alphabet
        let count = (bytes.count + 2) / 3 * 4
        let text = unsafe [UInt8](unsafeUninitializedCapacity: count) { text, filled in
            var index = 0
            while index < bytes.count {
                let left = bytes.count - index
                let second = left > 1 ? bytes[index + 1] : 0
                let third = left > 2 ? bytes[index + 2] : 0
                let group = UInt32(bytes[index]) << 16 | UInt32(second) << 8 | UInt32(third)
                unsafe text[filled] = alphabet[Int(group >> 18)]
                unsafe text[filled + 1] = alphabet[Int(group >> 12 & 63)]
                unsafe text[filled + 2] =
                    left > 1 ? alphabet[Int(group >> 6 & 63)] : UInt8(ascii: "=")
                unsafe text[filled + 3] = left > 2 ? alphabet[Int(group & 63)] : UInt8(ascii: "=")
                filled += 4
                index += 3
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of a text; `nil` when it is not Base64 with its padding.
    public static func decode(_ text: String) -> [UInt8]? {
        let text = Array(text.utf8)
        guard text.count % 4 == 0 else { return nil }
        let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        let values = values
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        for (index, character) in text.dropLast(padding).enumerated() {
            let value = values[Int(character)]
            guard value != 0xff else { return nil }
            group = group << 6 | UInt32(value)
            if index % 4 == 3 {
                bytes.append(UInt8(truncatingIfNeeded: group >> 16))
                bytes.append(UInt8(truncatingIfNeeded: group >> 8))
                bytes.append(UInt8(truncatingIfNeeded: group))
                group = 0
            }
        }
        switch padding {
        case 1:
            bytes.append(UInt8(truncatingIfNeeded: group >> 10))
            bytes.append(UInt8(truncatingIfNeeded: group >> 2))
        case 2: bytes.append(UInt8(truncatingIfNeeded: group >> 4))
        default: break
        }
        return bytes
    }
}
