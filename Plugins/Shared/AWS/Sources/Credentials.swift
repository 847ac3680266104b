/// The keys of who is asking.
public struct AWSCredentials: Sendable, Equatable {
    /// The id of the key pair, which is no secret.
    public var accessKeyID: String
    /// The secret key.
    public var secretAccessKey: String
    /// The token of a session that ends; `nil` for keys that last.
    public var sessionToken: String?
    /// When they end, in seconds since 1970; `nil` for never or unknown.
    public var expirySeconds: Int64?

    /// Makes credentials.
    public init(
        accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil,
        expirySeconds: Int64? = nil
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expirySeconds = expirySeconds
    }
}

extension AWSCredentials: CustomStringConvertible, CustomReflectable {
    /// Their id only, so that no message can show the secrets by accident.
    public var description: String { "the AWS key \(accessKeyID)" }

    /// Nothing: a dump must not show the secrets either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
