internal import HoldfastDriver

// Attributes as one header's value. Services limit the metadata of an object, Amazon's to 2 KB, and change
// what is not plain ASCII; so a text that people can read is tried first, and a dense one when it is too long.

extension [Attribute] {
    /// These attributes as printable ASCII without blanks; empty for none.
    ///
    /// The readable form is `name=value&name=value` with `%XX`, the dense one begins with `~`.
    ///
    /// - Parameter most: The most bytes.
    /// - Returns: `nil` when they do not fit: only for very many short ones.
    package func headerValue(most: Int) -> String? {
        let readable = map { "\($0.name)=\(escaped($0.value))" }.joined(separator: "&")
        if readable.utf8.count <= most { return readable }
        var bytes: [UInt8] = []
        for attribute in self {
            appendText(attribute.name, to: &bytes)
            appendText(attribute.value, to: &bytes)
        }
        let dense = "~" + DenseText.encode(bytes)
        return dense.utf8.count <= most ? dense : nil
    }

    /// Reads what ``headerValue(most:)`` made; `nil` for anything else.
    package init?(headerValue text: String) {
        self = []
        if text.isEmpty { return }
        if text.utf8.first == UInt8(ascii: "~") {
            guard let bytes = DenseText.decode(text.utf8.dropFirst()) else { return nil }
            var rest = bytes[...]
            while !rest.isEmpty {
                guard let name = takeText(&rest), let value = takeText(&rest) else { return nil }
                append(Attribute(name: name, value: value))
            }
        } else {
            for item in text.utf8.split(
                separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
            {
                guard let equals = item.firstIndex(of: UInt8(ascii: "=")),
                    let value = unescaped(item[item.index(after: equals)...])
                else { return nil }
                append(Attribute(name: String(Substring(item[..<equals])), value: value))
            }
        }
    }
}

/// Text with everything as `%XX` that a header or a service on its way might change.
private func escaped(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text.utf8 {
        // "=?" begins an encoded word, a comma ends a value; a quotation mark begins one.
        if (0x21...0x7e).contains(byte), !#"%&?,"\"#.utf8.contains(byte) {
            result.append(byte)
        } else {
            result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: result, as: UTF8.self)
}

private func unescaped(_ text: Substring.UTF8View) -> String? {
    var result: [UInt8] = []
    var rest = text[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            result.append(byte)
            continue
        }
        guard let high = rest.popFirst().flatMap(hexadecimalValue),
            let low = rest.popFirst().flatMap(hexadecimalValue)
        else { return nil }
        result.append(high << 4 | low)
    }
    return String(validating: result, as: UTF8.self)
}

private func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    Character(Unicode.Scalar(byte)).hexDigitValue.map { UInt8($0) }
}

/// Appends a text behind its length, in one byte or two.
private func appendText(_ text: String, to bytes: inout [UInt8]) {
    let count = text.utf8.count
    if count < 128 {
        bytes.append(UInt8(count))
    } else {
        bytes += [UInt8(count >> 8 & 127) | 128, UInt8(count & 255)]
    }
    bytes += Array(text.utf8)
}

private func takeText(_ bytes: inout ArraySlice<UInt8>) -> String? {
    guard let first = bytes.popFirst() else { return nil }
    var count = Int(first)
    if first >= 128 {
        guard let second = bytes.popFirst() else { return nil }
        count = Int(first & 127) << 8 | Int(second)
    }
    guard bytes.count >= count else { return nil }
    defer { bytes = bytes.dropFirst(count) }
    return String(validating: bytes.prefix(count), as: UTF8.self)
}
