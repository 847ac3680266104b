internal import ArgumentParser
internal import Host
internal import State

struct StateList: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List states.",
        usage: "holdfast state list [<prefix>] [<options>]",
        discussion: """
            EXAMPLES
              holdfast state list
              holdfast state list receipts/shop
              holdfast state list production/ --json
            """)

    @Argument(
        help: ArgumentHelp(
            "Only addresses that start with this; a path alone is terraform's.",
            valueName: "prefix"))
    var prefix = ""

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) throws {
        let selection = StateSelection(prefix)
        let states = try context.withStore("list states of", ifMissing: .gives([])) {
            opened, call in
            try selection.summaries(in: opened, call).filter { $0.summary.isThere }
        }
        if context.console.isJSON {
            context.console.document([
                ("states", .array(states.map { .members($0.summary.json($0.address)) }))
            ])
        } else {
            show(states, context.console)
        }
        for (address, summary) in states {
            guard let problem = summary.problem else { continue }
            context.console.notice("\(address): \(problem.message)")
            context.status = .integrity
        }
    }

    private func show(
        _ states: [(address: StateAddress, summary: StateSummary)], _ console: Console
    ) {
        guard !states.isEmpty else { return console.done("no states") }
        var table = Table(
            ("ADDRESS", .left), ("SERIAL", .right), ("SIZE", .right), ("CHANGED", .left),
            ("LOCK", .left))
        let now = WallClock.now
        for (address, summary) in states {
            let version = summary.current
            table.add(
                address.description, version?.serial.map { "\($0)" } ?? "-",
                version.map { Human.size($0.byteCount) } ?? "-",
                version.map { Human.ago($0.createdNanoseconds, now: now) } ?? "-",
                summary.lock.map { "held by \($0.holder)\($0.isFenced ? "" : " (unfenced)")" } ?? ""
            )
        }
        table.lines.forEach(console.line)
    }
}

extension StateSummary {
    /// Whether anything is there; of a state that was removed only its history is.
    fileprivate var isThere: Bool { current != nil || lock != nil || problem != nil }
}
