internal import ArgumentParser
internal import Host
internal import State

struct DriverList: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the installed drivers; none of them is run.",
        usage: "holdfast driver list [<options>]",
        discussion: """
            EXAMPLES
              holdfast driver list
              holdfast driver list --driver-path ./build/drivers --json
            """)

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) {
        let host = context.host
        let drivers = host.installedDrivers().map(InspectedDriver.init)
        let directories = host.search.directories
        guard !context.console.isJSON else {
            return context.console.document([
                ("drivers", .array(drivers.map(\.json))),
                (
                    "searched",
                    .array(
                        directories.map {
                            .members([("path", .string($0.path)), ("origin", .string($0.origin))])
                        })
                ),
            ])
        }
        guard !drivers.isEmpty else {
            context.console.done("no drivers are installed; searched:")
            for directory in directories {
                context.console.done("  \(directory.path) (\(directory.origin))")
            }
            return
        }
        var table = Table(
            ("ID", .left), ("VERSION", .left), ("STATUS", .left), ("SUMMARY", .left),
            ("WHERE", .left), ("PINNED BY", .left))
        for driver in drivers {
            let manifest = driver.installed.manifest
            table.add(
                driver.installed.id, manifest?.version ?? "-", driver.status,
                manifest?.summary ?? "-", driver.installed.folder,
                driver.installed.pin?.origin ?? "-")
        }
        table.lines.forEach(context.console.line)
    }
}

/// An installed driver and whether it can be used.
private struct InspectedDriver {
    let installed: InstalledDriver

    init(_ installed: InstalledDriver) { self.installed = installed }

    /// Why it cannot; `nil` when it can.
    private var problem: String? { installed.problem?.message }

    /// Whether it is used, in a word and a reason.
    var status: String {
        if let folder = installed.shadowedBy { return "not used: \(folder) comes first" }
        return problem.map { "refused: \($0)" } ?? "ok"
    }

    var json: JSONValue {
        let manifest = installed.manifest
        let word = installed.shadowedBy != nil ? "shadowed" : problem == nil ? "ok" : "refused"
        return .members([
            ("id", .string(installed.id)), ("version", .text(manifest?.version)),
            ("status", .string(word)), ("reason", .text(problem)),
            ("summary", .text(manifest?.summary)), ("publisher", .text(manifest?.publisher)),
            ("license", .text(manifest?.license)), ("folder", .string(installed.folder)),
            ("shadowed_by", .text(installed.shadowedBy)), ("pin", installed.pin.json),
        ])
    }
}
