internal import HoldfastDriver
internal import SharedAWS
internal import SharedHTTP
internal import SharedObjects

/// The options of one store, checked.
struct StoreOptions {
    /// Whether a missing bucket may be made.
    let bootstrap: Bool
    /// Whether the endpoint is probed although its verdict is known.
    let probesAgain: Bool
    private let bucket: String
    private let prefix: String?
    private let endpoint: String?
    private let addressing: String
    private let encryption: String
    private let key: String?
    private let checksum: String
    private let aws: AWSOptions
    private let http: HTTPSettings

    static let descriptions: [OptionDescription] =
        [
            OptionDescription(
                "bucket", .string, "The bucket.", isRequired: true, flatKeys: ["s3Bucket"]),
            OptionDescription(
                "prefix", .string, "What the keys of this store begin with, such as team/state.",
                flatKeys: ["s3Prefix"]),
            OptionDescription(
                "bootstrap", .boolean, "Whether a missing bucket is created.", default: "false"),
            OptionDescription(
                "endpoint", .string, "The service's URL, where it is not the region's own.",
                environment: ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]),
            OptionDescription(
                "addressing", .choice(["auto", "path", "virtual"]),
                "Where the bucket's name stands: in the path or in the host's name.",
                default: "auto"),
            OptionDescription(
                "encryption", .choice(["default", "AES256", "aws:kms"]),
                "How the service encrypts what is written; default is as the bucket says.",
                default: "default"),
            OptionDescription(
                "kms_key", .string, "The key of aws:kms, where it is not the account's own."),
            OptionDescription(
                "checksum", .choice(["auto", "crc32c", "sha256"]),
                "What protects bodies over TLS; auto is crc32c for Amazon's own endpoints.",
                default: "auto"),
            OptionDescription(
                "probe", .choice(["once", "again"]),
                "Whether conditional writes are tried out once, and again after 30 days where they hold, or at each opening.",
                default: "once"),
        ] + AWSOptions.descriptions + HTTPSettings.descriptions

    init(_ options: Options) throws(DriverError) {
        guard let bucket = options.text("bucket"), !bucket.isEmpty else {
            throw DriverError(.invalid, "the option bucket is missing")
        }
        guard (3...63).contains(bucket.utf8.count), bucket.utf8.allSatisfy(Self.isNameByte) else {
            throw DriverError(
                .invalid,
                "the option bucket is no bucket's name: 3 to 63 small letters, digits, hyphens and dots"
                    + " are needed")
        }
        self.bucket = bucket
        prefix = options.text("prefix")
        bootstrap = options.flag("bootstrap") ?? false
        endpoint = options.text("endpoint").flatMap { $0.isEmpty ? nil : $0 }
        addressing = options.text("addressing") ?? "auto"
        encryption = options.text("encryption") ?? "default"
        key = options.text("kms_key").flatMap { $0.isEmpty ? nil : $0 }
        checksum = options.text("checksum") ?? "auto"
        probesAgain = options.text("probe") == "again"
        aws = try AWSOptions(options)
        http = try HTTPSettings(options)
        try checkKey()
    }

    private func checkKey() throws(DriverError) {
        guard let key else { return }
        guard encryption == "aws:kms" else {
            throw DriverError(
                .invalid, "the option kms_key is only for encryption aws:kms, which is not set")
        }
        guard key.utf8.count <= 2048, key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw DriverError(.invalid, "the option kms_key is no key's id, alias or ARN")
        }
    }

    /// The service as these options describe it.
    func service() throws(DriverError) -> Service {
        let client = try HTTPClient(http)
        let region = try aws.region()
        let place = try place(region)
        let provider = try aws.provider(client, region: region)
        return Service(
            place, names: try ObjectNames(prefix: prefix ?? "", option: "prefix"),
            region: region, encryption: encryptionHeaders,
            sendsChecksums: sendsChecksums(place), client, provider,
            aws.identity(client, provider, region: region, isAmazon: place.isAmazon))
    }

    /// Whether bodies carry a CRC-32C instead of being hashed for the signature.
    ///
    /// Over plain HTTP the hash is what protects them. Some services like Amazon's refuse the header, and
    /// all of them check the hash.
    private func sendsChecksums(_ place: BucketPlace) -> Bool {
        guard place.endpoint.scheme == "https" else { return false }
        return checksum == "crc32c" || checksum == "auto" && place.isAmazon
    }

    private var encryptionHeaders: [(name: String, value: String)] {
        guard encryption != "default" else { return [] }
        let key = key.map { [("x-amz-server-side-encryption-aws-kms-key-id", $0)] } ?? []
        return [("x-amz-server-side-encryption", encryption)] + key
    }

    private func place(_ region: String) throws(DriverError) -> BucketPlace {
        let suffix = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        guard let endpoint = Endpoint(endpoint ?? "https://s3.\(region).\(suffix)") else {
            throw DriverError(
                .invalid,
                "the option endpoint is no URL such as https://host:port, without user and query")
        }
        let isInHost: Bool
        switch addressing {
        case "path": isInHost = false
        case "virtual": isInHost = true
        // A name with dots has no certificate, and other services than Amazon's seldom have the names.
        default: isInHost = self.endpoint == nil && !bucket.contains(".")
        }
        return BucketPlace(endpoint: endpoint, bucket: bucket, isInHost: isInHost)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }
}

/// Where a bucket is.
struct BucketPlace {
    let endpoint: Endpoint
    let bucket: String
    /// Whether its name is a part of the host's, not of the path.
    let isInHost: Bool

    /// Whether the service is Amazon's own.
    var isAmazon: Bool {
        let host = endpoint.authority
        return host.hasSuffix(".amazonaws.com") || host.hasSuffix(".amazonaws.com.cn")
    }

    /// The bucket's URL, without a slash at its end.
    var url: String {
        isInHost
            ? "\(endpoint.scheme)://\(bucket).\(endpoint.authority)\(endpoint.path)"
            : "\(endpoint.url)/\(bucket)"
    }

    /// For messages.
    var shown: String { "the bucket \(bucket) at \(endpoint.scheme)://\(endpoint.authority)" }
}
