internal import ArgumentParser
internal import Host
internal import State

struct DriverRemove: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a driver that was installed, and its pin.",
        usage: "holdfast driver remove <id> [<options>]",
        discussion: """
            What came with Holdfast itself is not removed.

            EXAMPLE
              holdfast driver remove acme
            """)

    @Argument(help: ArgumentHelp("The driver's id.", valueName: "id"))
    var id: String

    @Option(
        help: ArgumentHelp(
            "Remove it from this directory (default: the user's, or the system's for root).",
            valueName: "dir"))
    var directory: String?

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) throws {
        let change = try context.host.removeDriver(id, from: directory)
        let console = context.console
        guard !console.isJSON else {
            return console.document([("removed", change.json("unpinned"))])
        }
        console.line("removed \(change.id) from \(change.folder)")
        if change.changedEarlier { console.line("unpinned in \(change.lockFile)") }
    }
}
