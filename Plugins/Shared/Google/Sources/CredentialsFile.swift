internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON

/// A file with credentials, as Google's tools write them; it is read anew for each token.
struct CredentialsFile: TokenSource {
    let path: String
    let client: TokenClient

    func token(_ control: some CallControl) throws(DriverError) -> AccessToken? {
        let bytes = try readSmallFile(path)
        guard let document = try? JSONValue(bytes), document.members != nil else {
            throw wrong("it is no JSON object")
        }
        return try token(of: CredentialsDocument(path, document), control)
    }

    private func token(
        of document: CredentialsDocument, _ control: some CallControl
    ) throws(DriverError) -> AccessToken {
        switch document.kind {
        case "service_account":
            return try ServiceAccount(document).token(client, control)
        case "authorized_user":
            return try AuthorizedUser(document).token(client, control)
        case "external_account":
            return try ExternalAccount(document).token(client, control)
        case "impersonated_service_account":
            let source = try document.document("source_credentials")
            guard source.kind != document.kind else {
                throw wrong("it impersonates by way of another impersonation")
            }
            let impersonation = try Impersonation(document)
            return try impersonation.token(try token(of: source, control), client, control)
        case "":
            throw wrong("it has no type")
        default:
            throw wrong(
                "this driver does not know the type \(document.kind): use service_account,"
                    + " authorized_user, external_account or impersonated_service_account")
        }
    }

    private func wrong(_ what: String) -> DriverError {
        DriverError(.invalid, "the credentials file \(path): \(what)")
    }
}

/// The members of a credentials file, or of a part of one.
struct CredentialsDocument {
    let path: String
    private let value: JSONValue

    init(_ path: String, _ value: JSONValue) {
        self.path = path
        self.value = value
    }

    /// What kind of credentials it holds, fit to be shown.
    var kind: String {
        String(
            String.UnicodeScalarView(
                (text("type") ?? "").unicodeScalars.prefix(40).filter { $0.isASCII }))
    }

    /// A text; `nil` when it is not there.
    func text(_ name: String) -> String? {
        value[name]?.text.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A text that must be there.
    func needed(_ name: String) throws(DriverError) -> String {
        guard let text = text(name) else {
            throw DriverError(.invalid, "the credentials file \(path) has no \(name)")
        }
        return text
    }

    /// An object that must be there.
    func document(_ name: String) throws(DriverError) -> CredentialsDocument {
        guard let inner = value[name], inner.members != nil else {
            throw DriverError(.invalid, "the credentials file \(path) has no \(name)")
        }
        return CredentialsDocument(path, inner)
    }

    /// Whether there is a member of this name.
    func has(_ name: String) -> Bool { value[name] != nil }

    /// The members that are texts, for headers.
    var texts: [(name: String, value: String)] {
        (value.members ?? [:]).compactMap { name, value in value.text.map { (name, $0) } }
            .sorted { $0.0 < $1.0 }
    }

    /// The URL of a server that is shown a secret: over TLS, or on this machine.
    func server(_ name: String, default standard: String? = nil) throws(DriverError) -> Endpoint {
        let url: String
        if let given = text(name) ?? standard { url = given } else { url = try needed(name) }
        guard let endpoint = Endpoint(url), endpoint.isPrivate else {
            throw DriverError(
                .invalid,
                "the credentials file \(path): \(name) is neither an https URL nor an address of this"
                    + " machine")
        }
        return endpoint
    }
}
