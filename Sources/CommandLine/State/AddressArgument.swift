internal import ArgumentParser
internal import Host
internal import State

/// A state's address as it is typed.
struct AddressArgument: ExpressibleByArgument {
    /// The text.
    let text: String

    init(argument: String) { text = argument }

    /// The address; a path alone means a Terraform state.
    ///
    /// - Throws: `StateError` with code `invalid`.
    func resolve() throws -> StateAddress {
        let first = text.prefix { $0 != "/" }
        guard first.utf8.count < text.utf8.count else {
            return try StateAddress("terraform/\(text)")
        }
        let kinds = ["terraform", "receipts"]
        if kinds.contains(String(first)) { return try StateAddress(text) }
        // A misspelt kind must not become the path of a state that nobody meant.
        if let kind = DidYouMean.closest(to: String(first), among: kinds) {
            throw Failure(
                .usage, "invalid", "'\(Table.visible(text))' is not the address of a state",
                hint: "did you mean \(kind)/…? For a path that begins so, "
                    + "write terraform/ before it")
        }
        return try StateAddress("terraform/\(text)")
    }

    /// The help that every command with an address gives.
    static let help = ArgumentHelp(
        "terraform/<path> or receipts/<service>/<stage>/<provider>; a path alone is terraform's.",
        valueName: "address")
}
