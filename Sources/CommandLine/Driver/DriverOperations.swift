internal import ArgumentParser
internal import Host
internal import State

struct DriverOperations: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "operations",
        abstract: "Print the operations that a store's driver offers for driver call.",
        usage: "holdfast driver operations <store> [<operation>] [<options>]",
        discussion: """
            With --json each operation has the JSON schemas of its parameters and its
            result.

            EXAMPLES
              holdfast driver operations default
              holdfast driver operations default sqlite.integrity_check
            """)

    @Argument(help: OperationArguments.store)
    var storeName: String

    @Argument(
        help: ArgumentHelp("Print this one with its parameters.", valueName: "operation"),
        completion: OperationCompletion.operations)
    var operation: String?

    @OptionGroup(title: "Common options") var common: CommonOptions

    func validate() throws { try OperationArguments.check(storeName, common) }

    func perform(_ context: Context) throws {
        let wanted = operation
        let found = try context.withNamedStore(storeName, "see the operations of") { store, _ in
            let all = try store.driverOperations()
            guard let wanted else { return all }
            return [try DriverOperation.find(wanted, in: all, of: store.driverID)]
        }
        let console = context.console
        guard !console.isJSON else {
            return console.document([
                ("store", .string(storeName)), ("operations", .array(found.map(\.json))),
            ])
        }
        guard operation == nil else { return found.forEach { show($0, console) } }
        guard !found.isEmpty else {
            return console.done("the driver of the store \(storeName) has no operations")
        }
        var table = Table(("OPERATION", .left), ("TRAITS", .left), ("SUMMARY", .left))
        for operation in found { table.add(operation.id, operation.traitText, operation.summary) }
        table.lines.forEach(console.line)
    }

    private func show(_ operation: DriverOperation, _ console: Console) {
        console.fields([
            ("operation", operation.id), ("summary", operation.summary),
            ("traits", operation.traitText), ("result", operation.result.rawValue),
        ])
        console.line("")
        guard !operation.parameters.isEmpty else { return console.line("It takes no parameters.") }
        var table = Table(
            ("PARAMETER", .left), ("TYPE", .left), ("DEFAULT", .left), ("MEANING", .left))
        for parameter in operation.parameters {
            table.add(
                parameter.name, parameter.typeText, parameter.defaultText, parameter.documentation)
        }
        table.lines.forEach(console.line)
    }
}

extension DriverOperation {
    /// The traits as words; `-` for none.
    fileprivate var traitText: String {
        let words = Trait.allCases.filter(traits.contains).map(\.rawValue)
        return words.isEmpty ? "-" : words.joined(separator: ", ")
    }
}

extension OperationParameter {
    /// The type with its bounds or words.
    fileprivate var typeText: String {
        if !choices.isEmpty { return choices.joined(separator: "|") }
        let bounds = [minimum, maximum].map { $0?.text ?? "" }
        let range = bounds == ["", ""] ? "" : " \(bounds[0])…\(bounds[1])"
        switch type {
        case .i64, .u64: return "integer" + range
        case .f64: return "number" + range
        case .bool: return "true|false"
        case .text: return "text"
        case .bytes: return "base64"
        }
    }

    fileprivate var defaultText: String {
        guard let defaultValue else { return "required" }
        return defaultValue.text.isEmpty ? "-" : defaultValue.text
    }
}
