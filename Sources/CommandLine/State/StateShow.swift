internal import ArgumentParser
internal import Host
internal import State

struct StateShow: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a state: its version, its lock and what was refused.",
        usage: "holdfast state show <address> [<options>]",
        discussion: """
            EXAMPLE
              holdfast state show terraform/network
            """)

    @Argument(help: AddressArgument.help)
    var address: AddressArgument

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) throws {
        let address = try address.resolve()
        let (summary, orphans) = try context.withStore("show", on: address) { opened, call in
            let states = opened.states(address.kind)
            guard let summary = try states.summary(address.path, call) else {
                throw opened.notFound(address, call)
            }
            return (summary, try states.orphans(address.path, call))
        }
        guard !context.console.isJSON else {
            return context.console.document([
                ("state", .members(summary.json(address))),
                ("orphans", .array(orphans.map { .members($0.json) })),
            ])
        }
        show(address, summary, orphans, context.console)
    }

    private func show(
        _ address: StateAddress, _ summary: StateSummary, _ orphans: [Orphan], _ console: Console
    ) {
        let now = WallClock.now
        var fields = [("address", address.description)]
        if let version = summary.current {
            fields += version.fields(now: now)
        } else {
            fields.append(("version", "none: it was removed or never written"))
        }
        let lock = summary.lock.map { "\($0.info.id), \($0.holder), \($0.age(now: now))" } ?? "free"
        let note = summary.lockStore.map { "; \(UnfencedLock.note($0))" } ?? ""
        fields.append(("lock", lock + note))
        fields.append(("fence", "\(summary.fence)"))
        if let problem = summary.problem { fields.append(("problem", problem.message)) }
        for orphan in orphans {
            let age = Human.ago(orphan.createdNanoseconds, now: now)
            fields.append(
                (
                    "refused",
                    "\(orphan.id), \(Human.size(orphan.byteCount)), \(age), \(orphan.reason)"
                ))
        }
        console.fields(fields)
    }
}

extension StateVersion {
    /// The version for people.
    func fields(now: Int64) -> [(String, String)] {
        var fields = [
            ("version", id), ("size", "\(Human.size(byteCount)) (\(byteCount) bytes)"),
            ("sha256", sha256), ("changed", Human.ago(createdNanoseconds, now: now)),
        ]
        if let serial { fields.append(("serial", "\(serial)")) }
        if let lineage { fields.append(("lineage", lineage)) }
        if let tool { fields.append(("written with", tool)) }
        if !writer.isEmpty { fields.append(("written by", writer)) }
        if !lockID.isEmpty { fields.append(("under lock", lockID)) }
        if isEncrypted { fields.append(("encrypted", "yes, by its client")) }
        if !isJSON { fields.append(("note", "its bytes are not JSON")) }
        if !events.isEmpty { fields.append(("events", events.joined(separator: ", "))) }
        return fields
    }
}

extension Orphan {
    /// The orphan as JSON.
    var json: [(String, JSONValue)] {
        [
            ("id", .string(id)), ("bytes", .integer(byteCount)), ("sha256", .string(sha256)),
            ("reason", .string(reason)), ("writer", .filled(writer)),
            ("lock_id", .filled(lockID)), ("created", .time(createdNanoseconds)),
        ]
    }
}

extension Console {
    /// Adds a line for each field, values aligned.
    func fields(_ fields: [(String, String)]) {
        let width = fields.map(\.0.count).max() ?? 0
        for (name, value) in fields {
            let space = String(repeating: " ", count: width - name.count + 2)
            line("\(name):\(space)\(Table.visible(value))")
        }
    }
}
