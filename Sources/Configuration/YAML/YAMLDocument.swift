internal import Yams

/// One configuration file as a mapping of top-level keys.
struct YAMLDocument {
    /// The most bytes of a file.
    static let byteCountMax = 1 << 20

    /// The top-level entries, in file order; none for an empty file.
    let entries: [YAMLEntry]

    /// Parses the text of one file.
    ///
    /// - Throws: ``ConfigurationError`` with the place to blame.
    init(_ source: YAMLText) throws(ConfigurationError) {
        let root: Node?
        do {
            // No rules: every plain scalar stays the text that was written. The encoding is given
            // because Yams would otherwise look for it in the environment, and print what it found.
            root = try compose(yaml: source.text, .basic, .default, .utf8)
        } catch let error as YamlError {
            throw YAMLDocument.translate(error, source)
        } catch {
            throw ConfigurationError(.syntax, "\(source.label) is not YAML")
        }
        guard let root else {
            entries = []
            return
        }
        let value = YAMLValue(root, label: source.label)
        entries = value.isEmpty ? [] : try value.entries(of: "the file")
    }

    private static func translate(_ error: YamlError, _ source: YAMLText) -> ConfigurationError {
        switch error {
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _):
            return syntax(problem, context: context, mark, source)
        case .composer(_, let problem, let mark, _):
            return syntax(problem, context: nil, mark, source)
        case .duplicatedKeysInMapping(let names, let context):
            let name = names.first ?? ""
            return ConfigurationError(
                .syntax, at: place(context.mark, source.label),
                "the key \"\(name)\" appears more than once in this block",
                advice: "keep one of them")
        case .reader(let problem, _, _, _):
            return ConfigurationError(.syntax, "\(source.label) is not YAML: \(problem)")
        default:
            return ConfigurationError(.syntax, "\(source.label) is not YAML")
        }
    }

    private static func syntax(
        _ problem: String, context: YamlError.Context?, _ mark: Mark, _ source: YAMLText
    ) -> ConfigurationError {
        let line = source.line(mark.line)
        let indentation = line.prefix { $0 == " " || $0 == "\t" }
        if indentation.contains("\t") {
            return ConfigurationError(
                .syntax, at: place(mark, source.label), "a tab indents this line",
                advice: "YAML allows spaces only; replace the tab")
        }
        let parts = [problem, context.map { "\($0.text) that starts on line \($0.mark.line)" }]
        return ConfigurationError(
            .syntax, at: place(mark, source.label),
            "not YAML: " + parts.compactMap { $0 }.joined(separator: " "))
    }

    private static func place(_ mark: Mark, _ label: String) -> SourceLocation {
        SourceLocation(file: label, line: mark.line, column: mark.column)
    }
}

extension YAMLText {
    /// A line's text, for a message about it; empty past the end.
    fileprivate func line(_ number: Int) -> Substring {
        text.split(separator: "\n", maxSplits: number, omittingEmptySubsequences: false)
            .dropFirst(number - 1).first ?? ""
    }
}

/// One key and its value, with their places.
struct YAMLEntry {
    var key: String
    var location: SourceLocation
    var value: YAMLValue
}

/// A value of the file.
struct YAMLValue {
    private let node: Node
    let location: SourceLocation

    init(_ node: Node, label: String) {
        self.node = node
        let mark = node.mark
        location = SourceLocation(file: label, line: mark?.line ?? 1, column: mark?.column ?? 1)
    }

    /// Whether nothing is there: an empty value, `~` or `null`.
    var isEmpty: Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// The text of a scalar; `nil` for a list, a mapping or nothing.
    var text: String? {
        guard case .scalar(let scalar) = node, !isEmpty else { return nil }
        return scalar.string
    }

    /// Whether a tag such as `!!binary` asks for another reading than the plain one.
    var hasForeignTag: Bool { node.tag != Tag(.str) && node.scalar != nil }

    /// The items of a list; `nil` for anything else.
    var items: [YAMLValue]? {
        guard case .sequence(let sequence) = node else { return nil }
        return sequence.map { YAMLValue($0, label: location.file) }
    }

    /// The entries of a mapping.
    ///
    /// - Throws: ``ConfigurationError`` that calls the value by `name`, when it is no mapping.
    func entries(of name: String) throws(ConfigurationError) -> [YAMLEntry] {
        guard case .mapping(let mapping) = node else {
            throw ConfigurationError(
                .invalid, at: location,
                isEmpty
                    ? "\(name) is empty"
                    : "\(name) must be a block of `key: value` lines, not \(word)",
                advice: isEmpty ? "fill it in or remove the line" : "")
        }
        var entries: [YAMLEntry] = []
        for (key, value) in mapping {
            let keyValue = YAMLValue(key, label: location.file)
            guard case .scalar(let scalar) = key else {
                throw ConfigurationError(.invalid, at: keyValue.location, "a key must be text")
            }
            entries.append(
                YAMLEntry(
                    key: scalar.string, location: keyValue.location,
                    value: YAMLValue(value, label: location.file)))
        }
        return entries
    }

    /// What kind of value it is, for messages.
    var word: String {
        switch node {
        case .scalar: isEmpty ? "nothing" : "a single value"
        case .mapping: "a block"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}
