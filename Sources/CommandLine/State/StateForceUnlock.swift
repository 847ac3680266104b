internal import ArgumentParser
internal import State

struct StateForceUnlock: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "force-unlock", abstract: "Break the lock of a receipt or a state.",
        usage: """
            holdfast state force-unlock <address> [<options>]
            holdfast state force-unlock --provider <name> [--stage <name>]
            """,
        discussion: """
            The same as lock release --force; a receipt is named by its parts.

            EXAMPLE
              holdfast state force-unlock --service shop --stage dev --provider aws
            """)

    @Argument(help: AddressArgument.help)
    var address: AddressArgument?

    @OptionGroup(title: "Receipt by its parts") var receipt: ReceiptParts

    @OptionGroup(title: "Common options") var common: CommonOptions

    func validate() throws { try receipt.check(against: address) }

    func perform(_ context: Context) throws {
        let address = try receipt.resolve(address, context)
        try LockRelease.release(address, .force, context)
    }
}
