internal import HoldfastDriver
internal import SharedAzure
internal import SharedHTTP
internal import SharedObjects

/// The options of one store, checked.
struct StoreOptions {
    /// Where objects lie below the prefix.
    let names: ObjectNames
    private let container: String
    private let options: Options
    private let http: HTTPSettings

    static let descriptions: [OptionDescription] =
        [
            OptionDescription(
                "container", .string, "The container.", isRequired: true,
                flatKeys: ["azblobContainer"]),
            OptionDescription(
                "prefix", .string, "What the names of all blobs begin with, such as runs/state.",
                flatKeys: ["azblobPrefix"]),
        ] + AzureOptions.descriptions + transport

    /// Azure's tools have no variable of their own for the file of authorities.
    private static let transport = HTTPSettings.descriptions.map { option in
        var option = option
        option.environment = []
        return option
    }

    init(_ options: Options) throws(DriverError) {
        guard let container = options.text("container"), !container.isEmpty else {
            throw DriverError(.invalid, "the option container is missing")
        }
        guard Self.isName(container) else {
            throw DriverError(
                .invalid,
                "the option container is no container's name: 3 to 63 small letters, digits and single"
                    + " hyphens between them are needed")
        }
        self.container = container
        self.options = options
        names = try ObjectNames(prefix: options.text("prefix") ?? "", option: "prefix")
        http = try HTTPSettings(options)
    }

    /// The service as these options describe it.
    func service() throws(DriverError) -> Service {
        let client = try HTTPClient(http)
        return Service(container: container, try BlobAccount(options, client), client)
    }

    private static func isName(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return (3...63).contains(text.utf8.count)
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.allSatisfy { byte in
                        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    }
            }
    }
}
