internal import HoldfastDriver
internal import SharedHTTP
public import SharedJSON

/// Whose tokens a source gives.
struct TokenOwner: Sendable {
    /// Such as a service account's e-mail address.
    var name: String
    /// What it is: `google-service-account`, `google-user`, `google-workload`.
    var kind: String
}

/// Who a service of Google takes this machine for, and by which credentials.
public struct TokenIdentity: Sendable {
    /// Members without a secret, as a driver's operation `identity` has them.
    public let members: [String: JSONValue]

    init(_ owner: TokenOwner?, source: String) {
        let owner =
            owner ?? TokenOwner(name: "anonymous, without a token", kind: "google-anonymous")
        members = [
            "principal": .string(owner.name), "kind": .string(owner.kind),
            "source": .string(source),
        ]
    }
}

extension CredentialsFile {
    var place: String { "the credentials file \(path)" }

    /// Whose file it is, by what it says itself.
    func owner(_ control: some CallControl) throws(DriverError) -> TokenOwner? {
        guard let document = try? JSONValue(try readSmallFile(path)) else { return nil }
        return Self.owner(of: CredentialsDocument(path, document))
    }

    private static func owner(of document: CredentialsDocument) -> TokenOwner {
        if let account = impersonated(document) {
            return TokenOwner(name: account, kind: "google-service-account")
        }
        switch document.kind {
        case "service_account":
            return TokenOwner(
                name: shown(document.text("client_email")), kind: "google-service-account")
        case "authorized_user":
            let account = document.text("account").map { shown($0) }
            return TokenOwner(name: account ?? "the user who logged in", kind: "google-user")
        default:
            return TokenOwner(name: shown(document.text("audience")), kind: "google-workload")
        }
    }

    /// The account whose token is asked for in the end.
    private static func impersonated(_ document: CredentialsDocument) -> String? {
        guard let url = document.text("service_account_impersonation_url"),
            let last = url.split(separator: "/").last
        else { return nil }
        return shown(String(last.prefix { $0 != ":" }))
    }

    private static func shown(_ text: String?) -> String { String((text ?? "unknown").prefix(200)) }
}

extension MetadataServer {
    private static let emailPath = "/computeMetadata/v1/instance/service-accounts/default/email"

    var place: String { "the metadata server at \(endpoint.authority)" }

    /// The account of the machine.
    func owner(_ control: some CallControl) throws(DriverError) -> TokenOwner? {
        let request = HTTPRequest(
            "GET", endpoint.url + Self.emailPath, headers: [("Metadata-Flavor", "Google")])
        let answer = try client.ask(request, seconds: 2, control)
        let text = String(decoding: answer.body.prefix(200), as: UTF8.self)
        let email = text.split(whereSeparator: \.isWhitespace).first.map(String.init)
        guard answer.isSuccess, let email, isTokenText(email) else {
            return TokenOwner(
                name: "the machine's service account", kind: "google-service-account")
        }
        return TokenOwner(name: email, kind: "google-service-account")
    }
}
