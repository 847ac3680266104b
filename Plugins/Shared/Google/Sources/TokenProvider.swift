public import HoldfastDriver
public import SharedHTTP

/// Finds tokens, keeps them, and gets new ones before they end.
public final class TokenProvider: Sendable {
    private struct Found {
        var token: AccessToken
        var source: any TokenSource
    }

    private let sources: [any TokenSource]
    // The metadata server has no new one earlier.
    private let found = Renewal<Found>(
        "a Google access token", earlySeconds: 225, endSeconds: { $0.token.expirySeconds })

    init(_ sources: [any TokenSource]) { self.sources = sources }

    /// The token to show now.
    ///
    /// - Parameter control: The deadline and cancellation.
    /// - Returns: A token that has not ended, by this machine's clock; `nil` for no token at all.
    /// - Throws: ``DriverError`` with what was tried, and never a secret.
    public func token(_ control: some CallControl) throws(DriverError) -> AccessToken? {
        try current(control)?.token
    }

    /// Whose tokens are shown.
    ///
    /// - Parameter control: The deadline and cancellation.
    /// - Returns: The identity, without a secret.
    /// - Throws: ``DriverError`` when no token can be had.
    public func identity(_ control: some CallControl) throws(DriverError) -> TokenIdentity {
        guard let found = try current(control) else {
            return TokenIdentity(nil, source: "the options: none is wanted")
        }
        return TokenIdentity(try found.source.owner(control), source: found.source.place)
    }

    /// Forgets a token that a service did not take, so that the next call asks for a new one.
    ///
    /// - Parameter token: The token that was refused.
    public func forget(_ token: AccessToken) { found.forget { $0.token == token } }

    private func current(_ control: some CallControl) throws(DriverError) -> Found? {
        if sources.isEmpty { return nil }
        return try found.value(control) { () throws(DriverError) in try find(control) }
    }

    private func find(_ control: some CallControl) throws(DriverError) -> Found {
        for source in sources {
            if let token = try source.token(control) { return Found(token: token, source: source) }
        }
        throw DriverError(
            .unauthenticated,
            "no Google credentials were found: set credentials_file or"
                + " GOOGLE_APPLICATION_CREDENTIALS, log in with `gcloud auth application-default login`,"
                + " or run where there is a metadata server")
    }
}
