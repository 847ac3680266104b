internal import HTTPTypes

extension HTTPField.Name {
    /// The daemon's key, where it is not in `Authorization`.
    static let apiKey = known("X-API-Key")
    /// MD5 of the body in base64, as Terraform sends it with every body.
    static let contentMD5 = known("Content-MD5")
    /// A second one: the first is the request's authority.
    static let secondHost = known("Host")
    /// The W3C trace context.
    static let traceParent = known("traceparent")
    /// Who is behind a proxy.
    static let forwardedFor = known("X-Forwarded-For")
    /// The id of this exchange, also in the log.
    static let requestID = known("X-Request-Id")
    /// The refused write that was kept.
    static let orphan = known("X-Holdfast-Orphan")
    /// The version that a write made.
    static let stateVersion = known("X-Holdfast-Version")

    /// A name that is valid as it stands in the source; `Name` checks strings at run time only.
    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else {
            preconditionFailure("\(name) is not a header name")
        }
        return name
    }
}
