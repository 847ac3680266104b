/// What a request to a service of Google shows.
public struct AccessToken: Sendable, Equatable {
    /// The token itself, a secret.
    public var text: String
    /// When it ends, in seconds since 1970 by this machine's clock.
    public var expirySeconds: Int64

    /// Makes a token.
    public init(text: String, expirySeconds: Int64) {
        self.text = text
        self.expirySeconds = expirySeconds
    }
}

extension AccessToken: CustomStringConvertible, CustomReflectable {
    /// No part of it, so that no message can show it by accident.
    public var description: String { "a Google access token" }

    /// Nothing: a dump must not show it either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
