internal import ArgumentParser
internal import Host
internal import State

struct DriverInspect: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Check a driver's folder as loading it would, and run none of its code.",
        usage: "holdfast driver inspect <path> [<options>]",
        discussion: """
            Ends with exit code 1 when the driver would be refused, with 6 when it is not
            the one that was pinned.

            EXAMPLE
              holdfast driver inspect /usr/lib/holdfast/drivers/sqlite
            """)

    @Argument(
        help: ArgumentHelp("The folder with driver.so and driver.toml.", valueName: "path"))
    var path: String

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) {
        let inspection = context.host.inspect(path: path)
        let differs = inspection.problems.contains { $0.code == "pin" }
        context.status = inspection.problems.isEmpty ? .ok : differs ? .integrity : .failure
        guard !context.console.isJSON else {
            return context.console.document([("inspection", inspection.json)])
        }
        let console = context.console
        let manifest = inspection.manifest
        console.fields(
            [
                ("folder", inspection.folder), ("library", inspection.libraryPath),
                ("id", inspection.id), ("version", manifest?.version ?? ""),
                ("publisher", manifest?.publisher ?? ""), ("license", manifest?.license ?? ""),
                ("summary", manifest?.summary ?? ""),
                ("exports", inspection.exportedSymbols.joined(separator: ", ")),
                ("needs", inspection.neededLibraries.joined(separator: ", ")),
                ("library sha256", inspection.digests.library),
                ("manifest sha256", inspection.digests.manifest),
                ("pinned by", inspection.pin?.place ?? "no lock file"),
                ("loadable", inspection.problems.isEmpty ? "yes" : "no"),
            ].filter { !$0.1.isEmpty })
        for problem in inspection.problems {
            console.line(
                "problem:  \(Table.visible(problem.code)): "
                    + (problem.path.isEmpty ? "" : "\(problem.path): ")
                    + "\(Table.visible(problem.message)); \(problem.remedy)")
        }
    }
}

extension DriverInspection {
    /// The inspection as `--json` gives it.
    fileprivate var json: JSONValue {
        .members([
            ("folder", .string(folder)), ("library", .filled(libraryPath)), ("id", .filled(id)),
            ("version", .text(manifest?.version)), ("publisher", .text(manifest?.publisher)),
            ("license", .text(manifest?.license)), ("summary", .text(manifest?.summary)),
            ("exports", .array(exportedSymbols.map { .string($0) })),
            ("needs", .array(neededLibraries.map { .string($0) })),
            ("library_sha256", .filled(digests.library)),
            ("manifest_sha256", .filled(digests.manifest)), ("pin", pin.json),
            ("loadable", .bool(problems.isEmpty)),
            (
                "problems",
                .array(
                    problems.map {
                        .members([
                            ("code", .string($0.code)), ("path", .string($0.path)),
                            ("message", .string($0.message)), ("remedy", .filled($0.remedy)),
                        ])
                    })
            ),
        ])
    }
}
