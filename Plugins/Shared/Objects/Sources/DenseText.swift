/// Bytes as printable ASCII, five characters for four bytes.
enum DenseText {
    /// Letters that no header, XML document or service gives a meaning to: no quotation mark, comma,
    /// backslash, equals or question mark.
    private static let letters = Array(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-./:;<>@^_{|}~".utf8
    )

    private static let values: [UInt8: UInt64] = Dictionary(
        uniqueKeysWithValues: letters.enumerated().map { ($1, UInt64($0)) })

    /// Encodes bytes; a last group of n bytes becomes n + 1 characters.
    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 4) {
            let count = min(4, bytes.count - start)
            var number: UInt64 = 0
            for index in 0..<4 {
                number = number << 8 | (index < count ? UInt64(bytes[start + index]) : 0)
            }
            var group: [UInt8] = []
            for _ in 0..<5 {
                group.append(letters[Int(number % 85)])
                number /= 85
            }
            text += group.reversed().prefix(count + 1)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Decodes what ``encode(_:)`` made; `nil` for anything else.
    static func decode(_ text: Substring.UTF8View) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = Array(text)[...]
        while !rest.isEmpty {
            let group = rest.prefix(5)
            rest = rest.dropFirst(5)
            guard group.count > 1 else { return nil }
            var number: UInt64 = 0
            // Missing characters count as the last letter, so that the bytes that are there come out whole.
            for index in 0..<5 {
                guard index < group.count else {
                    number = number * 85 + 84
                    continue
                }
                guard let value = values[group[group.startIndex + index]] else { return nil }
                number = number * 85 + value
            }
            guard number >> 32 == 0 || group.count < 5 else { return nil }
            for index in 0..<(group.count - 1) {
                bytes.append(UInt8(number >> (24 - 8 * index) & 255))
            }
        }
        return bytes
    }
}
