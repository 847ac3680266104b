/// The text of a configuration file, checked before a parser sees it.
struct YAMLText {
    /// The text without a byte order mark.
    let text: String
    /// How messages name the file.
    let label: String

    /// Checks bytes for what no YAML text may hold, and for what is too much of it.
    ///
    /// - Throws: ``ConfigurationError`` with code `syntax` or `limit` at the place to blame.
    init(_ bytes: [UInt8], label: String) throws(ConfigurationError) {
        var content = bytes[...]
        if content.starts(with: [0xEF, 0xBB, 0xBF]) { content = content.dropFirst(3) }
        if content.starts(with: [0xFF, 0xFE]) || content.starts(with: [0xFE, 0xFF]) {
            throw ConfigurationError(
                .syntax, at: SourceLocation(file: label, line: 1, column: 1),
                "the file is UTF-16", advice: "save it as UTF-8")
        }
        try YAMLText.checkCharacters(content, label: label)
        guard let text = String(validating: content, as: UTF8.self) else {
            throw ConfigurationError(
                .syntax, at: YAMLText.invalidPlace(in: content, label: label),
                "the bytes here are not UTF-8", advice: "save the file as UTF-8")
        }
        try StructureScan.check(Array(content), label: label)
        self.text = text
        self.label = label
    }

    /// YAML allows no control characters; editors hide them, so the message must name them.
    private static func checkCharacters(
        _ bytes: ArraySlice<UInt8>, label: String
    ) throws(ConfigurationError) {
        for (index, byte) in zip(bytes.indices, bytes) {
            guard byte < 0x20 || byte == 0x7F else { continue }
            if byte == 0x09 || byte == 0x0A || byte == 0x0D { continue }
            let name = byte == 0 ? "NUL" : "control character 0x" + String(byte, radix: 16)
            throw ConfigurationError(
                .syntax, at: place(of: index, in: bytes, label: label),
                "the file has a \(name) here")
        }
    }

    /// The place of the first byte that is no UTF-8.
    private static func invalidPlace(in bytes: ArraySlice<UInt8>, label: String) -> SourceLocation {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var line = 1
        var column = 1
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            column += 1
            if scalar == "\n" { (line, column) = (line + 1, 1) }
        }
        return SourceLocation(file: label, line: line, column: column)
    }

    private static func place(
        of index: Int, in bytes: ArraySlice<UInt8>, label: String
    ) -> SourceLocation {
        let before = bytes[bytes.startIndex..<index]
        let line = before.count { $0 == 0x0A } + 1
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? bytes.startIndex
        // Continuation bytes of UTF-8 are no columns of their own.
        let column = bytes[lineStart..<index].count { $0 & 0xC0 != 0x80 } + 1
        return SourceLocation(file: label, line: line, column: column)
    }
}
