internal import HoldfastDriver
internal import SharedHTTP

/// Where tokens come from.
protocol TokenSource: Sendable {
    /// What it is, for people.
    var place: String { get }

    /// Asks for a new token.
    func token(_ control: any CallControl) throws(DriverError) -> AccessToken
}

/// Keeps a token, and gets a new one before it ends.
final class TokenProvider: Sendable {
    private let source: any TokenSource
    private let found = Renewal<AccessToken>(
        "an Azure access token", earlySeconds: 300, endSeconds: { $0.endSeconds })

    init(_ source: any TokenSource) { self.source = source }

    /// The token to send now.
    func token(_ control: some CallControl) throws(DriverError) -> AccessToken {
        try found.value(control) { () throws(DriverError) in try source.token(control) }
    }

    /// Forgets a token that the service refused, so that the next call asks for a new one.
    func forget(_ token: AccessToken) { found.forget { $0 == token } }
}
