internal import ArgumentParser
internal import FoundationEssentials
internal import Host
internal import State

struct DriverCall: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "call",
        abstract: "Run an operation of a store's driver, such as sqlite.vacuum.",
        usage: "holdfast driver call <store> <operation> [--param <x=y>] [<options>]",
        discussion: """
            The driver says which operations there are, and whether one changes what is
            stored: see driver operations. One that does runs at once, without asking.

            EXAMPLES
              holdfast driver call default sqlite.vacuum
              holdfast driver call default sqlite.integrity_check --param limit=10
              holdfast driver call default local.fsck --params-json fsck.json --json
            """)

    @Argument(help: OperationArguments.store)
    var storeName: String

    @Argument(
        help: ArgumentHelp(
            "The operation (see driver operations <store>).", valueName: "operation"),
        completion: OperationCompletion.operations)
    var operation: String

    @Option(
        name: .customLong("param"),
        help: ArgumentHelp("A parameter; may be repeated.", valueName: "name=value"),
        completion: OperationCompletion.parameters)
    var parameters: [String] = []

    @Option(
        name: .customLong("params-json"),
        help: ArgumentHelp(
            "Parameters as a JSON object; - is standard input.", valueName: "file"))
    var file: String?

    @OptionGroup(title: "Common options") var common: CommonOptions

    func validate() throws {
        try OperationArguments.check(storeName, common)
        for parameter in parameters where !parameter.contains("=") {
            throw ValidationError("--param \(parameter) has no value: write <name>=<value>")
        }
    }

    func perform(_ context: Context) throws {
        let inputs = try inputs(context)
        let id = operation
        let (operation, bytes) = try context.withNamedStore(
            storeName, "call \(id) on", for: .transfer
        ) { store, call in
            let operation = try DriverOperation.find(
                id, in: try store.driverOperations(), of: store.driverID)
            let arguments = try operation.resolve(inputs)
            return (operation, try Self.run(OperationCall(operation, arguments), store, call))
        }
        try show(operation, bytes, context.console)
    }

    private func inputs(_ context: Context) throws(Failure) -> [OperationInput] {
        let given = parameters.map { parameter in
            let name = parameter.prefix { $0 != "=" }
            return OperationInput(String(name), String(parameter.dropFirst(name.count + 1)))
        }
        guard let file else { return given }
        let source = try InputSource(file, context.interruption)
        return try OperationArguments.read(source) + given
    }

    /// The most bytes of a result: it is checked as a whole before any of it is printed.
    private static let resultBytesMax = 64 << 20

    private static func run(
        _ request: OperationCall, _ store: Store, _ call: Call
    ) throws(HostError) -> [UInt8] {
        var bytes: [UInt8] = []
        try unsafe store.callOperation(request, call) { piece throws(HostError) in
            guard piece.count <= resultBytesMax - bytes.count else {
                throw HostError(
                    .tooLarge, "the result has more than \(resultBytesMax >> 20) MiB")
            }
            unsafe bytes += piece
        }
        return bytes
    }

    // MARK: - The result

    private func show(
        _ operation: DriverOperation, _ bytes: [UInt8], _ console: Console
    ) throws(Failure) {
        let value = try value(of: operation, bytes)
        if console.isJSON {
            return console.document([
                ("store", .string(storeName)), ("operation", .string(operation.id)),
                ("result", value),
            ])
        }
        switch operation.result {
        case .none: console.done("\(operation.id): done")
        case .json: console.line(String(decoding: value.bytes, as: UTF8.self))
        case .text:
            guard !bytes.isEmpty else { return }
            let text = String(decoding: bytes, as: UTF8.self)
            console.line(text.hasSuffix("\n") ? String(text.dropLast()) : text)
        case .bytes: console.raw(bytes)
        }
    }

    private func value(
        of operation: DriverOperation, _ bytes: [UInt8]
    ) throws(Failure) -> JSONValue {
        switch operation.result {
        case .none: return .null
        case .text:
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw defect(operation, "is no text")
            }
            return .string(text)
        case .bytes: return .string(Data(bytes).base64EncodedString())
        case .json:
            do throws(JSONSyntaxError) { return try JSONValue(parsing: bytes) } catch {
                throw defect(operation, "is no JSON: \(error.reason)")
            }
        }
    }

    private func defect(_ operation: DriverOperation, _ what: String) -> Failure {
        Failure(
            .failure, "internal-error", "the result of \(operation.id) \(what)",
            hint: "report it to the driver's author")
    }
}
