internal import HoldfastDriver
internal import SharedHTTP

/// One place where credentials may be found.
protocol CredentialLink: Sendable {
    /// The place in messages.
    var name: String { get }
    /// The place once it had credentials, more closely.
    var detail: String { get }

    /// Looks for credentials.
    ///
    /// - Returns: `nil` when this place has none and the next one counts.
    /// - Throws: ``DriverError`` when the place has some and they cannot be had.
    func find(_ control: any CallControl) throws(DriverError) -> AWSCredentials?
}

extension CredentialLink {
    /// Nothing more than the name.
    var detail: String { name }
}

/// The places in their order; the first that has credentials counts.
public struct CredentialChain: Sendable {
    private let links: [any CredentialLink]

    init(_ links: [any CredentialLink]) { self.links = links }

    /// Looks for credentials.
    ///
    /// - Returns: The credentials and where they come from.
    func find(
        _ control: any CallControl
    ) throws(DriverError) -> (credentials: AWSCredentials, source: String) {
        for link in links {
            if let found = try link.find(control) { return (found, link.detail) }
        }
        let places = links.map(\.name).joined(separator: ", ")
        throw DriverError(
            .unauthenticated,
            "no AWS credentials were found (\(places)): set access_key_id and secret_access_key,"
                + " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile")
    }
}

/// Keys that the options give.
struct FixedKeys: CredentialLink {
    let credentials: AWSCredentials
    let name = "options"
    let detail = "the options access_key_id and secret_access_key, or their variables"

    func find(_ control: any CallControl) throws(DriverError) -> AWSCredentials? { credentials }
}

/// Keys in the shared files.
struct ProfileKeys: CredentialLink {
    let files: ProfileFiles
    let named: String?
    let name = "shared files"
    var detail: String { "the shared files, profile \(named ?? "default")" }

    func find(_ control: any CallControl) throws(DriverError) -> AWSCredentials? {
        let profile = try files.read(named)
        if let keys = profile.credentials { return keys }
        guard let other = profile.unsupported else { return nil }
        throw DriverError(
            .unauthenticated,
            "the AWS profile \(named ?? "default") gets its keys by \(other), which this driver does not"
                + " do: give it keys, for instance those of `aws configure export-credentials`")
    }
}
