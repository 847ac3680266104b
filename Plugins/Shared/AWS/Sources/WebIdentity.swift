internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON

/// Keys of a role, in exchange for the token of a web identity.
struct WebIdentity: CredentialLink {
    let client: HTTPClient
    let service: Endpoint
    let role: String
    let session: String
    let tokenFile: String
    let name = "web identity"
    var detail: String {
        "the role \(role.prefix(200)), assumed with the web identity of \(tokenFile)"
    }

    func find(_ control: any CallControl) throws(DriverError) -> AWSCredentials? {
        // The file is replaced from time to time, so it is read for every exchange.
        let token = trimmed(String(decoding: try readSmallFile(tokenFile), as: UTF8.self)[...])
        let form = URLText.query([
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"),
            ("RoleArn", role), ("RoleSessionName", session), ("WebIdentityToken", token),
        ])
        let request = HTTPRequest(
            "POST", service.url + "/",
            headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: .bytes(Array(form.utf8)))
        let answer = try ask(
            client, request, name, LimitedControl(AnyControl(control), nanoseconds: 10_000_000_000))
        guard answer.isSuccess else { throw refusal(answer) }
        func text(_ name: String) -> String? { XMLText.first(name, in: answer.body) }
        guard let id = text("AccessKeyId"), let secret = text("SecretAccessKey"),
            let token = text("SessionToken"), isHeaderText(id), isHeaderText(token)
        else {
            throw DriverError(
                .unavailable,
                "the token service at \(service.authority) answered without credentials",
                retry: .same(afterNanoseconds: 1_000_000_000))
        }
        return AWSCredentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: token,
            expirySeconds: text("Expiration").flatMap { Timestamp.seconds($0) })
    }

    private func refusal(_ answer: HTTPResponse) -> DriverError {
        let code = (XMLText.first("Code", in: answer.body) ?? "").prefix(80)
        let passes = answer.status >= 500 || code == "IDPCommunicationError" || answer.status == 429
        return DriverError(
            passes ? .unavailable : .unauthenticated,
            "the role \(role.prefix(200)) cannot be assumed with the web identity of \(tokenFile): the token"
                + " service at \(service.authority) answered \(answer.status) \(code)",
            retry: passes ? .same(afterNanoseconds: 1_000_000_000) : .never,
            vendorCode: Int64(answer.status), vendorName: String(code))
    }
}
