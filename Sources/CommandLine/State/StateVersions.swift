internal import ArgumentParser
internal import Host
internal import State

struct StateVersions: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions", abstract: "List the versions of a state, newest first.",
        usage: "holdfast state versions <address> [<options>]",
        discussion: """
            EXAMPLE
              holdfast state versions terraform/network
            """)

    @Argument(help: AddressArgument.help)
    var address: AddressArgument

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) throws {
        let address = try address.resolve()
        let versions = try context.withStore("list the versions of", on: address) { opened, call in
            let states = opened.states(address.kind)
            let versions = try states.versions(address.path, call)
            if versions.isEmpty, try states.summary(address.path, call) == nil {
                throw opened.notFound(address, call)
            }
            return versions
        }
        guard !context.console.isJSON else {
            return context.console.document([
                ("address", .string(address.description)),
                ("versions", .array(versions.map { .members($0.json) })),
            ])
        }
        guard !versions.isEmpty else { return context.console.done("no versions") }
        var table = Table(
            ("VERSION", .left), ("SERIAL", .right), ("SIZE", .right), ("CHANGED", .left),
            ("SHA256", .left), ("WRITTEN BY", .left), ("EVENTS", .left))
        let now = WallClock.now
        for version in versions {
            table.add(
                version.id, version.serial.map { "\($0)" } ?? "-", Human.size(version.byteCount),
                Human.ago(version.createdNanoseconds, now: now), Human.short(version.sha256),
                version.writer, version.events.joined(separator: ", "))
        }
        table.lines.forEach(context.console.line)
    }
}
