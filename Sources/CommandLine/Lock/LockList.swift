internal import ArgumentParser
internal import Host
internal import State

struct LockList: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the locks that are held.",
        usage: "holdfast lock list [<prefix>] [<options>]",
        discussion: """
            EXAMPLE
              holdfast lock list
            """)

    @Argument(
        help: ArgumentHelp(
            "Only addresses that start with this; a path alone is terraform's.",
            valueName: "prefix"))
    var prefix = ""

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) throws {
        let selection = StateSelection(prefix)
        let locks = try context.withStore("list locks of", ifMissing: .gives([])) { opened, call in
            try selection.summaries(in: opened, call).compactMap { address, summary in
                summary.lock.map { (address: address, lock: $0) }
            }
        }
        guard !context.console.isJSON else {
            return context.console.document([
                ("locks", .array(locks.map { .members($0.lock.json(at: $0.address)) }))
            ])
        }
        guard !locks.isEmpty else { return context.console.done("no locks are held") }
        var table = Table(
            ("ADDRESS", .left), ("ID", .left), ("WHO", .left), ("OPERATION", .left),
            ("HELD FOR", .left), ("LAST SEEN", .left), ("FENCED", .left))
        let now = WallClock.now
        for (address, lock) in locks {
            table.add(
                address.description, lock.info.id, lock.info.who, lock.info.operation,
                Timestamp.span(from: lock.acquiredNanoseconds, to: now),
                Human.ago(lock.lastSeenNanoseconds, now: now), lock.isFenced ? "yes" : "no")
        }
        table.lines.forEach(context.console.line)
        // All are of one store.
        if let note = locks.lazy.compactMap(\.lock.unfencedNote).first {
            context.console.notice(note)
        }
    }
}

extension HeldLock {
    /// The lock with the address of its state.
    func json(at address: StateAddress) -> [(String, JSONValue)] {
        [("address", .string(address.description))] + json
    }
}
