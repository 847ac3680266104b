internal import ArgumentParser
internal import Host
internal import State

struct VersionCommand: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version of Holdfast and of its driver interface.",
        usage: "holdfast version [<options>]",
        discussion: """
            EXAMPLE
              holdfast version --json
            """)

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) {
        let console = context.console
        guard !console.isJSON else {
            return console.document([
                ("version", .string(HoldfastVersion.current)),
                ("driver_interface", .string(HoldfastVersion.driverInterface)),
            ])
        }
        console.line(
            "holdfast \(HoldfastVersion.current) "
                + "(driver interface \(HoldfastVersion.driverInterface))")
    }
}
