internal import ArgumentParser
internal import Host
internal import State

struct StateRemove: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove a state.",
        usage: "holdfast state rm <address> [--lock-id <id>] [<options>]",
        discussion: """
            While somebody holds the state's lock, this is refused unless --lock-id gives
            it.

            EXAMPLE
              holdfast state rm terraform/old-network
            """)

    @Argument(help: AddressArgument.help)
    var address: AddressArgument

    @Option(
        name: .customLong("lock-id"),
        help: ArgumentHelp("The id of the lock that you hold.", valueName: "id"))
    var lockID: String?

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) throws {
        let address = try address.resolve()
        let lockID = lockID
        try context.withStore("remove", on: address) { opened, call in
            let states = opened.states(address.kind)
            guard try states.remove(address.path, lockID: lockID, call) else {
                throw opened.notFound(address, call)
            }
        }
        if context.console.isJSON {
            context.console.document([
                ("address", .string(address.description)), ("removed", .bool(true)),
            ])
        }
        context.console.done("\(address): removed")
    }
}
