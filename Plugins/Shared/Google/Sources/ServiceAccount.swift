internal import HoldfastDriver
internal import SharedHTTP

/// The standard token endpoint.
let standardTokenURL = "https://oauth2.googleapis.com/token"

/// A service account with a key of its own.
struct ServiceAccount {
    private let account: String
    private let key: String
    private let keyID: String
    private let endpoint: Endpoint
    private let path: String

    init(_ document: CredentialsDocument) throws(DriverError) {
        account = try document.needed("client_email")
        key = try document.needed("private_key")
        keyID = try document.needed("private_key_id")
        endpoint = try document.server("token_uri", default: standardTokenURL)
        path = document.path
    }

    func token(
        _ client: TokenClient, _ control: some CallControl
    ) throws(DriverError) -> AccessToken {
        guard
            let assertion = Assertion.make(
                account: account, key: key, keyID: keyID, audience: endpoint.url,
                scope: storageScope, at: nowSeconds())
        else {
            throw DriverError(
                .invalid, "the credentials file \(path): private_key is no RSA key in PEM")
        }
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion),
        ]
        return try client.exchange(endpoint, form, for: account, control)
    }
}

/// A person who logged in with `gcloud auth application-default login`.
struct AuthorizedUser {
    private let form: [(String, String)]
    private let endpoint: Endpoint

    init(_ document: CredentialsDocument) throws(DriverError) {
        form = [
            ("grant_type", "refresh_token"),
            ("client_id", try document.needed("client_id")),
            ("client_secret", try document.needed("client_secret")),
            ("refresh_token", try document.needed("refresh_token")),
        ]
        endpoint = try document.server("token_uri", default: standardTokenURL)
    }

    func token(
        _ client: TokenClient, _ control: some CallControl
    ) throws(DriverError) -> AccessToken {
        try client.exchange(endpoint, form, for: "the user who logged in", control)
    }
}
