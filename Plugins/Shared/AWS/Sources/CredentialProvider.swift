public import HoldfastDriver
public import SharedHTTP

/// Finds credentials, keeps them, and gets new ones before they end.
public final class CredentialProvider: Sendable {
    private typealias Found = (credentials: AWSCredentials, source: String)

    private let chain: CredentialChain
    private let found = Renewal<Found>(
        "AWS credentials", earlySeconds: 300, endSeconds: { $0.credentials.expirySeconds })

    /// Makes a provider over the links of a chain.
    public init(_ chain: CredentialChain) { self.chain = chain }

    /// The credentials to sign with now.
    ///
    /// - Parameter control: The deadline and cancellation.
    /// - Returns: Credentials that have not ended, by this machine's clock.
    /// - Throws: ``DriverError`` with what was tried, and never a secret.
    public func credentials(_ control: some CallControl) throws(DriverError) -> AWSCredentials {
        try found.value(control) { () throws(DriverError) in try chain.find(control) }.credentials
    }

    /// Where the last credentials came from, for people; empty before the first were found.
    public var source: String { found.last?.source ?? "" }

    /// Forgets credentials that a service called expired, so that the next call looks for new ones.
    ///
    /// - Parameter credentials: Those that the service refused.
    public func forget(_ credentials: AWSCredentials) {
        // Keys that last are not found anew.
        guard credentials.sessionToken != nil else { return }
        found.forget { $0.credentials == credentials }
    }
}
