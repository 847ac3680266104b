internal import ArgumentParser
internal import Host
internal import State

struct DriverNew: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make the project of a new driver from a template.",
        usage: "holdfast driver new <name> --language <language> [<options>]",
        discussion: """
            The driver keeps objects in memory and is complete; put your storage in
            its place. The folder is built with make.

            EXAMPLE
              holdfast driver new acme --language c
              make -C acme
              holdfast driver inspect acme/build/acme
            """)

    @Argument(
        help: ArgumentHelp(
            "The driver's id: 1 to 32 of a-z, 0-9 and -, first a letter.", valueName: "name"))
    var name: String

    @Option(help: ArgumentHelp("The language to write it in.", valueName: "language"))
    var language: Language

    @Option(
        help: ArgumentHelp(
            "The folder to make (default: one of the driver's name).", valueName: "dir"))
    var folder: String?

    @OptionGroup(title: "Common options") var common: CommonOptions

    /// The languages that there are templates for.
    enum Language: String, ExpressibleByArgument, CaseIterable { case c, cpp, rust, swift }

    func perform(_ context: Context) throws {
        guard isDriverID(name) else {
            throw Failure(
                .usage, "usage", "'\(Table.visible(name))' cannot be a driver's name",
                hint: "use 1 to 32 of a-z, 0-9 and -, with a letter first")
        }
        let folder = folder ?? name
        let template = try DriverTemplate(language.rawValue, executable: Context.executablePath)
        try template.make(folder, name: name)
        let library = folder + (folder.hasSuffix("/") ? "" : "/") + "build/\(name)"
        guard context.console.isJSON else {
            context.console.done(
                "made \(Table.visible(folder)); 'make -C \(Table.visible(folder))' builds "
                    + Table.visible(library))
            return
        }
        context.console.document([
            (
                "project",
                .members([
                    ("id", .string(name)), ("language", .string(language.rawValue)),
                    ("folder", .string(folder)), ("builds", .string(library)),
                ])
            )
        ])
    }
}
