internal import HoldfastLoader

/// The options of a store as their file gives them: names and texts, or a JSON object.
struct OptionsFile: Sendable {
    /// Each option's value as text, by name.
    private(set) var values: [String: String] = [:]

    /// No options; each keeps its default.
    init() {}

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - bytes: A JSON object, or lines `name = value`; `#` starts a comment line.
    ///   - path: The file's path, for errors.
    /// - Throws: ``CheckFailure`` that names the line.
    init(_ bytes: [UInt8], path: String) throws(CheckFailure) {
        let first = bytes.first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
        if first == UInt8(ascii: "{") {
            try readDocument(bytes, path)
        } else {
            try readLines(bytes, path)
        }
    }

    private mutating func readDocument(_ bytes: [UInt8], _ path: String) throws(CheckFailure) {
        let document: JSONValue
        do { document = try JSONValue(bytes) } catch {
            throw CheckFailure("\(path): \(error.found)")
        }
        for (name, value) in document.members ?? [:] {
            switch value {
            case .string(let text), .number(let text): values[name] = text
            case .boolean(let flag): values[name] = flag ? "true" : "false"
            case .null, .array, .object:
                throw CheckFailure(
                    "\(path): the value of \(name) is not a string, a number, true or false")
            }
        }
    }

    private mutating func readLines(_ bytes: [UInt8], _ path: String) throws(CheckFailure) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CheckFailure("\(path): it is not UTF-8")
        }
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, line) in lines.enumerated() {
            let line = line.trimmed
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            guard let equals = line.firstIndex(of: "=") else {
                throw CheckFailure("\(path):\(index + 1): is not \"name = value\"")
            }
            let name = String(line[..<equals].trimmed)
            let value = String(line[line.index(after: equals)...].trimmed)
            guard !name.isEmpty, values.updateValue(value, forKey: name) == nil else {
                throw CheckFailure(
                    "\(path):\(index + 1): \(name.isEmpty ? "has no name" : "gives \(name) twice")")
            }
        }
    }

    /// The options to open a store with, by the types that the driver describes.
    ///
    /// - Parameters:
    ///   - described: The driver's options.
    ///   - folder: What replaces `${TMP}`, and where relative paths lie.
    /// - Returns: Every option that was given or has a default.
    /// - Throws: ``CheckFailure`` that names the option.
    func resolved(
        _ described: [Descriptor.Option], folder: String
    ) throws(CheckFailure) -> [OptionValue] {
        for name in values.keys.sorted() where !described.contains(where: { $0.name == name }) {
            let known = described.map(\.name).joined(separator: ", ")
            throw CheckFailure(
                "the options file gives \(name), which the driver does not have",
                do: "give only its options: \(known)")
        }
        var result: [OptionValue] = []
        for option in described {
            guard let text = values[option.name] ?? option.defaultText else {
                try Self.requireOptional(option)
                continue
            }
            let full = text.replacing("${TMP}", with: folder)
            guard let value = OptionText.value(full, option, folder: folder) else {
                throw CheckFailure(
                    "the option \(option.name) cannot be \(OptionText.shown(text, option.type))",
                    do: "give \(OptionText.expectation(option))")
            }
            result.append(OptionValue(name: option.name, type: option.type, value: value))
        }
        return result
    }

    private static func requireOptional(_ option: Descriptor.Option) throws(CheckFailure) {
        try require(
            !option.isRequired, "the driver needs the option \(option.name)",
            do: "write it into a file and give that with --options")
    }

    /// Whether every path of the resolved options lies in the check's own folder, so that a store
    /// there is a new one.
    func isFresh(_ options: [OptionValue], folder: String) -> Bool {
        let paths = options.filter { $0.type == .path }
        return !paths.isEmpty
            && paths.allSatisfy { option in
                guard case .text(let text) = option.value else { return false }
                return text.hasPrefix(folder + "/")
            }
    }
}

/// Values of options in the notation of the configuration file.
enum OptionText {
    private static let durations: [(String, Int64)] = [
        ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]
    private static let sizes: [(String, Int64)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("kB", 1000),
        ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("B", 1), ("", 1),
    ]

    /// A value by its option's type, or `nil` when the text is not one.
    static func value(
        _ text: String, _ option: Descriptor.Option, folder: String
    ) -> OptionValue.Value? {
        switch option.type {
        case .string, .secret: .text(text)
        case .path: text.isEmpty ? nil : .text(text.hasPrefix("/") ? text : "\(folder)/\(text)")
        case .choice: option.choices.contains(text) ? .text(text) : nil
        case .integer: Int64(text).map { .number($0) }
        case .boolean: ["true": 1, "false": 0][text].map { .number($0) }
        case .duration: scaled(text, durations).map { .number($0) }
        case .size: scaled(text, sizes).map { .number($0) }
        }
    }

    private static func scaled(_ text: String, _ units: [(String, Int64)]) -> Int64? {
        for (unit, factor) in units where text.hasSuffix(unit) {
            guard let number = Int64(text.dropLast(unit.count)), number >= 0 else { continue }
            let product = number.multipliedReportingOverflow(by: factor)
            return product.overflow ? nil : product.partialValue
        }
        return nil
    }

    /// A value for a message; a secret's is left out.
    static func shown(_ text: String, _ type: OptionType) -> String {
        type == .secret ? "the given secret" : "\"\(text)\""
    }

    /// What an option takes, in words.
    static func expectation(_ option: Descriptor.Option) -> String {
        switch option.type {
        case .string, .secret: "text"
        case .path: "a path, which ${TMP} may start"
        case .choice: "one of \(option.choices.joined(separator: ", "))"
        case .integer: "a whole number"
        case .boolean: "true or false"
        case .duration: "a duration such as 250ms or 5s"
        case .size: "a size such as 64MiB"
        }
    }
}

extension StringProtocol {
    /// The text without spaces and tabs around it.
    var trimmed: SubSequence {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" }
        guard let start = firstIndex(where: { !isSpace($0) }),
            let end = lastIndex(where: { !isSpace($0) })
        else { return self[endIndex...] }
        return self[start...end]
    }
}

extension String {
    /// The text with each occurrence of a word replaced.
    func replacing(_ word: String, with other: String) -> String {
        var result = ""
        var rest = self[...]
        while let start = rest.firstRange(ofWord: word) {
            result += rest[..<start.lowerBound] + other
            rest = rest[start.upperBound...]
        }
        return result + rest
    }
}

extension Substring {
    /// Where a word occurs first.
    func firstRange(ofWord word: String) -> Range<Index>? {
        indices.lazy.compactMap { start -> Range<Index>? in
            guard self[start...].hasPrefix(word) else { return nil }
            return start..<self.index(start, offsetBy: word.count)
        }.first
    }
}
