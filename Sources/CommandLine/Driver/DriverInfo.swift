internal import ArgumentParser
internal import Host
internal import State

struct DriverInfo: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Load a driver and print its options and capabilities.",
        usage: "holdfast driver info <id> [<options>]",
        discussion: """
            EXAMPLE
              holdfast driver info sqlite
            """)

    @Argument(help: ArgumentHelp("The driver's id.", valueName: "id"))
    var id: String

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) throws {
        let id = id
        let (descriptor, pin, confinement) = try context.call { host, _ in
            try Failure.ofDriver { () throws(HostError) in
                (try host.driver(id), try host.pin(of: id), try host.confinement(of: id))
            }
        }
        guard !context.console.isJSON else {
            return context.console.document([("driver", descriptor.json(pin, confinement))])
        }
        let console = context.console
        console.fields([
            ("id", descriptor.id), ("version", descriptor.version), ("vendor", descriptor.vendor),
            ("summary", descriptor.summary), ("addressing", descriptor.addressing.rawValue),
            ("pinned by", pin?.place ?? "no lock file"),
            ("isolation", confinement.isolation.rawValue),
        ])
        for part in confinement.parts { console.line(part.text) }
        console.line("")
        show(descriptor.options, console)
        console.line("")
        show(descriptor.capabilities, console)
    }

    private func show(_ options: [OptionDescriptor], _ console: Console) {
        guard !options.isEmpty else { return console.line("It takes no options.") }
        var table = Table(
            ("OPTION", .left), ("BACKEND KEY", .left), ("TYPE", .left), ("DEFAULT", .left),
            ("MEANING", .left))
        for option in options {
            var meaning = option.summary
            if !option.environment.isEmpty {
                meaning += " (or the variable \(option.environment.joined(separator: ", ")))"
            }
            table.add(
                option.name,
                option.flatKeys.isEmpty ? "-" : option.flatKeys.joined(separator: ", "),
                option.kind.text,
                option.isRequired ? "required" : option.defaultValue ?? "-", meaning)
        }
        table.lines.forEach(console.line)
    }

    private func show(_ capabilities: Capabilities, _ console: Console) {
        var table = Table(
            ("CAPABILITY", .left), ("LEVEL", .left), ("LIMIT", .right), ("NOTE", .left))
        for capability in capabilities.all {
            table.add(
                capability.id, "\(capability.level)",
                capability.limit == 0 ? "-" : "\(capability.limit)", capability.note)
        }
        table.lines.forEach(console.line)
    }
}

extension OptionDescriptor.Kind {
    /// The type's name.
    fileprivate var word: String {
        switch self {
        case .string: "string"
        case .secret: "secret"
        case .integer: "integer"
        case .boolean: "boolean"
        case .duration: "duration"
        case .size: "size"
        case .path: "path"
        case .choice: "choice"
        case .variable: "variable"
        }
    }

    /// The type with its bounds or words.
    fileprivate var text: String {
        switch self {
        case .integer(let bounds): "integer \(bounds.lowerBound)…\(bounds.upperBound)"
        case .choice(let words): words.joined(separator: "|")
        case .variable(let other): "variable of \(other)"
        default: word
        }
    }
}

extension DriverDescriptor {
    /// The descriptor as `--json` gives it.
    fileprivate func json(_ pin: DriverPin?, _ confinement: DriverConfinement) -> JSONValue {
        .members([
            ("id", .string(id)), ("version", .string(version)), ("vendor", .string(vendor)),
            ("summary", .string(summary)), ("addressing", .string(addressing.rawValue)),
            ("grace_ms", .integer(grace.nanoseconds / 1_000_000)),
            ("pin", pin.json), ("isolation", .string(confinement.isolation.rawValue)),
            ("sandbox", .array(confinement.parts.map(\.json))),
            ("options", .array(options.map(\.json))),
            ("capabilities", capabilities.json),
        ])
    }
}

extension Capabilities {
    /// The capabilities as every command gives them.
    var json: JSONValue {
        .array(
            all.map {
                .members([
                    ("id", .string($0.id)), ("level", .string("\($0.level)")),
                    ("limit", .integer($0.limit)), ("note", .filled($0.note)),
                ])
            })
    }
}

extension OptionDescriptor {
    fileprivate var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("name", .string(name)), ("type", .string(kind.word)), ("summary", .string(summary)),
            ("required", .bool(isRequired)), ("default", .text(defaultValue)),
            ("environment", .array(environment.map { .string($0) })),
            ("flat_key", .array(flatKeys.map { .string($0) })),
        ]
        switch kind {
        case .integer(let bounds):
            members.append(("minimum", .integer(bounds.lowerBound)))
            members.append(("maximum", .integer(bounds.upperBound)))
        case .choice(let words):
            members.append(("choices", .array(words.map { .string($0) })))
        case .variable(let other): members.append(("of", .string(other)))
        default: break
        }
        return .members(members)
    }
}

extension DriverConfinement.Part {
    /// The part for people.
    fileprivate var text: String {
        "  \(isActive ? "active" : "not active"): \(Table.visible(name))"
            + (detail.isEmpty ? "" : ", \(Table.visible(detail))")
    }

    fileprivate var json: JSONValue {
        .members([
            ("name", .string(name)), ("active", .bool(isActive)), ("detail", .filled(detail)),
        ])
    }
}
