internal import ArgumentParser
internal import Host
internal import State

struct DriverInstall: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Check a driver, copy it to where drivers are looked for, and pin it.",
        usage: "holdfast driver install <path> [--replace] [<options>]",
        discussion: """
            Everything is checked before anything is copied; none of the driver's code
            is run. The sha256 of its files goes to the operator's lock file.

            EXAMPLES
              holdfast driver install ./acme-1.2.0
              holdfast driver install build/driver.so --replace
            """)

    @Argument(
        help: ArgumentHelp(
            "A driver's folder, or its library with driver.toml beside it.", valueName: "path"))
    var path: String

    @Option(
        help: ArgumentHelp(
            "Install into this directory (default: the user's, or the system's for root).",
            valueName: "dir"))
    var directory: String?

    @Flag(help: "Replace an installed driver of the same id, and its pin.")
    var replace = false

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) throws {
        let change = try context.host.installDriver(path, into: directory, replaces: replace)
        let console = context.console
        guard !console.isJSON else {
            return console.document([("installed", change.json("replaced"))])
        }
        console.line("installed \(change.id) \(Table.visible(change.version)) in \(change.folder)")
        console.line("pinned in \(change.lockFile)")
        if let other = change.shadowedBy {
            console.notice("it is not used while \(other) comes first; see holdfast driver list")
        } else if !context.host.search.directories.contains(where: {
            change.folder == "\($0.path)/\(change.id)"
        }) {
            console.notice("to be found there, its directory needs --driver-path")
        }
    }
}
