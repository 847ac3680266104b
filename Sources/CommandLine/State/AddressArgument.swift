internal import ArgumentParser
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
        let isWhole = (first == "terraform" || first == "receipts") && first.count < text.count
        return try StateAddress(isWhole ? text : "terraform/\(text)")
    }

    /// The help that every command with an address gives.
    static let help = ArgumentHelp(
        "terraform/<path> or receipts/<service>/<stage>/<provider>; a path alone is terraform's.",
        valueName: "address")
}
