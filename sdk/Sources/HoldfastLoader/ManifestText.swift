/// The part of TOML that manifests and lock files use: tables, and keys with a string, an integer, a
/// boolean or a list of strings on one line.
public struct ManifestText: Sendable {
    /// What a key can have.
    public enum Value: Sendable, Hashable {
        /// Text in double quotes.
        case string(String)
        /// A number without a sign.
        case integer(Int64)
        /// `true` or `false`.
        case boolean(Bool)
        /// A list of texts on one line.
        case list([String])
    }

    /// A key's value and its place.
    public struct Item: Sendable, Hashable {
        /// The line, from 1.
        public var line: Int
        /// The value.
        public var value: Value
    }

    /// The values by `table.key`; keys before the first table have no prefix.
    public private(set) var items: [String: Item] = [:]
    /// The lines of the tables' headers, by the tables' names.
    public private(set) var tables: [String: Int] = [:]
    private let path: String

    /// The most bytes that a text may have.
    public static let mostBytes = 64 * 1024

    /// Reads a text strictly.
    ///
    /// - Parameters:
    ///   - bytes: The text, at most ``mostBytes``.
    ///   - path: The file's path, for errors.
    /// - Throws: ``LoaderError`` with code `manifest` and a path of the form `path:line`.
    public init(_ bytes: [UInt8], path: String) throws(LoaderError) {
        self.path = path
        guard bytes.count <= Self.mostBytes else {
            throw Self.error(path, nil, "is larger than \(Self.mostBytes / 1024) KiB")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Self.error(path, nil, "is not UTF-8")
        }
        var table = ""
        // Splitting by scalar keeps "\r\n", one character to Swift, from hiding a line's end.
        for (index, line) in text.unicodeScalars.split(
            separator: "\n", omittingEmptySubsequences: false
        ).enumerated() {
            var scanner = LineScanner(line, path: path, line: index + 1)
            scanner.skipSpaces()
            if scanner.isAtEnd { continue }
            if scanner.skip("[") {
                table = try scanner.tableName()
                guard tables.updateValue(index + 1, forKey: table) == nil else {
                    throw scanner.error("the table [\(table)] appears twice")
                }
            } else {
                let key = try scanner.key()
                let name = table.isEmpty ? key : "\(table).\(key)"
                guard items[name] == nil else { throw scanner.error("\(name) is given twice") }
                items[name] = Item(line: index + 1, value: try scanner.value())
            }
            try scanner.expectEnd()
        }
    }

    static func error(_ path: String, _ line: Int?, _ message: String) -> LoaderError {
        LoaderError(
            .manifest, line.map { "\(path):\($0)" } ?? path, message,
            do: "correct the manifest or install the driver again")
    }

    /// An error at the line of `name`, or at the file when it has none.
    func error(_ name: String, _ message: String) -> LoaderError {
        Self.error(path, items[name]?.line, message)
    }

    /// An error at a line.
    func error(line: Int, _ message: String) -> LoaderError { Self.error(path, line, message) }
}

/// Reads one line of a manifest.
private struct LineScanner {
    private var rest: Substring.UnicodeScalarView
    private let path: String
    private let line: Int

    init(_ line: Substring.UnicodeScalarView, path: String, line number: Int) {
        rest = line
        if rest.last == "\r" { rest.removeLast() }
        self.path = path
        self.line = number
    }

    func error(_ message: String) -> LoaderError { ManifestText.error(path, line, message) }

    /// Whether nothing but a comment is left.
    var isAtEnd: Bool { rest.isEmpty || rest.first == "#" }

    mutating func skipSpaces() {
        rest = rest.drop { $0 == " " || $0 == "\t" }
    }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard rest.first == scalar else { return false }
        rest.removeFirst()
        return true
    }

    mutating func expectEnd() throws(LoaderError) {
        skipSpaces()
        guard isAtEnd else { throw error("there is text after the value") }
    }

    mutating func name() throws(LoaderError) -> String {
        skipSpaces()
        let name = rest.prefix { scalar in
            ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "_"
        }
        guard !name.isEmpty else { throw error("a name of a-z, 0-9 and _ is missing") }
        rest = rest[name.endIndex...]
        skipSpaces()
        return String(name)
    }

    /// A table's name, of which a second part may have hyphens: `driver.my-store`.
    mutating func tableName() throws(LoaderError) -> String {
        var name = try name()
        if skip(".") {
            let part = rest.prefix { scalar in
                ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "-"
            }
            guard !part.isEmpty else { throw error("a name of a-z, 0-9 and - is missing") }
            rest = rest[part.endIndex...]
            name += "." + String(part)
            skipSpaces()
        }
        guard skip("]") else { throw error("the table's name does not end with ]") }
        return name
    }

    mutating func key() throws(LoaderError) -> String {
        let key = try name()
        guard skip("=") else { throw error("\(key) is not followed by =") }
        skipSpaces()
        return key
    }

    mutating func value() throws(LoaderError) -> ManifestText.Value {
        switch rest.first {
        case "\"": return .string(try string())
        case "[": return .list(try list())
        default: break
        }
        let word = rest.prefix { $0 != " " && $0 != "\t" && $0 != "#" }
        rest = rest[word.endIndex...]
        switch String(word) {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case let word where word.utf8.allSatisfy({ (0x30...0x39).contains($0) }):
            guard let number = Int64(word), String(number) == word else {
                throw error("\(word.isEmpty ? "a value is missing" : "\(word) is not an integer")")
            }
            return .integer(number)
        case let word:
            throw error("\(word.prefix(40)) is not a value; text stands in double quotes")
        }
    }

    private mutating func list() throws(LoaderError) -> [String] {
        _ = skip("[")
        var list: [String] = []
        skipSpaces()
        while !skip("]") {
            guard rest.first == "\"" else {
                throw error("a list holds strings and ends on its line")
            }
            list.append(try string())
            skipSpaces()
            guard skip(",") || rest.first == "]" else {
                throw error("a comma is missing in the list")
            }
            skipSpaces()
        }
        return list
    }

    private mutating func string() throws(LoaderError) -> String {
        _ = skip("\"")
        var text = ""
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return text
            case "\\":
                guard let escaped = rest.popFirst(), escaped == "\"" || escaped == "\\" else {
                    throw error("only \\\" and \\\\ may follow a backslash")
                }
                text.unicodeScalars.append(escaped)
            case _ where scalar.properties.generalCategory == .control:
                throw error("there is a control character in the text")
            default: text.unicodeScalars.append(scalar)
            }
        }
        throw error("the text does not end with a double quote")
    }
}
