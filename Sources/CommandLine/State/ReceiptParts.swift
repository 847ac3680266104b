internal import ArgumentParser
internal import HoldfastConfiguration
internal import State

/// A receipt named by service, stage and provider.
struct ReceiptParts: ParsableArguments {
    @Option(help: ArgumentHelp("The service (default: the file's).", valueName: "name"))
    var service: String?

    @Option(help: ArgumentHelp("The stage (default: dev).", valueName: "name"))
    var stage: String?

    @Option(help: ArgumentHelp("The provider.", valueName: "name"))
    var provider: String?

    /// Whether any part was given.
    var isGiven: Bool { service != nil || stage != nil || provider != nil }

    /// Refuses both ways of naming at once, and neither.
    func check(against address: AddressArgument?) throws {
        if address != nil, isGiven {
            throw ValidationError("give an address or the parts of a receipt, not both")
        }
        if address == nil, provider == nil {
            throw ValidationError(
                isGiven ? "a receipt needs its --provider" : "give the address of a state")
        }
    }

    /// The address, from either.
    func resolve(_ address: AddressArgument?, _ context: Context) throws -> StateAddress {
        if let address { return try address.resolve() }
        guard let service = try context.configuration(service: service).service?.value else {
            throw Failure(
                .usage, "usage", "the receipt's service is not known",
                hint: "give --service, or service: in the configuration file")
        }
        return StateAddress(
            kind: .receipt,
            path: try StatePath.receipt(
                service: service, stage: stage ?? "dev", provider: provider ?? ""))
    }
}
