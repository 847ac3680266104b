internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON

/// A token of the identity of a virtual machine, by the instance metadata service.
struct InstanceIdentity: TokenSource {
    static let path = "/metadata/identity/oauth2/token"

    let client: HTTPClient
    let endpoint: Endpoint
    let clientID: String?
    var place: String { "the machine's managed identity, by \(endpoint.authority)" }

    func token(_ control: any CallControl) throws(DriverError) -> AccessToken {
        let query = identityQuery(version: "2018-02-01", clientID)
        let request = HTTPRequest(
            "GET", "\(endpoint.url)\(Self.path)?\(query)", headers: [("Metadata", "true")])
        // Outside of Azure nobody answers; that must not take long.
        let limited = LimitedControl(OuterControl(control), nanoseconds: 3_000_000_000)
        let answer: HTTPResponse
        do throws(DriverError) {
            answer = try ask(client, request, limited)
        } catch {
            if limited.outerIsOver {
                throw limited.overError("waiting for an Azure access token", applied: .no)
            }
            throw DriverError(
                .unauthenticated,
                "no Azure credentials are set, and the instance metadata service does not give any"
                    + " (\(error.message)): set connection_string, account_key, sas_token or the workload"
                    + " identity's options",
                retry: .same(afterNanoseconds: 1_000_000_000), vendorCode: error.vendorCode,
                vendorName: error.vendorName)
        }
        return try accessToken(
            in: answer, of: "the instance metadata service", advice: identityAdvice)
    }
}

/// A token of the identity of an App Service, a function or a container app.
struct ServiceIdentity: TokenSource {
    let client: HTTPClient
    let url: String
    let secret: String
    let clientID: String?
    let place = "the managed identity of the App Service, by its identity endpoint"

    func token(_ control: any CallControl) throws(DriverError) -> AccessToken {
        let query = identityQuery(version: "2019-08-01", clientID)
        let request = HTTPRequest(
            "GET", "\(url)?\(query)", headers: [("X-IDENTITY-HEADER", secret)])
        let limited = LimitedControl(OuterControl(control), nanoseconds: 10_000_000_000)
        let answer = try ask(client, request, limited)
        return try accessToken(in: answer, of: "the identity endpoint", advice: identityAdvice)
    }
}

/// A token of an application, in exchange for its secret or for the token of a workload.
struct ApplicationIdentity: TokenSource {
    enum Proof: Sendable {
        /// The application's secret.
        case secret(String)
        /// The file with the workload's token.
        case file(String)
    }

    let client: HTTPClient
    let authority: Endpoint
    let tenant: String
    let clientID: String
    let proof: Proof

    var place: String {
        switch proof {
        case .secret: "the application \(clientID.prefix(64)) with its secret"
        case .file(let path):
            "the application \(clientID.prefix(64)) with the workload's token in \(path)"
        }
    }

    func token(_ control: any CallControl) throws(DriverError) -> AccessToken {
        var items = [
            ("grant_type", "client_credentials"), ("client_id", clientID),
            ("scope", "https://storage.azure.com/.default"),
        ]
        let advice: String
        switch proof {
        case .secret(let secret):
            items.append(("client_secret", secret))
            advice = "check tenant_id, client_id and client_secret"
        case .file(let path):
            // The file is replaced from time to time, so it is read for every exchange.
            let text = String(decoding: try readSmallFile(path), as: UTF8.self)
            let token = String(text.drop(while: \.isWhitespace).prefix { !$0.isWhitespace })
            guard isHeaderText(token) else {
                throw DriverError(.invalid, "\(path) holds no federated token")
            }
            items.append(
                (
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
                ))
            items.append(("client_assertion", token))
            advice =
                "check tenant_id, client_id, the token in \(path) and the application's federated"
                + " credential"
        }
        let request = HTTPRequest(
            "POST", "\(authority.url)/\(URLText.escaped(tenant))/oauth2/v2.0/token",
            headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: .bytes(Array(URLText.query(items).utf8)))
        let limited = LimitedControl(OuterControl(control), nanoseconds: 10_000_000_000)
        let answer = try ask(client, request, limited)
        return try accessToken(
            in: answer, of: "the authority \(authority.authority)", advice: advice)
    }
}

/// Another's control, whatever its type is.
private struct OuterControl: CallControl {
    private let control: any CallControl

    init(_ control: any CallControl) { self.control = control }

    var isOver: Bool { control.isOver }
    var remainingNanoseconds: Int64 { control.remainingNanoseconds }
}

private let identityAdvice =
    "check that the identity is assigned to this machine, and client_id where there are several"

private func identityQuery(version: String, _ clientID: String?) -> String {
    var items = [("api-version", version), ("resource", "https://storage.azure.com/")]
    if let clientID { items.append(("client_id", clientID)) }
    return URLText.query(items)
}

private func ask(
    _ client: HTTPClient, _ request: HTTPRequest, _ control: some CallControl
) throws(DriverError) -> HTTPResponse {
    do throws(DriverError) {
        return try client.send(request, limit: 65_536, control)
    } catch {
        var error = error
        error.message = "an Azure access token: \(error.message)"
        // Nothing of the store was written.
        error.applied = .no
        // A limit of the question itself is no deadline of the call.
        if error.code == .deadline { error.code = .unavailable }
        if error.code == .unavailable { error.retry = .same(afterNanoseconds: 1_000_000_000) }
        throw error
    }
}

/// The token in an answer; what the answer says of an error is not shown, for it may quote what was sent.
private func accessToken(
    in answer: HTTPResponse, of server: String, advice: String
) throws(DriverError) -> AccessToken {
    let document = try? JSONValue(answer.body)
    if answer.isSuccess, let text = document?["access_token"]?.text, isHeaderText(text),
        let left = lifetime(document)
    {
        return AccessToken(text: text, endSeconds: unixNanoseconds() / 1_000_000_000 + left)
    }
    let passes = answer.status >= 500 || answer.status == 429 || answer.status == 410
    var name = String((document?["error"]?.text ?? "").prefix { isPlain($0) }.prefix(60))
    let words = document?["error_description"]?.text ?? ""
    if words.hasPrefix("AADSTS") { name += " " + words.prefix { isPlain($0) }.prefix(20) }
    let shown = name.isEmpty ? "" : " (\(name))"
    throw DriverError(
        passes ? .unavailable : .unauthenticated,
        "\(server) answered \(answer.status) without an access token\(shown); \(advice)",
        retry: passes ? .same(afterNanoseconds: 1_000_000_000) : .never,
        vendorCode: Int64(answer.status), vendorName: name)
}

/// The seconds that a token is good for; some servers write them as text.
private func lifetime(_ document: JSONValue?) -> Int64? {
    func number(_ name: String) -> Int64? {
        document?[name]?.integer ?? document?[name]?.text.flatMap { Int64($0) }
    }
    if let left = number("expires_in") { return min(max(left, 0), 1 << 32) }
    return number("expires_on").map { $0 - unixNanoseconds() / 1_000_000_000 }
}

private func isPlain(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber || character == "_")
}

/// Whether text can be a header's value or a part of one.
func isHeaderText(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
}
