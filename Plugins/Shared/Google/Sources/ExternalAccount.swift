internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON

/// A workload of another platform, whose own token is exchanged: workload identity federation.
struct ExternalAccount {
    private static let accessToken = "urn:ietf:params:oauth:token-type:access_token"

    private let audience: String
    private let subjectType: String
    private let endpoint: Endpoint
    private let subject: SubjectToken
    private let impersonation: Impersonation?

    init(_ document: CredentialsDocument) throws(DriverError) {
        audience = try document.needed("audience")
        subjectType = try document.needed("subject_token_type")
        endpoint = try document.server("token_url")
        subject = try SubjectToken(try document.document("credential_source"))
        impersonation =
            document.has("service_account_impersonation_url")
            ? try Impersonation(document) : nil
    }

    func token(
        _ client: TokenClient, _ control: some CallControl
    ) throws(DriverError) -> AccessToken {
        // Where a service account is impersonated, the first token must allow just that.
        let scope =
            impersonation == nil ? storageScope : "https://www.googleapis.com/auth/cloud-platform"
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("audience", audience), ("scope", scope),
            ("requested_token_type", Self.accessToken), ("subject_token_type", subjectType),
            ("subject_token", try subject.read(client, control)),
        ]
        let token = try client.exchange(endpoint, form, for: "the workload", control)
        guard let impersonation else { return token }
        return try impersonation.token(token, client, control)
    }
}

/// Where a workload's own token is.
private struct SubjectToken {
    private enum Place {
        case file(String)
        case url(String, [(name: String, value: String)])
    }

    private let place: Place
    /// The member that holds the token where the text is a JSON document.
    private let field: String?
    private let path: String

    init(_ source: CredentialsDocument) throws(DriverError) {
        path = source.path
        if let file = source.text("file") {
            guard file.hasPrefix("/") else {
                throw DriverError(
                    .invalid,
                    "the credentials file \(path): the file of credential_source is no absolute path"
                )
            }
            place = .file(file)
        } else if source.has("url"), !source.has("environment_id") {
            place = .url(try Self.url(source), try Self.headers(source))
        } else {
            let kind = source.has("executable") ? "executable" : "kind"
            throw DriverError(
                .invalid,
                "the credentials file \(path): this driver does not know the \(kind) of its"
                    + " credential_source: use one with a file or a url")
        }
        let format = source.has("format") ? try source.document("format") : nil
        let isJSON = format?.text("type") == "json"
        field = isJSON ? try format?.needed("subject_token_field_name") : nil
    }

    private static func url(_ source: CredentialsDocument) throws(DriverError) -> String {
        let url = try source.needed("url")
        guard Endpoint(String(url.prefix { $0 != "?" })) != nil else {
            throw DriverError(
                .invalid, "the credentials file \(source.path): credential_source has no usable url"
            )
        }
        return url
    }

    private static func headers(
        _ source: CredentialsDocument
    ) throws(DriverError) -> [(name: String, value: String)] {
        source.has("headers") ? try source.document("headers").texts : []
    }

    func read(_ client: TokenClient, _ control: some CallControl) throws(DriverError) -> String {
        let bytes: [UInt8]
        switch place {
        case .file(let file): bytes = try readSmallFile(file)
        case .url(let url, let headers):
            let answer = try client.ask(HTTPRequest("GET", url, headers: headers), control)
            guard answer.isSuccess else {
                throw unusableAnswer("the url of credential_source in \(path)", answer)
            }
            bytes = answer.body
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let token = field == nil ? text : (try? JSONValue(bytes))?[field ?? ""]?.text ?? ""
        let words = token.split(whereSeparator: \.isWhitespace)
        guard words.count == 1, isTokenText(String(words[0])) else {
            throw DriverError(
                .unauthenticated, "what credential_source in \(path) names holds no subject token")
        }
        return String(words[0])
    }
}

/// A service account whose token somebody else may get.
struct Impersonation {
    private let endpoint: Endpoint
    private let account: String

    init(_ document: CredentialsDocument) throws(DriverError) {
        endpoint = try document.server("service_account_impersonation_url")
        // …/serviceAccounts/<e-mail>:generateAccessToken
        let last = endpoint.path.split(separator: "/").last ?? ""
        account = String(last.prefix { $0 != ":" }.prefix(200))
    }

    func token(
        _ token: AccessToken, _ client: TokenClient, _ control: some CallControl
    ) throws(DriverError) -> AccessToken {
        let body = JSONValue.object([
            "scope": .array([.string(storageScope)]), "lifetime": .string("3600s"),
            "delegates": .array([]),
        ])
        let request = HTTPRequest(
            "POST", endpoint.url,
            headers: [
                ("Authorization", "Bearer \(token.text)"), ("Content-Type", "application/json"),
            ], body: .bytes(body.bytes))
        let answer = try client.ask(request, control)
        if answer.status == 403 {
            throw DriverError(
                .forbidden,
                "the service account \(account) may not be impersonated: grant"
                    + " iam.serviceAccounts.getAccessToken (roles/iam.serviceAccountTokenCreator) on it",
                vendorCode: 403)
        }
        let document = (try? JSONValue(answer.body)) ?? .null
        guard answer.isSuccess, let text = document["accessToken"]?.text, isTokenText(text),
            let expiry = document["expireTime"]?.text.flatMap({ Timestamp.seconds($0) })
        else { throw unusableAnswer(endpoint.authority, answer) }
        return AccessToken(text: text, expirySeconds: expiry)
    }
}
