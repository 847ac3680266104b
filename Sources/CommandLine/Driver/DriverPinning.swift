internal import ArgumentParser
internal import Host
internal import State

struct DriverPinCommand: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Trust an installed driver as it is: write its sha256 to the lock file.",
        usage: "holdfast driver pin <id> [<options>]",
        discussion: """
            Look into the driver first: from now on every other file of this id is refused.

            EXAMPLE
              holdfast driver pin acme
            """)

    @Argument(help: ArgumentHelp("The driver's id.", valueName: "id"))
    var id: String

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) throws {
        let change = try context.asked { host throws(HostError) in try host.pinDriver(id) }
        let console = context.console
        guard !console.isJSON else {
            return console.document([("pinned", change.json("replaced"))])
        }
        console.fields([
            ("pinned", "\(change.id) \(Table.visible(change.version))"), ("folder", change.folder),
            ("library", change.digests?.library ?? ""),
            ("manifest", change.digests?.manifest ?? ""), ("lock file", change.lockFile),
        ])
    }
}

struct DriverUnpinCommand: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin", abstract: "Remove a driver's sha256 from the lock file.",
        usage: "holdfast driver unpin <id> [<options>]",
        discussion: """
            EXAMPLE
              holdfast driver unpin acme
            """)

    @Argument(help: ArgumentHelp("The driver's id.", valueName: "id"))
    var id: String

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) throws {
        let (file, other) = try context.host.unpinDriver(id)
        let console = context.console
        guard !console.isJSON else {
            return console.document([
                ("unpinned", .string(id)), ("lock_file", .string(file)), ("pin", other.json),
            ])
        }
        console.line("unpinned \(id) in \(file)")
        if let other { console.notice("it is still pinned by \(other.place)") }
    }
}
