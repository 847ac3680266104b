package import HoldfastDriver
internal import SharedHTTP

/// The options of a driver for Azure Storage that say which account, and who asks.
package enum AzureOptions {
    static let metadata = "http://169.254.169.254"
    static let authority = "https://login.microsoftonline.com"

    /// Their descriptions, with the variables of Azure's own tools.
    package static let descriptions = account + identities

    private static let account = [
        OptionDescription(
            "account", .string, "The storage account.", environment: ["AZURE_STORAGE_ACCOUNT"]),
        OptionDescription(
            "endpoint", .string, "The Blob service's URL, where it is not the account's own.",
            environment: ["AZURE_STORAGE_SERVICE_ENDPOINT"]),
        OptionDescription(
            "connection_string", .secret, "The account's connection string.",
            environment: ["AZURE_STORAGE_CONNECTION_STRING"]),
        OptionDescription(
            "account_key", .secret, "A key of the account.", environment: ["AZURE_STORAGE_KEY"]),
        OptionDescription(
            "sas_token", .secret, "A shared access signature of the account or the container.",
            environment: ["AZURE_STORAGE_SAS_TOKEN"]),
    ]

    private static let identities = [
        OptionDescription(
            "tenant_id", .string, "The tenant of an application.",
            environment: ["AZURE_TENANT_ID"]),
        OptionDescription(
            "client_id", .string,
            "The id of an application, or of a managed identity where there are several.",
            environment: ["AZURE_CLIENT_ID"]),
        OptionDescription(
            "client_secret", .secret, "The secret of the application.",
            environment: ["AZURE_CLIENT_SECRET"]),
        OptionDescription(
            "federated_token_file", .path, "The file with the token of a workload identity.",
            environment: ["AZURE_FEDERATED_TOKEN_FILE"]),
        OptionDescription(
            "authority", .string, "The URL of the authority that gives applications their tokens.",
            default: authority, environment: ["AZURE_AUTHORITY_HOST"]),
        OptionDescription(
            "identity_endpoint", .string, "Where an App Service gives tokens of its identity.",
            environment: ["IDENTITY_ENDPOINT"]),
        OptionDescription(
            "identity_header", .secret, "What to show to the identity endpoint.",
            environment: ["IDENTITY_HEADER"]),
        OptionDescription(
            "metadata_endpoint", .string, "The URL of the instance metadata service.",
            default: metadata, environment: ["AZURE_POD_IDENTITY_AUTHORITY_HOST"]),
    ]

    /// The text of an option; `nil` when it is empty too.
    static func given(_ options: Options, _ name: String) -> String? {
        options.text(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The URL of an option that gets secrets: over TLS, or at an address that does not leave the machine.
    static func secretEndpoint(_ name: String, _ url: String) throws(DriverError) -> Endpoint {
        guard let endpoint = Endpoint(url) else {
            throw DriverError(.invalid, "the option \(name) is no URL")
        }
        guard endpoint.scheme == "https" || isLocal(endpoint) else {
            throw DriverError(
                .invalid, "the option \(name) is neither https nor an address of this machine")
        }
        return endpoint
    }

    /// Whether an endpoint is this machine's own, or the link to what runs it.
    static func isLocal(_ endpoint: Endpoint) -> Bool {
        let name = endpoint.authority
        if name.hasPrefix("[::1]") { return true }
        let host = name.prefix { $0 != ":" }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let isAddress = parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
        return host == "localhost"
            || isAddress && (parts[0] == "127" || parts[0] == "169" && parts[1] == "254")
    }
}
