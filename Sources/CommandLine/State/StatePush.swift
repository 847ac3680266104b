internal import ArgumentParser
internal import Host
internal import State

struct StatePush: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Write a state from a file or standard input.",
        usage: "holdfast state push <address> <file> [--lock-id <id>] [<options>]",
        discussion: """
            While somebody holds the state's lock, the push is refused unless --lock-id
            gives it. A receipt is redacted before it is written; any other state is kept
            to the byte.

            EXAMPLES
              holdfast state push terraform/network network.tfstate
              terraform state pull | holdfast state push terraform/network -
            """)

    @Argument(help: AddressArgument.help)
    var address: AddressArgument

    @Argument(help: ArgumentHelp("The file to read; - is standard input.", valueName: "file"))
    var file: String

    @Option(
        name: .customLong("lock-id"),
        help: ArgumentHelp("The id of the lock that you hold.", valueName: "id"))
    var lockID: String?

    @OptionGroup(title: "Common options") var common: CommonOptions

    func perform(_ context: Context) throws {
        let address = try address.resolve()
        let source = try InputSource(file, context.interruption)
        if source.isTerminal { context.console.done("reading the state; Ctrl-D ends it") }
        let request = WriteRequest(lockID: lockID, writer: Writer.description)
        let pushed = PushedSource(source)
        let version = try context.withStore(
            "push to", on: address, for: .transfer, ifMissing: .isMade
        ) { opened, call in
            try pushed.write(to: address, request, opened, call)
        }
        if context.console.isJSON {
            context.console.document([
                ("address", .string(address.description)), ("version", .members(version.json)),
            ])
        }
        for event in version.events { context.console.notice("\(address): \(event)") }
        if !version.isPublished {
            context.console.notice(
                "\(address): written, but its legible copy is not up to date yet")
        }
        context.console.done(
            "\(address): \(Human.size(version.byteCount)) written as version \(version.id)")
    }
}

/// The source of a push on its way to the thread that writes.
private final class PushedSource: Sendable {
    // SAFETY: only the one call that writes reads it, after the command has handed it over.
    nonisolated(unsafe) private let source: InputSource

    init(_ source: InputSource) { unsafe self.source = source }

    func write(
        to address: StateAddress, _ request: WriteRequest, _ opened: OpenedStore, _ call: Call
    ) throws -> StateVersion {
        guard address.kind == .receipt else {
            return try opened.states(address.kind).write(
                address.path, from: unsafe source, request, call)
        }
        guard let receipt = ReceiptRepository.Address(path: address.path) else {
            throw Failure(.usage, "invalid", "\(address) does not name a receipt")
        }
        return try opened.receipts.write(
            try Receipt(json: try wholeReceipt()), at: receipt, request, call)
    }

    private func wholeReceipt() throws -> [UInt8] {
        let limit = Int(StateKind.receipt.bodyBytesMax)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let result: Result<Int, HostError> = unsafe buffer.withUnsafeMutableBytes { space in
                Result { () throws(HostError) in try unsafe source.read(into: space) }
            }
            let count = try result.get()
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else {
                throw Failure(
                    .failure, "too-large", "a receipt has at most \(limit) bytes")
            }
        }
    }
}
