internal import ArgumentParser
internal import Host
internal import State

struct LockShow: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show who holds the lock of a state.",
        usage: "holdfast lock show <address> [<options>]",
        discussion: """
            EXAMPLE
              holdfast lock show terraform/network
            """)

    @Argument(help: AddressArgument.help)
    var address: AddressArgument

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) throws {
        let address = try address.resolve()
        let summary = try context.withStore("show the lock of", on: address) { opened, call in
            guard let summary = try opened.states(address.kind).summary(address.path, call) else {
                throw opened.notFound(address, call)
            }
            return summary
        }
        guard !context.console.isJSON else {
            return context.console.document([
                ("address", .string(address.description)),
                ("lock", summary.lock.map { .members($0.json) } ?? .null),
                ("fence", .integer(summary.fence)), ("lock_store", .text(summary.lockStore)),
            ])
        }
        guard let lock = summary.lock else {
            return context.console.fields(
                [
                    ("address", address.description), ("lock", "free"),
                    ("fence", "\(summary.fence)"),
                ] + Self.note(summary))
        }
        context.console.fields(
            lock.fields(at: address, now: WallClock.now) + Self.note(summary))
    }
}

extension LockShow {
    private static func note(_ summary: StateSummary) -> [(String, String)] {
        summary.lockStore.map { [("note", UnfencedLock.note($0))] } ?? []
    }
}

extension HeldLock {
    /// The lock for people.
    fileprivate func fields(at address: StateAddress, now: Int64) -> [(String, String)] {
        var fields = [
            ("address", address.description), ("id", info.id), ("who", info.who),
            ("operation", info.operation), ("info", info.info), ("created", info.created),
            ("client version", info.version), ("path", info.path),
        ].filter { !$0.1.isEmpty }
        fields.append(("held for", Timestamp.span(from: acquiredNanoseconds, to: now)))
        fields.append(("last seen", Human.ago(lastSeenNanoseconds, now: now)))
        fields.append(
            ("lease", lease.map { "\($0.duration.nanoseconds / 1_000_000) ms" } ?? "until released")
        )
        fields.append(("fence", "\(fence)"))
        return fields
    }
}
