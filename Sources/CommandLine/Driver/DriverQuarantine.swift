internal import ArgumentParser
internal import Host
internal import State

/// The commands of `holdfast driver quarantine`.
struct QuarantineGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "See which drivers crashed, and let one run again.",
        discussion: """
            A driver that crashes too often in a process of its own is not run any more;
            drivers in holdfast.yml says how often that is. It counts by the hash of the
            library, so that a mended driver starts anew.

            EXAMPLE
              holdfast driver quarantine list
            """,
        subcommands: [QuarantineList.self, QuarantineClear.self])
}

struct QuarantineList: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the drivers that crashed, and those not run any more.",
        usage: "holdfast driver quarantine list [<options>]",
        discussion: """
            EXAMPLE
              holdfast driver quarantine list --json
            """)

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) throws {
        let records = try context.quarantine.records()
        let console = context.console
        guard !console.isJSON else {
            return console.document([("drivers", .array(records.map(\.json)))])
        }
        guard !records.isEmpty else { return console.done("no driver crashed") }
        var table = Table(
            ("ID", .left), ("LIBRARY", .left), ("STATUS", .left), ("CRASHES", .right),
            ("LAST", .left), ("CAUSE", .left))
        for record in records {
            table.add(
                record.driver, Human.short(record.library),
                record.since == nil ? "runs" : "quarantined",
                "\(record.crashCount)",
                record.lastCrashes.last.map { Human.ago($0.nanoseconds, now: WallClock.now) }
                    ?? "-",
                record.lastCrashes.last?.cause ?? "-")
        }
        table.lines.forEach(console.line)
    }
}

struct QuarantineClear: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear", abstract: "Forget the crashes of a driver, so that it is run again.",
        usage: "holdfast driver quarantine clear (<id> | --all) [<options>]",
        discussion: """
            A daemon that runs starts the driver again at the next call that needs it.

            EXAMPLE
              holdfast driver quarantine clear acme
            """)

    @Argument(
        help: ArgumentHelp("The driver's id, or the sha256 of its library.", valueName: "id"))
    var id: String?

    @Flag(help: "Forget the crashes of every driver.")
    var all = false

    @OptionGroup(title: "Common options") var common: CommonOptions

    func validate() throws {
        guard (id != nil) != all else {
            throw ValidationError("give a driver's id, or --all")
        }
    }

    func perform(_ context: Context) throws {
        let cleared = try context.quarantine.clear(id)
        let console = context.console
        guard !console.isJSON else {
            return console.document([("cleared", .array(cleared.map(\.json)))])
        }
        for record in cleared {
            console.line("cleared \(record.driver) (\(Human.short(record.library)))")
        }
    }
}

extension QuarantineRecord {
    /// The record as `--json` gives it.
    fileprivate var json: JSONValue {
        .members([
            ("id", .string(driver)), ("library_sha256", .string(library)),
            ("quarantined", .bool(since != nil)),
            (
                "quarantined_at",
                .text(since.map { Timestamp.text(nanoseconds: $0 * 1_000_000_000) })
            ),
            ("crashes", .integer(crashCount)),
            (
                "last_crashes",
                .array(
                    lastCrashes.map {
                        .members([
                            ("at", .string(Timestamp.text(nanoseconds: $0.nanoseconds))),
                            ("cause", .string($0.cause)),
                        ])
                    })
            ),
        ])
    }
}

extension QuarantineRecord.Crash {
    /// When, in nanoseconds since 1970.
    fileprivate var nanoseconds: Int64 { time * 1_000_000_000 }
}
