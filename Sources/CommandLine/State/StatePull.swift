internal import ArgumentParser
internal import Host
internal import State

struct StatePull: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Write a state's exact bytes to standard output or a file.",
        usage: """
            holdfast state pull <address> [--version <id>] [-o <file>] [<options>]
            holdfast state pull --provider <name> [--stage <name>] [<options>]
            """,
        discussion: """
            A receipt may be named by its parts instead of its address; its service then
            comes from --service or the configuration file.

            EXAMPLES
              holdfast state pull terraform/network > network.tfstate
              holdfast state pull network --version 0000000012-9f3c01ab -o old.tfstate
              holdfast state pull --provider aws --stage dev
            """)

    @Argument(help: AddressArgument.help)
    var address: AddressArgument?

    @Option(help: ArgumentHelp("An earlier version (see state versions).", valueName: "id"))
    var version: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The file to write; it appears whole or not at all.", valueName: "file"))
    var output: String?

    @OptionGroup(title: "Receipt by its parts") var receipt: ReceiptParts

    @OptionGroup(title: "Common options") var common: CommonOptions

    func validate() throws {
        try receipt.check(against: address)
        if common.json, output == nil {
            throw ValidationError("--json needs --output: standard output is the state itself")
        }
    }

    func perform(_ context: Context) throws {
        let address = try receipt.resolve(address, context)
        let destination: any Destination =
            try output.map { try OutputFile($0) } ?? OutputStream()
        let result = try pull(address, to: destination, context)
        guard let output else { return }
        if context.console.isJSON {
            context.console.document([
                ("address", .string(address.description)), ("output", .string(output)),
                ("version", .members(result.json)),
            ])
        }
        context.console.done(
            "\(address): \(Human.size(result.byteCount)) of version \(result.id) written to \(output)"
        )
    }

    /// Pulls, and leaves nothing at the destination when that fails, also for want of a store.
    private func pull(
        _ address: StateAddress, to destination: any Destination, _ context: Context
    ) throws -> StateVersion {
        let version = version
        do {
            return try context.withStore(
                "pull", on: address, for: .transfer, service: receipt.service
            ) { opened, call in
                try Self.pull(address, version, to: destination, opened, call)
            }
        } catch {
            destination.discard()
            throw error
        }
    }

    private static func pull(
        _ address: StateAddress, _ version: String?, to destination: any Destination,
        _ opened: OpenedStore, _ call: Call
    ) throws -> StateVersion {
        let failure = FailureBox()
        let found: StateVersion?
        do throws(StateError) {
            found = try unsafe opened.states(address.kind).read(
                address.path, version: version, call, begin: { _ in },
                body: { bytes throws(StateError) in
                    do throws(Failure) { try unsafe destination.write(bytes) } catch {
                        failure.set(error)
                        throw StateError(.host(.cancelled), error.message)
                    }
                })
        } catch {
            throw failure.value ?? Failure(error)
        }
        guard let found else { throw opened.notFound(address, call) }
        try destination.finish()
        return found
    }
}
