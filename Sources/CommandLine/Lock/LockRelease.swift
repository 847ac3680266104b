internal import ArgumentParser
internal import Host
internal import State

struct LockRelease: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Release or break the lock of a state.",
        usage: "holdfast lock release <address> (--id <id> | --force) [<options>]",
        discussion: """
            With --id only the lock of that id is released. With --force whichever it is
            is broken: its holder's next write is refused.

            EXAMPLES
              holdfast lock release terraform/network --id 9f3c01ab-5d1e-4b7a-8a53-0c9f2a6d1e44
              holdfast lock release terraform/network --force
            """)

    @Argument(help: AddressArgument.help)
    var address: AddressArgument

    @Option(help: ArgumentHelp("The id of the lock (see lock show).", valueName: "id"))
    var id: String?

    @Flag(help: "Break the lock, whoever holds it.")
    var force = false

    @OptionGroup(title: "Common options") var common: CommonOptions

    func validate() throws {
        if (id == nil) != force { throw ValidationError("give either --id or --force") }
    }

    func perform(_ context: Context) throws {
        let selector: StateRepository.LockSelector = id.map { .id($0) } ?? .force
        try Self.release(try address.resolve(), selector, context)
    }

    /// Releases a lock and says which it was.
    static func release(
        _ address: StateAddress, _ selector: StateRepository.LockSelector, _ context: Context
    ) throws {
        let released = try context.withStore("release the lock of", on: address) { opened, call in
            let states = opened.states(address.kind)
            let released = try states.unlock(address.path, selector, call)
            if released == nil, try states.summary(address.path, call) == nil {
                throw opened.notFound(address, call)
            }
            return released
        }
        if context.console.isJSON {
            context.console.document([
                ("address", .string(address.description)),
                ("released", released.map { .members($0.json) } ?? .null),
            ])
        }
        context.console.done(
            released.map { "\(address): the lock \($0.info.id) of \($0.holder) is released" }
                ?? "\(address): nobody held the lock")
    }
}
