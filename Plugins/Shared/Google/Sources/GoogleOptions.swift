internal import Glibc
public import HoldfastDriver
public import SharedHTTP

/// The options of a driver for Google's cloud that say who asks.
public struct GoogleOptions: Sendable {
    private static let metadata = "169.254.169.254"
    private static let login = "application_default_credentials.json"
    private static let usualFolder = "/.config/gcloud"

    /// Their descriptions, with the variables of Google's own tools.
    public static let descriptions = [
        OptionDescription(
            "credentials_file", .path,
            "A credentials file: of a service account, a user, a workload identity or an impersonation.",
            environment: ["GOOGLE_APPLICATION_CREDENTIALS"]),
        OptionDescription(
            "gcloud_folder", .path, "Where the gcloud tool keeps the credentials of who logged in.",
            default: "~/.config/gcloud", environment: ["CLOUDSDK_CONFIG"]),
        OptionDescription(
            "metadata_host", .string, "The metadata server's host, and perhaps port.",
            default: metadata, environment: ["GCE_METADATA_HOST"]),
        OptionDescription(
            "metadata_disabled", .boolean, "Whether the metadata server is left alone.",
            default: "false", environment: ["NO_GCE_CHECK"]),
        OptionDescription(
            "anonymous", .boolean, "Whether requests show no token, as emulators expect it.",
            default: "false"),
    ]

    private let file: String?
    private let loginFile: String?
    private let metadataServer: Endpoint?
    private let isAnonymous: Bool

    /// Reads and checks the options.
    ///
    /// - Parameters:
    ///   - options: The store's options.
    ///   - anonymous: Whether no token is shown, whatever the options say.
    /// - Throws: ``DriverError`` that names the option.
    public init(_ options: Options, anonymous: Bool) throws(DriverError) {
        isAnonymous = anonymous || options.flag("anonymous") ?? false
        file = try Self.given(options, "credentials_file").map { path throws(DriverError) in
            try readablePath(path, "credentials_file")
        }
        loginFile = try Self.given(options, "gcloud_folder").flatMap { folder throws(DriverError) in
            try Self.login(in: folder)
        }
        let host = Self.given(options, "metadata_host") ?? Self.metadata
        guard let endpoint = Endpoint("http://" + host), endpoint.path.isEmpty else {
            throw DriverError(
                .invalid, "the option metadata_host is no host such as 169.254.169.254")
        }
        metadataServer = options.flag("metadata_disabled") ?? false ? nil : endpoint
    }

    /// Where tokens come from, in the order of Google's own tools.
    ///
    /// - Parameter client: How servers are asked.
    /// - Returns: The provider.
    public func provider(_ client: HTTPClient) -> TokenProvider {
        guard !isAnonymous else { return TokenProvider([]) }
        let client = TokenClient(client)
        var sources: [any TokenSource] = []
        if let path = file ?? loginFile {
            sources.append(CredentialsFile(path: path, client: client))
        }
        if let metadataServer {
            sources.append(MetadataServer(client: client, endpoint: metadataServer))
        }
        return TokenProvider(sources.isEmpty ? [NoSource()] : sources)
    }

    /// Whether requests show a token.
    public var showsToken: Bool { !isAnonymous }

    /// The file of who logged in, which most machines do not have.
    private static func login(in folder: String) throws(DriverError) -> String? {
        guard folder.hasPrefix("/"), !folder.utf8.contains(0) else {
            throw DriverError(.invalid, "the option gcloud_folder is no absolute path")
        }
        var status = stat()
        let isThere = unsafe stat(folder, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        // The usual folder may be missing, one that was named may not.
        guard isThere || folder.hasSuffix(usualFolder) else {
            throw DriverError(
                .invalid, "the option gcloud_folder: \(folder.prefix(200)) is no folder")
        }
        return try? readablePath("\(folder)/\(login)", "gcloud_folder")
    }

    private static func given(_ options: Options, _ name: String) -> String? {
        options.text(name).flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// Nothing was configured: the provider says what can be.
private struct NoSource: TokenSource {
    let place = "nothing"

    func owner(_ control: some CallControl) throws(DriverError) -> TokenOwner? { nil }

    func token(_ control: some CallControl) throws(DriverError) -> AccessToken? { nil }
}
