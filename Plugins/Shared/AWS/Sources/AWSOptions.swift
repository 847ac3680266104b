public import HoldfastDriver
public import SharedHTTP

/// The options of a driver for AWS that say who asks, and in which region.
public struct AWSOptions: Sendable {
    private static let metadata = "http://169.254.169.254"
    private static let containers = "http://169.254.170.2"
    /// How the files are called where nobody named them; such a file may be missing.
    private static let usualFiles = [
        "credentials_file": "/.aws/credentials", "config_file": "/.aws/config",
    ]

    /// Their descriptions, with the variables of AWS's own tools.
    public static let descriptions = keys + files + roles + servers

    private static let keys = [
        OptionDescription(
            "region", .string, "The region, such as eu-central-1.",
            environment: ["AWS_REGION", "AWS_DEFAULT_REGION"]),
        OptionDescription(
            "access_key_id", .string, "The id of an access key.",
            environment: ["AWS_ACCESS_KEY_ID"]),
        OptionDescription(
            "secret_access_key", .secret, "The secret of the access key.",
            environment: ["AWS_SECRET_ACCESS_KEY"]),
        OptionDescription(
            "session_token", .secret, "The token that belongs to keys of a session.",
            environment: ["AWS_SESSION_TOKEN"]),
    ]

    private static let files = [
        OptionDescription(
            "profile", .string, "The profile in the two files; default when none is named.",
            environment: ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]),
        OptionDescription(
            "credentials_file", .path, "The shared credentials file.",
            default: "~/.aws/credentials", environment: ["AWS_SHARED_CREDENTIALS_FILE"]),
        OptionDescription(
            "config_file", .path, "The shared configuration file.", default: "~/.aws/config",
            environment: ["AWS_CONFIG_FILE"]),
    ]

    private static let roles = [
        OptionDescription(
            "role_arn", .string, "The role to assume with a web identity.",
            environment: ["AWS_ROLE_ARN"]),
        OptionDescription(
            "web_identity_token_file", .path, "The file with the web identity's token.",
            environment: ["AWS_WEB_IDENTITY_TOKEN_FILE"]),
        OptionDescription(
            "role_session_name", .string, "The name of the session of the assumed role.",
            default: "holdfast", environment: ["AWS_ROLE_SESSION_NAME"]),
        OptionDescription(
            "sts_endpoint", .string, "The URL of the security token service.",
            environment: ["AWS_ENDPOINT_URL_STS"]),
    ]

    private static let servers = [
        OptionDescription(
            "container_credentials_relative_uri", .string,
            "Where a container's credentials are, at 169.254.170.2.",
            environment: ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]),
        OptionDescription(
            "container_credentials_full_uri", .string, "Where a container's credentials are.",
            environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI"]),
        OptionDescription(
            "container_authorization_token", .secret, "What to show for a container's credentials.",
            environment: ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]),
        OptionDescription(
            "container_authorization_token_file", .path,
            "A file with what to show for a container's credentials.",
            environment: ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]),
        OptionDescription(
            "metadata_endpoint", .string, "The URL of the instance metadata service.",
            default: metadata, environment: ["AWS_EC2_METADATA_SERVICE_ENDPOINT"]),
        OptionDescription(
            "metadata_disabled", .boolean, "Whether the instance metadata service is left alone.",
            default: "false", environment: ["AWS_EC2_METADATA_DISABLED"]),
    ]

    private let fixed: AWSCredentials?
    private let named: String?
    private let profiles: ProfileFiles
    private let configuredRegion: String?
    private let role: (arn: String, tokenFile: String, session: String)?
    private let tokenService: String?
    private let container: ContainerSource?
    private let instance: Endpoint?

    /// Reads and checks the options.
    ///
    /// - Parameter options: The store's options.
    /// - Throws: ``DriverError`` that names the option.
    public init(_ options: Options) throws(DriverError) {
        fixed = try Self.fixedKeys(options)
        named = Self.given(options, "profile")
        profiles = ProfileFiles(
            credentials: try Self.file(options, "credentials_file"),
            config: try Self.file(options, "config_file"))
        configuredRegion = options.text("region")
        let tokenFile = try Self.file(options, "web_identity_token_file")
        if let tokenFile, let arn = Self.given(options, "role_arn") {
            role = (arn, tokenFile, Self.given(options, "role_session_name") ?? "holdfast")
        } else {
            role = nil
        }
        tokenService = Self.given(options, "sts_endpoint")
        container = try Self.container(options)
        let isDisabled = options.flag("metadata_disabled") ?? false
        let url = Self.given(options, "metadata_endpoint") ?? Self.metadata
        guard let endpoint = Endpoint(url) else {
            throw DriverError(.invalid, "the option metadata_endpoint is no URL")
        }
        instance = isDisabled ? nil : endpoint
    }

    /// The region: the option's, else the profile's.
    ///
    /// - Returns: The region's name.
    /// - Throws: ``DriverError`` of the class invalid when nobody names one.
    public func region() throws(DriverError) -> String {
        var found = configuredRegion
        if found == nil { found = try profiles.read(named).region }
        guard let found, !found.isEmpty else {
            throw DriverError(
                .invalid,
                "no AWS region is set: set the option region, AWS_REGION or the profile's region")
        }
        let isName = found.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "-")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard isName, found.utf8.count <= 64 else {
            throw DriverError(
                .invalid, "the option region is no region's name such as eu-central-1")
        }
        return found
    }

    /// Where credentials come from, in the order of AWS's own tools.
    ///
    /// - Parameters:
    ///   - client: How servers are asked.
    ///   - region: The region whose token service is asked.
    /// - Returns: The provider.
    /// - Throws: ``DriverError`` that names the option.
    public func provider(
        _ client: HTTPClient, region: String
    ) throws(DriverError) -> CredentialProvider {
        var links: [any CredentialLink] = []
        if let fixed { links.append(FixedKeys(credentials: fixed)) }
        if let role {
            let suffix = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
            guard let service = Endpoint(tokenService ?? "https://sts.\(region).\(suffix)") else {
                throw DriverError(.invalid, "the option sts_endpoint is no URL")
            }
            links.append(
                WebIdentity(
                    client: client, service: service, role: role.arn, session: role.session,
                    tokenFile: role.tokenFile))
        }
        links.append(ProfileKeys(files: profiles, named: named))
        if let container { links.append(ContainerKeys(client: client, source: container)) }
        if let instance { links.append(InstanceKeys(client: client, endpoint: instance)) }
        return CredentialProvider(CredentialChain(links))
    }

    /// What says who asks.
    ///
    /// - Parameters:
    ///   - client: How the token service is asked.
    ///   - provider: Finds the credentials.
    ///   - region: The region whose token service is asked.
    ///   - isAmazon: Whether the store is Amazon's own: another's keys are not shown to Amazon.
    /// - Returns: The identity.
    public func identity(
        _ client: HTTPClient, _ provider: CredentialProvider, region: String, isAmazon: Bool
    ) -> CallerIdentity {
        let suffix = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        let standard = isAmazon ? "https://sts.\(region).\(suffix)" : nil
        return CallerIdentity(
            client, provider, region: region,
            tokenService: (tokenService ?? standard).flatMap { Endpoint($0) })
    }

    private static func given(_ options: Options, _ name: String) -> String? {
        options.text(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func fixedKeys(_ options: Options) throws(DriverError) -> AWSCredentials? {
        let (id, secret) = (given(options, "access_key_id"), given(options, "secret_access_key"))
        guard id != nil || secret != nil else { return nil }
        guard let id, let secret else {
            let missing = id == nil ? "access_key_id" : "secret_access_key"
            throw DriverError(
                .invalid, "the option \(missing) is missing: a key is an id and a secret")
        }
        let token = given(options, "session_token")
        // They become parts of headers.
        guard [id, token ?? "x"].allSatisfy({ isHeaderText($0) }), id.utf8.count <= 128 else {
            throw DriverError(
                .invalid,
                "the option access_key_id or session_token holds characters that no key has")
        }
        return AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token)
    }

    private static func file(_ options: Options, _ name: String) throws(DriverError) -> String? {
        guard let path = options.text(name) else { return nil }
        do throws(DriverError) {
            return try readablePath(path, name)
        } catch {
            let isUsual = usualFiles[name].map { path.hasSuffix($0) } ?? false
            guard isUsual, !path.utf8.contains(0) else { throw error }
            return nil
        }
    }

    private static func container(_ options: Options) throws(DriverError) -> ContainerSource? {
        let tokenFile = try file(options, "container_authorization_token_file")
        let token = given(options, "container_authorization_token")
        if let token, !isHeaderText(token) {
            throw DriverError(
                .invalid, "the option container_authorization_token cannot be sent in a header")
        }
        let url: String
        if let path = given(options, "container_credentials_relative_uri") {
            guard path.hasPrefix("/") else {
                throw DriverError(
                    .invalid, "the option container_credentials_relative_uri does not begin with /")
            }
            url = containers + path
        } else if let full = given(options, "container_credentials_full_uri") {
            url = full
        } else {
            return nil
        }
        guard ContainerSource.isAllowed(url) else {
            throw DriverError(
                .invalid,
                "the option container_credentials_full_uri is neither https nor an address of this machine"
            )
        }
        return ContainerSource(url: url, token: token, tokenFile: tokenFile)
    }
}

/// Whether text can be a header's value or a part of one.
func isHeaderText(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
}
