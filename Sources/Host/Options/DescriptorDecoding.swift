internal import FoundationEssentials

/// The descriptor document, format 1; `docs/writing-a-driver.md` gives its schema.
private struct DescriptorDocument: Decodable {
    struct Option: Decodable {
        var name: String
        var type: String
        var summary: String
        var required: Bool
        var `default`: String?
        var environment: Names?
        var flat_key: Names?
        var minimum: Int64?
        var maximum: Int64?
        var choices: [String]?
        var of: String?
    }

    /// A name or an array of names.
    struct Names: Decodable {
        var all: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let one = try? container.decode(String.self) {
                all = [one]
            } else {
                all = try container.decode([String].self)
            }
        }
    }

    struct DeclaredCapability: Decodable {
        var id: String
        var level: UInt32
        var limit: UInt64?
        var note: String?
    }

    var format: Int
    var id: String
    var version: String
    var vendor: String
    var summary: String
    var addressing: String
    var grace_ms: Int64?
    var options: [Option]
    var capabilities: [DeclaredCapability]
}

/// Where a document differs from what was expected; empty where that is not known.
private func place(of error: any Error) -> String {
    let (keys, what): ([any CodingKey], String) =
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            (context.codingPath + [key], "is missing")
        case DecodingError.typeMismatch(_, let context): (context.codingPath, "has another type")
        case DecodingError.valueNotFound(_, let context): (context.codingPath, "is null")
        default: ([], "")
        }
    guard !keys.isEmpty else { return "" }
    let path = keys.map { key in key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)" }.joined()
    return ": \(shown(String(path.drop { $0 == "." }))) \(what)"
}

extension DriverDescriptor {
    /// The longest that a driver may claim to need after a deadline.
    private static let longestGraceMilliseconds: Int64 = 60_000

    /// Reads the document that the driver `driver` wrote.
    init(json: [UInt8], driver: String) throws(HostError) {
        func refused(_ message: String) -> HostError {
            HostError(
                .driverRefused, "the driver \(driver) describes itself wrongly: \(message)",
                advice: "report this to the driver's vendor", driver: driver)
        }
        let document: DescriptorDocument
        do {
            document = try JSONDecoder().decode(DescriptorDocument.self, from: Data(json))
        } catch {
            throw refused("its descriptor is not a document of format 1\(place(of: error))")
        }
        guard document.format == 1 else {
            throw refused("format \(document.format) is not known, only 1 is")
        }
        guard document.id == driver else { throw refused("it says it is \(shown(document.id))") }
        guard let addressing = Addressing(rawValue: document.addressing) else {
            throw refused("the addressing \(shown(document.addressing)) is not known")
        }
        let grace = document.grace_ms ?? 1000
        guard (0...Self.longestGraceMilliseconds).contains(grace) else {
            throw refused("a grace of \(grace) ms, at most 60000 are allowed")
        }
        var options: [OptionDescriptor] = []
        for option in document.options {
            guard let described = OptionDescriptor(option) else {
                throw refused("the option \(shown(option.name)) is not complete")
            }
            options.append(described)
        }
        self.init(
            id: document.id, version: document.version, vendor: document.vendor,
            summary: document.summary, addressing: addressing, grace: .milliseconds(grace),
            options: options, capabilities: Capabilities(document.capabilities))
        if let defect = optionDefect { throw refused(defect) }
    }

    /// What is wrong with the options, taken together.
    private var optionDefect: String? {
        var names: Set<String> = []
        var flatKeys: Set<String> = []
        for option in options {
            if !names.insert(option.name).inserted { return "two options \(shown(option.name))" }
            for key in option.flatKeys where !flatKeys.insert(key).inserted {
                return "two options with the flat key \(shown(key))"
            }
        }
        for option in options {
            guard case .variable(let other) = option.kind else { continue }
            let target = options.first { $0.name == other }
            if target == nil || target?.kind.isVariable == true {
                return "the option \(shown(option.name)) is a variable of \(shown(other))"
            }
        }
        return nil
    }
}

extension OptionDescriptor {
    fileprivate init?(_ option: DescriptorDocument.Option) {
        guard !option.name.isEmpty, let kind = Kind(option) else { return nil }
        self.init(
            name: option.name, kind: kind, summary: option.summary, isRequired: option.required,
            defaultValue: option.default, environment: option.environment?.all ?? [],
            flatKeys: option.flat_key?.all ?? [])
    }
}

extension OptionDescriptor.Kind {
    fileprivate init?(_ option: DescriptorDocument.Option) {
        switch option.type {
        case "string": self = .string
        case "secret": self = .secret
        case "integer":
            let minimum = option.minimum ?? .min
            let maximum = option.maximum ?? .max
            guard minimum <= maximum else { return nil }
            self = .integer(minimum...maximum)
        case "boolean": self = .boolean
        case "duration": self = .duration
        case "size": self = .size
        case "path": self = .path
        case "choice":
            guard let choices = option.choices, !choices.isEmpty else { return nil }
            self = .choice(choices)
        case "variable":
            guard let other = option.of else { return nil }
            self = .variable(of: other)
        default: return nil
        }
    }
}

extension Capabilities {
    fileprivate init(_ declared: [DescriptorDocument.DeclaredCapability]) {
        self.init(
            declared.map {
                let level: Capability.Level =
                    $0.level >= Capability.Level.native.rawValue
                    ? .native : $0.level >= Capability.Level.emulated.rawValue ? .emulated : .none
                return Capability($0.id, level, limit: $0.limit ?? 0, note: $0.note ?? "")
            })
    }
}
