internal import HoldfastDriver
internal import SharedAWS
internal import SharedHTTP

/// The options of one store, checked.
struct StoreOptions {
    /// Whether a missing table may be made.
    let bootstrap: Bool
    private let table: String
    private let endpoint: String?
    private let aws: AWSOptions
    private let http: HTTPSettings

    static let descriptions: [OptionDescription] =
        [
            OptionDescription(
                "table", .string, "The table, with the keys pk and sk, both strings.",
                isRequired: true, flatKeys: ["receiptTable", "lockTable"]),
            OptionDescription(
                "bootstrap", .boolean, "Whether a missing table is created, paid by request.",
                default: "false"),
            OptionDescription(
                "endpoint", .string, "The service's URL, where it is not the region's own.",
                environment: ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"]),
        ] + AWSOptions.descriptions + HTTPSettings.descriptions

    init(_ options: Options) throws(DriverError) {
        guard let table = options.text("table"), !table.isEmpty else {
            throw DriverError(.invalid, "the option table is missing")
        }
        guard (3...255).contains(table.utf8.count), table.utf8.allSatisfy(Self.isNameByte) else {
            throw DriverError(
                .invalid,
                "the option table is no table's name: 3 to 255 letters, digits and any of _ - . are needed"
            )
        }
        self.table = table
        bootstrap = options.flag("bootstrap") ?? false
        endpoint = options.text("endpoint")
        aws = try AWSOptions(options)
        http = try HTTPSettings(options)
    }

    /// The service as these options describe it.
    func service(_ call: Call) throws(DriverError) -> Service {
        let client = try HTTPClient(http)
        let region = try aws.region()
        let provider = try aws.provider(client, region: region)
        let place = try endpoint(region)
        let isAmazon =
            place.authority.hasSuffix(".amazonaws.com")
            || place.authority.hasSuffix(".amazonaws.com.cn")
        return Service(
            table: table, endpoint: place, region: region, client, provider,
            aws.identity(client, provider, region: region, isAmazon: isAmazon))
    }

    private func endpoint(_ region: String) throws(DriverError) -> Endpoint {
        let suffix = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        let url = endpoint ?? "https://dynamodb.\(region).\(suffix)"
        guard let endpoint = Endpoint(url) else {
            throw DriverError(
                .invalid,
                "the option endpoint is no URL such as https://host:port, without user and query")
        }
        return endpoint
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }
}
