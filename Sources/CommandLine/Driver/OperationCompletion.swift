internal import ArgumentParser
internal import Host

/// What a shell offers for the commands about operations, from the driver's own declarations.
enum OperationCompletion {
    /// The operations of the store that was typed.
    static let operations = CompletionKind.custom { words, _, _ in
        Line(words).operations.map(\.id)
    }

    /// The parameters of the operation that was typed, each with its equals sign.
    static let parameters = CompletionKind.custom { words, _, _ in
        let line = Line(words)
        let operation = line.operations.first { $0.id == line.operation }
        return operation?.parameters.map { "\($0.name)=" } ?? []
    }

    /// A command line that is being typed.
    private struct Line {
        private(set) var store: String?
        private(set) var operation: String?
        private var options: [String] = []

        /// The options that say where the store and its driver are.
        private static let placing: Set<String> = [
            "-c", "--config", "--driver-path", "--lock-file", "--workspace",
        ]
        private static let others: Set<String> = ["--param", "--params-json", "--timeout"]

        init(_ words: [String]) {
            // The program, `driver`, and `call` or `operations`.
            var rest = words.dropFirst(3)
            while let word = rest.popFirst() {
                if Self.placing.contains(word), let value = rest.popFirst() {
                    options += [word, value]
                } else if Self.others.contains(word) {
                    _ = rest.popFirst()
                } else if !word.hasPrefix("-"), store == nil {
                    store = word
                } else if !word.hasPrefix("-"), operation == nil {
                    operation = word
                }
            }
        }

        /// What the store's driver declares; nothing where it cannot be asked.
        var operations: [DriverOperation] {
            guard let store, let common = try? CommonOptions.parse(options) else { return [] }
            let console = Console(isJSON: true, allowsColor: false, volume: .quiet)
            let context = Context(common, console)
            defer { context.close() }
            let found = try? context.withNamedStore(store, "complete for") { store, _ in
                try store.driverOperations()
            }
            return found ?? []
        }
    }
}
