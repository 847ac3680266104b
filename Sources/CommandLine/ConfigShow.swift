internal import ArgumentParser
internal import HoldfastConfiguration
internal import Host
internal import State

struct ConfigShow: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print every value of the configuration; never a secret.",
        usage: "holdfast config show [--origin] [<options>]",
        discussion: """
            The order is flag, environment, project file, user file, default. A secret is
            shown as [REDACTED]; where a driver is not installed, so is every option that
            may be one.

            EXAMPLES
              holdfast config show --origin
              holdfast config show -c runfabric.yml --json
            """)

    @Flag(help: "Print where each value comes from.")
    var origin = false

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) throws {
        let configuration = try context.configuration()
        let secrets = try secretOptions(of: configuration.stores.map(\.driver.value), context)
        let settings = configuration.settings { secrets[$0] }
        if context.console.isJSON {
            context.console.document([("settings", .array(settings.map(Self.json)))])
        } else {
            show(settings, context.console)
        }
    }

    /// The names and flat keys of each driver's secret options; none for one that cannot be asked.
    private func secretOptions(
        of drivers: [String], _ context: Context
    ) throws -> [String: Set<String>] {
        try context.call { host, _ in
            var secrets: [String: Set<String>] = [:]
            for id in Set(drivers) {
                guard let descriptor = try? host.driver(id) else { continue }
                let options = descriptor.options.filter { $0.kind == .secret }
                secrets[id] = Set(options.flatMap { [$0.name] + $0.flatKeys })
            }
            return secrets
        }
    }

    private func show(_ settings: [Setting], _ console: Console) {
        guard origin else {
            for setting in settings {
                console.line("\(setting.key): \(Table.visible(Self.text(setting)))")
            }
            return
        }
        var table = Table(("KEY", .left), ("VALUE", .left), ("ORIGIN", .left))
        for setting in settings {
            table.add(setting.key, Self.text(setting), setting.origin.description)
        }
        table.lines.forEach(console.line)
    }

    private static func text(_ setting: Setting) -> String {
        setting.isList
            ? "[\(setting.values.joined(separator: ", "))]" : setting.values.first ?? ""
    }

    private static func json(_ setting: Setting) -> JSONValue {
        let values = setting.values.map { JSONValue.string($0) }
        var origin: [(String, JSONValue)] = [
            ("kind", .string(setting.origin.kind)),
            ("description", .string(setting.origin.description)),
        ]
        if let location = setting.origin.location {
            origin += [
                ("file", .string(location.file)), ("line", .integer(location.line)),
                ("column", .integer(location.column)),
            ]
        }
        return .members([
            ("key", .string(setting.key)),
            ("value", setting.isList ? .array(values) : values.first ?? .null),
            ("origin", .members(origin)),
        ])
    }
}
