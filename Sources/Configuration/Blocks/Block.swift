internal import Host

/// A file while it is being read: whose it is, and what `${env:…}` means in it.
struct FileReading {
    /// Whose file it is.
    enum Owner { case project, user }

    let owner: Owner
    let binding: EnvironmentBinding

    /// The origin of a value at a place of this file.
    func origin(_ location: SourceLocation) -> Origin {
        owner == .project ? .projectFile(location) : .userFile(location)
    }
}

/// A block that Holdfast owns, read key by key; what is left over is an error.
struct Block {
    /// Its name as messages give it, such as `daemon` or `stores.cache`.
    let name: String
    let location: SourceLocation
    let entries: [YAMLEntry]
    let file: FileReading

    init(_ name: String, _ value: YAMLValue, _ file: FileReading) throws(ConfigurationError) {
        self.name = name
        self.file = file
        location = value.location
        entries = try value.entries(of: "`\(name)`")
    }

    /// The entry of a key.
    subscript(key: String) -> YAMLEntry? { entries.first { $0.key == key } }

    /// Refuses keys that are not known.
    func allow(only known: [String]) throws(ConfigurationError) {
        for entry in entries where !known.contains(entry.key) { throw unknown(entry, among: known) }
    }

    /// The error for a key that is not known.
    func unknown(_ entry: YAMLEntry, among known: [String]) -> ConfigurationError {
        let nearest = DidYouMean.closest(to: entry.key, among: known)
        return ConfigurationError(
            .unknownKey, at: entry.location, "`\(name)` has no key \"\(printable(entry.key))\"",
            advice: nearest.map { "did you mean \"\($0)\"?" }
                ?? "its keys are \(known.sorted().joined(separator: ", "))")
    }

    /// The text of a key, with its bindings replaced; `nil` when the key is absent.
    func text(_ key: String) throws(ConfigurationError) -> Sourced<String>? {
        guard let entry = self[key] else { return nil }
        return try file.text(entry.value, of: "\(name).\(key)")
    }

    /// `true` or `false`; `nil` when the key is absent.
    func flag(_ key: String) throws(ConfigurationError) -> Sourced<Bool>? {
        guard let entry = self[key], let text = try text(key) else { return nil }
        switch text.value {
        case "true": return Sourced(true, text.origin)
        case "false": return Sourced(false, text.origin)
        default:
            throw ConfigurationError(
                .invalid, at: entry.value.location, "`\(name).\(key)` must be true or false")
        }
    }

    /// A list of texts; one text stands for a list of one; `nil` when the key is absent.
    func list(_ key: String) throws(ConfigurationError) -> Sourced<[String]>? {
        guard let entry = self[key] else { return nil }
        guard let items = entry.value.items else {
            return try text(key).map { Sourced([$0.value], $0.origin, isBound: $0.isBound) }
        }
        var texts: [String] = []
        for item in items {
            texts.append(try file.text(item, of: "an item of \(name).\(key)").value)
        }
        return Sourced(texts, file.origin(entry.value.location))
    }
}

extension FileReading {
    /// The text of a single value, with its bindings replaced.
    func text(_ value: YAMLValue, of name: String) throws(ConfigurationError) -> Sourced<String> {
        guard let text = value.text else {
            throw ConfigurationError(
                .invalid, at: value.location, "`\(name)` must be a single value, not \(value.word)",
                advice: value.isEmpty ? "give it a value or remove the line" : "")
        }
        guard !value.hasForeignTag else {
            throw ConfigurationError(
                .invalid, at: value.location,
                "`\(name)` has a tag (!…), which Holdfast does not read",
                advice: "write the value plainly")
        }
        let expansion: EnvironmentBinding.Expansion
        do { expansion = try binding.expand(text) } catch {
            throw bindingError(error, name, at: value.location)
        }
        // A C string or a path would end at a NUL, so that what is used is not what was written.
        guard !expansion.text.utf8.contains(0) else {
            throw ConfigurationError(.invalid, at: value.location, "`\(name)` has a NUL in it")
        }
        return Sourced(expansion.text, origin(value.location), isBound: expansion.isBound)
    }

    private func bindingError(
        _ problem: EnvironmentBinding.Problem, _ name: String, at location: SourceLocation
    ) -> ConfigurationError {
        switch problem {
        case .unterminated:
            ConfigurationError(
                .invalid, at: location, "`\(name)` has a ${env: without its closing }")
        case .badName(let text):
            ConfigurationError(
                .invalid, at: location,
                "`\(name)` has ${env:\(printable(text))…}, which names no environment variable",
                advice: "write ${env:NAME} or ${env:NAME,default}")
        case .unset(let variable):
            ConfigurationError(
                .unset, at: location,
                "`\(name)` needs the environment variable \(variable), which is not set",
                advice: "export \(variable), or give a default: ${env:\(variable),default}")
        }
    }
}

/// A text from outside as a message may show it: short, on one line, nothing that moves a cursor.
func printable(_ text: String, limit: Int = 80) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(limit) {
        result.unicodeScalars.append(scalar.properties.isPrintableSafely ? scalar : "?")
    }
    return text.unicodeScalars.count > limit ? result + "…" : result
}

extension Unicode.Scalar.Properties {
    fileprivate var isPrintableSafely: Bool {
        switch generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned,
            .privateUse:
            false
        default: true
        }
    }
}
