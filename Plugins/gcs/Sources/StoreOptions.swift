internal import HoldfastDriver
internal import SharedGoogle
internal import SharedHTTP
internal import SharedObjects

/// The options of one store, checked.
struct StoreOptions {
    private static let standard = "https://storage.googleapis.com"

    /// Which key each object has.
    let names: ObjectNames
    /// Whether a missing bucket may be made, in which project and where.
    let bootstrap: Bool
    let project: String?
    let location: String?
    private let bucket: String
    private let endpoint: Endpoint
    private let google: GoogleOptions
    private let http: HTTPSettings

    static let descriptions: [OptionDescription] =
        [
            OptionDescription(
                "bucket", .string, "The bucket.", isRequired: true, flatKeys: ["gcsBucket"]),
            OptionDescription(
                "prefix", .string, "What the names of all objects begin with, such as team/state.",
                flatKeys: ["gcsPrefix"]),
            OptionDescription(
                "endpoint", .string, "The service's URL, where it is not Google's own.",
                default: standard),
            OptionDescription(
                "emulator_host", .string,
                "An emulator's host and port, or its URL; counts instead of endpoint, without a token.",
                environment: ["STORAGE_EMULATOR_HOST"]),
            OptionDescription(
                "bootstrap", .boolean, "Whether a missing bucket is created.", default: "false"),
            OptionDescription(
                "project", .string, "The project in which a missing bucket is created.",
                environment: ["GOOGLE_CLOUD_PROJECT"]),
            OptionDescription(
                "location", .string, "Where a missing bucket is created, such as EU."),
        ] + GoogleOptions.descriptions + web

    /// The options of every driver over HTTP, without the variables of another cloud.
    private static let web = HTTPSettings.descriptions.map { option in
        var option = option
        option.environment = []
        return option
    }

    init(_ options: Options) throws(DriverError) {
        guard let bucket = options.text("bucket"), !bucket.isEmpty else {
            throw DriverError(.invalid, "the option bucket is missing")
        }
        guard Self.isBucketName(bucket) else {
            throw DriverError(
                .invalid,
                "the option bucket is no bucket's name: 3 to 222 of a-z, 0-9 and any of - _ . are needed,"
                    + " a letter or a digit at both ends")
        }
        self.bucket = bucket
        names = try ObjectNames(prefix: options.text("prefix") ?? "", option: "prefix")
        bootstrap = options.flag("bootstrap") ?? false
        project = options.text("project")
        location = options.text("location")
        let given = options.text("endpoint").flatMap {
            $0.isEmpty || $0 == Self.standard ? nil : $0
        }
        let emulator = options.text("emulator_host").flatMap { $0.isEmpty ? nil : $0 }
        let isEmulator = given == nil && emulator != nil
        google = try GoogleOptions(options, anonymous: isEmulator)
        endpoint =
            isEmulator
            ? try Self.emulator(emulator ?? "")
            : try Self.endpoint(given ?? Self.standard, showsToken: google.showsToken)
        http = try HTTPSettings(options)
    }

    /// The service as these options describe it.
    func service() throws(DriverError) -> Service {
        let client = try HTTPClient(http)
        return Service(
            bucket: bucket, endpoint: endpoint, client, google.provider(client))
    }

    private static func endpoint(_ url: String, showsToken: Bool) throws(DriverError) -> Endpoint {
        guard let endpoint = Endpoint(url) else {
            throw DriverError(
                .invalid,
                "the option endpoint is no URL such as https://host:port, without user and query")
        }
        guard endpoint.isPrivate || !showsToken else {
            throw DriverError(
                .invalid,
                "the option endpoint would send the access token in the clear: use https, an address of"
                    + " this machine, or anonymous")
        }
        return endpoint
    }

    private static func emulator(_ text: String) throws(DriverError) -> Endpoint {
        let url = text.contains("://") ? text : "http://\(text)"
        guard let endpoint = Endpoint(url) else {
            throw DriverError(
                .invalid, "the option emulator_host is neither host:port nor a URL without a query")
        }
        return endpoint
    }

    private static func isBucketName(_ name: String) -> Bool {
        func isEnd(_ byte: UInt8?) -> Bool {
            guard let byte else { return false }
            return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        return (3...222).contains(name.utf8.count) && isEnd(name.utf8.first)
            && isEnd(name.utf8.last)
            && name.utf8.allSatisfy { isEnd($0) || "-_.".utf8.contains($0) }
    }
}
