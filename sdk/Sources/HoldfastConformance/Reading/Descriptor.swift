internal import HoldfastLoader

/// What a driver says of itself in its descriptor, read strictly.
struct Descriptor: Sendable {
    /// One option of the driver's stores.
    struct Option: Sendable {
        var name: String
        var type: OptionType
        var isRequired: Bool
        var defaultText: String?
        var choices: [String]
        var bounds = Int64.min...Int64.max

        /// Whether a number keeps the bounds; all else was not bounded.
        func allows(_ value: OptionValue.Value) -> Bool {
            guard case .number(let number) = value else { return true }
            return bounds.contains(number)
        }
    }

    var id: String
    var version: String
    var vendor: String
    /// Whether the place is the workspace, so that keys carry an empty one.
    var isPlace: Bool
    /// The longest time from a deadline to the call's return.
    var graceMilliseconds: Int64
    var options: [Option]
    var capabilities: [CapabilityReport]

    private static let typeNames: [(String, OptionType)] = [
        ("string", .string), ("secret", .secret), ("integer", .integer), ("boolean", .boolean),
        ("duration", .duration), ("size", .size), ("path", .path), ("choice", .choice),
    ]

    /// Reads a descriptor.
    ///
    /// - Parameter document: The bytes that `describe` wrote.
    /// - Throws: ``CheckFailure`` that names the descriptor and the wrong key.
    init(_ document: [UInt8]) throws(CheckFailure) {
        do throws(CheckFailure) {
            try self.init(reading: document)
        } catch {
            // Every check that opens a store needs it, and none of them is about it.
            throw CheckFailure(
                "the descriptor is wrong: \(error.found)", do: "correct what describe writes")
        }
    }

    private init(reading document: [UInt8]) throws(CheckFailure) {
        let root = Fields(try JSONValue(document), "it")
        let format = try root.integer("format")
        try require(format == 1, "its format is \(format), not 1")
        id = try root.text("id")
        version = try root.text("version")
        vendor = try root.text("vendor")
        _ = try root.text("summary")
        let addressing = try root.text("addressing")
        try require(
            ["place", "rows"].contains(addressing),
            "its addressing is \"\(addressing)\", not \"place\" or \"rows\"")
        isPlace = addressing == "place"
        graceMilliseconds = try root.has("grace_ms") ? root.integer("grace_ms") : 1000
        try require(
            (0...60_000).contains(graceMilliseconds),
            "its grace_ms is \(graceMilliseconds), not 0 to 60000")
        options = []
        var names: [String] = []
        for item in try root.array("options") {
            let name = try Fields(item, "an option").text("name")
            names.append(name)
            // Only a host knows the environment; a driver is given the option that it speaks of.
            if try Fields(item, "the option \(name)").text("type") == "variable" { continue }
            options.append(try Self.option(item))
        }
        capabilities = []
        for item in try root.array("capabilities") {
            capabilities.append(try Self.capability(item))
        }
        try Self.requireUnique(names, "option")
        for item in try root.array("options") { try requireVariable(item) }
        try Self.requireUnique(capabilities.map(\.id), "capability")
    }

    /// A variable must speak of an option that a driver receives.
    private func requireVariable(_ item: JSONValue) throws(CheckFailure) {
        let name = try Fields(item, "an option").text("name")
        let fields = Fields(item, "the option \(name)")
        guard try fields.text("type") == "variable" else { return }
        let other = try fields.text("of")
        try require(
            options.contains { $0.name == other },
            "the option \(name) is a variable of \"\(other)\", which is no option")
    }

    private static func requireUnique(_ names: [String], _ what: String) throws(CheckFailure) {
        for (index, name) in names.enumerated() where names[..<index].contains(name) {
            throw CheckFailure("the \(what) \(name) is there twice")
        }
    }

    private static func option(_ item: JSONValue) throws(CheckFailure) -> Option {
        let name = try Fields(item, "an option").text("name")
        let fields = Fields(item, "the option \(name)")
        let word = try fields.text("type")
        guard let type = typeNames.first(where: { $0.0 == word })?.1 else {
            throw CheckFailure("the option \(name) has the unknown type \"\(word)\"")
        }
        _ = try fields.text("summary")
        var choices: [String] = []
        if fields.has("choices") { choices = try fields.array("choices").compactMap(\.text) }
        try require(
            type != .choice || !choices.isEmpty, "the option \(name) is a choice without choices")
        let least = try fields.has("minimum") ? fields.integer("minimum") : .min
        let most = try fields.has("maximum") ? fields.integer("maximum") : .max
        try require(least <= most, "the option \(name) has a minimum over its maximum")
        return Option(
            name: name, type: type, isRequired: try fields.boolean("required"),
            defaultText: fields.has("default") ? try fields.text("default") : nil,
            choices: choices, bounds: least...most)
    }

    private static func capability(_ item: JSONValue) throws(CheckFailure) -> CapabilityReport {
        let id = try Fields(item, "a capability").text("id")
        let fields = Fields(item, "the capability \(id)")
        let level = try fields.integer("level")
        let limit = fields.has("limit") ? try fields.integer("limit") : 0
        try require(
            (0...1000).contains(level) && limit >= 0,
            "the capability \(id) has the level \(level) and the limit \(limit)")
        return CapabilityReport(
            id: id, level: CapabilityLevel(rawValue: UInt32(level)), limit: UInt64(limit),
            note: fields.has("note") ? try fields.text("note") : "")
    }
}

/// The members of one object of a document, by name and type.
private struct Fields {
    private let members: [String: JSONValue]?
    private let name: String

    init(_ value: JSONValue, _ name: String) {
        members = value.members
        self.name = name
    }

    func has(_ key: String) -> Bool { members?[key].map { $0 != .null } ?? false }

    private func value(_ key: String) throws(CheckFailure) -> JSONValue {
        guard let members else { throw CheckFailure("\(name) is not a JSON object") }
        guard let value = members[key] else { throw CheckFailure("\(name) has no \"\(key)\"") }
        return value
    }

    func text(_ key: String) throws(CheckFailure) -> String {
        guard let text = try value(key).text else { throw wrong(key, "a string") }
        return text
    }

    func integer(_ key: String) throws(CheckFailure) -> Int64 {
        guard let number = try value(key).integer else { throw wrong(key, "an integer") }
        return number
    }

    func boolean(_ key: String) throws(CheckFailure) -> Bool {
        guard case .boolean(let flag) = try value(key) else { throw wrong(key, "true or false") }
        return flag
    }

    func array(_ key: String) throws(CheckFailure) -> [JSONValue] {
        guard let elements = try value(key).elements else { throw wrong(key, "an array") }
        return elements
    }

    private func wrong(_ key: String, _ type: String) -> CheckFailure {
        CheckFailure("\"\(key)\" of \(name) is not \(type)")
    }
}
