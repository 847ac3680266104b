internal import ArgumentParser
internal import Host
internal import State

/// What the commands about operations have in common.
enum OperationArguments {
    /// The help of their first argument.
    static let store = ArgumentHelp(
        "The store's name in the configuration, such as default.", valueName: "store")

    /// Refuses a second store beside the argument.
    static func check(_ store: String, _ common: CommonOptions) throws {
        guard common.store == nil || common.store == store else {
            throw ValidationError("the store is the first argument; leave --store out")
        }
    }

    /// The most bytes of a document of parameters.
    private static let documentBytesMax = 1 << 20

    /// Reads parameters from a JSON object.
    static func read(_ source: InputSource) throws(Failure) -> [OperationInput] {
        let bytes = try contents(of: source)
        let document: JSONValue
        do throws(JSONSyntaxError) { document = try JSONValue(parsing: bytes) } catch {
            throw Failure(
                .usage, "usage",
                "\(source.name) is no JSON: \(error.reason) at byte \(error.offset)")
        }
        guard let members = document.members else {
            throw Failure(
                .usage, "usage", "\(source.name) holds no JSON object",
                hint: "write {\"<name>\": <value>}")
        }
        var inputs: [OperationInput] = []
        for member in members.all {
            switch member.value {
            case .string(let text): inputs.append(OperationInput(member.name, text, .string))
            case .number(let text): inputs.append(OperationInput(member.name, text, .number))
            case .bool(let flag): inputs.append(OperationInput(member.name, "\(flag)", .boolean))
            case .null, .array, .object:
                throw Failure(
                    .usage, "usage",
                    "the parameter '\(Table.visible(member.name))' in \(source.name) is neither a "
                        + "string nor a number nor true or false")
            }
        }
        return inputs
    }

    private static func contents(of source: InputSource) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= documentBytesMax {
            let result: Result<Int, HostError> = unsafe buffer.withUnsafeMutableBytes { space in
                Result { () throws(HostError) in try unsafe source.read(into: space) }
            }
            switch result {
            case .success(0): return bytes
            case .success(let count): bytes += buffer[..<count]
            case .failure(let error): throw Failure(error)
            }
        }
        throw Failure(.usage, "usage", "\(source.name) has more than 1 MiB")
    }
}

extension Context {
    /// Opens a store by its name and runs a call against it; one that is not there is not made.
    func withNamedStore<R: Sendable>(
        _ name: String, _ action: String, for length: CallLength = .short,
        _ body: @escaping @Sendable (Store, Call) throws -> R
    ) throws -> R {
        let found: R?
        do {
            found = try withStore(
                action, named: name, for: length, ifMissing: .gives(R?.none)
            ) { opened, call in R?.some(try body(opened.store, call)) }
        } catch var failure as Failure where failure.applied == .unknown {
            failure.hint = "look at the store before trying again"
            throw failure
        }
        guard let found else {
            var failure = Failure(
                .notFound, "not-found", "cannot \(action) store \(name): it is not there yet",
                hint: "the first write makes it; if it was written to, check its options")
            failure.store = name
            throw failure
        }
        return found
    }
}
