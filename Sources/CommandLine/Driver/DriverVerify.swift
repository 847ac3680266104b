internal import ArgumentParser
internal import Host
internal import State

struct DriverVerify: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Hash the files of installed drivers and compare them with their pins.",
        usage: "holdfast driver verify [<id>] [<options>]",
        discussion: """
            Ends with exit code 6 when a file is not the one that was pinned, with 3 when
            the driver that was named is not pinned, and with 1 when one is refused for
            another reason.

            EXAMPLES
              holdfast driver verify
              holdfast driver verify sqlite --json
            """)

    @Argument(help: ArgumentHelp("The driver's id (default: all).", valueName: "id"))
    var id: String?

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) throws {
        let id = id
        let found = try context.asked { host throws(HostError) in try host.verifyDrivers(id) }
        context.status = status(found)
        let console = context.console
        guard !console.isJSON else {
            return console.document([("drivers", .array(found.map(\.json)))])
        }
        var table = Table(
            ("ID", .left), ("RESULT", .left), ("LIBRARY", .left), ("MANIFEST", .left),
            ("PINNED BY", .left))
        for driver in found {
            table.add(
                driver.id, driver.outcome.rawValue, Human.short(driver.digests.library),
                Human.short(driver.digests.manifest), driver.pin?.place ?? "-")
        }
        table.lines.forEach(console.line)
        for driver in found {
            guard let problem = driver.problem else { continue }
            console.line(
                "problem:  \(driver.id): \(Table.visible(problem.message)); \(problem.advice)")
        }
    }

    private func status(_ found: [DriverVerification]) -> ExitStatus {
        if found.contains(where: { $0.outcome == .differs }) { return .integrity }
        if found.contains(where: { $0.problem?.code == .driversLock }) { return .usage }
        if found.contains(where: { $0.outcome == .refused }) { return .failure }
        return id != nil && found.contains { $0.outcome == .unpinned } ? .notFound : .ok
    }
}

extension DriverVerification {
    /// The comparison as `--json` gives it.
    fileprivate var json: JSONValue {
        .members(
            [
                ("id", .string(id)), ("result", .string(outcome.rawValue)),
                ("folder", .filled(folder)),
            ] + digests.members + [("pin", pin.json), ("reason", .text(problem?.message))])
    }
}
