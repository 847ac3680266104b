internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON

/// Where a container's credentials are, and what to show for them.
struct ContainerSource: Sendable {
    let url: String
    let token: String?
    let tokenFile: String?

    /// Whether a URL may get the token: over TLS, or at an address that does not leave the machine.
    static func isAllowed(_ url: String) -> Bool {
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !url.contains("@"),
            let endpoint = Endpoint(String(url.prefix { $0 != "?" }))
        else { return false }
        if endpoint.scheme == "https" { return true }
        let host =
            endpoint.authority.hasPrefix("[")
            ? String(endpoint.authority.prefix { $0 != "]" }) + "]"
            : String(endpoint.authority.prefix { $0 != ":" })
        let own = ["localhost", "169.254.170.2", "169.254.170.23", "[::1]", "[fd00:ec2::23]"]
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let isLoopback =
            parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
        return own.contains(host) || isLoopback
    }
}

/// Keys that a container's agent gives.
struct ContainerKeys: CredentialLink {
    let client: HTTPClient
    let source: ContainerSource
    let name = "container"
    let detail = "the container's agent"

    func find(_ control: any CallControl) throws(DriverError) -> AWSCredentials? {
        var request = HTTPRequest("GET", source.url)
        if let file = source.tokenFile {
            let token = trimmed(String(decoding: try readSmallFile(file), as: UTF8.self)[...])
            guard isHeaderText(token) else {
                throw DriverError(.invalid, "\(file) holds no authorization token")
            }
            request.headers.append(("Authorization", token))
        } else if let token = source.token {
            request.headers.append(("Authorization", token))
        }
        let answer = try ask(
            client, request, name, LimitedControl(AnyControl(control), nanoseconds: 5_000_000_000))
        return try credentials(of: answer, from: "the container's agent")
    }
}

/// Keys of the role of an EC2 instance, by the metadata service's second version.
struct InstanceKeys: CredentialLink {
    private static let path = "/latest/meta-data/iam/security-credentials/"

    let client: HTTPClient
    let endpoint: Endpoint
    let name = "instance metadata"
    let detail = "the role of the instance, by its metadata service"

    func find(_ control: any CallControl) throws(DriverError) -> AWSCredentials? {
        // Outside of EC2 nobody answers; that must not take long.
        let control = LimitedControl(AnyControl(control), nanoseconds: 2_000_000_000)
        guard let token = token(control) else {
            if control.outerIsOver {
                throw control.overError("waiting for AWS credentials", applied: .no)
            }
            return nil
        }
        let header = ("X-aws-ec2-metadata-token", token)
        let roles = try ask(
            client, HTTPRequest("GET", endpoint.url + Self.path, headers: [header]), name, control)
        // An instance without a role.
        if roles.status == 404 { return nil }
        let lines = String(decoding: roles.body, as: UTF8.self).split(whereSeparator: \.isNewline)
        guard roles.isSuccess, let role = lines.first else {
            throw unusable("the instance metadata service", roles)
        }
        let request = HTTPRequest(
            "GET", endpoint.url + Self.path + URLText.escaped(String(role)), headers: [header])
        return try credentials(
            of: try ask(client, request, name, control), from: "the instance metadata service")
    }

    private func token(_ control: some CallControl) -> String? {
        let request = HTTPRequest(
            "PUT", endpoint.url + "/latest/api/token",
            headers: [("X-aws-ec2-metadata-token-ttl-seconds", "21600")])
        guard let answer = try? ask(client, request, name, control), answer.isSuccess else {
            return nil
        }
        let token = trimmed(String(decoding: answer.body, as: UTF8.self)[...])
        return isHeaderText(token) ? token : nil
    }
}

/// Another's control, whatever its type is.
struct AnyControl: CallControl {
    private let control: any CallControl

    init(_ control: any CallControl) { self.control = control }

    var isOver: Bool { control.isOver }
    var remainingNanoseconds: Int64 { control.remainingNanoseconds }
}

/// Asks a server of credentials, whose answers are short.
func ask(
    _ client: HTTPClient, _ request: HTTPRequest, _ name: String, _ control: some CallControl
) throws(DriverError) -> HTTPResponse {
    do throws(DriverError) {
        return try client.send(request, limit: 65_536, control)
    } catch {
        var error = error
        error.message = "AWS credentials (\(name)): \(error.message)"
        // Nothing of the store was written.
        error.applied = .no
        // A limit of the look itself is no deadline of the call.
        if error.code == .deadline { error.code = .unavailable }
        if error.code == .unavailable { error.retry = .same(afterNanoseconds: 1_000_000_000) }
        throw error
    }
}

/// The credentials in an answer of a container's agent or of the metadata service.
private func credentials(
    of answer: HTTPResponse, from server: String
) throws(DriverError) -> AWSCredentials {
    guard answer.isSuccess, let document = try? JSONValue(answer.body),
        document["Code"].map({ $0.text == "Success" }) ?? true,
        let id = document["AccessKeyId"]?.text, let secret = document["SecretAccessKey"]?.text,
        isHeaderText(id)
    else { throw unusable(server, answer) }
    let token = document["Token"]?.text ?? document["SessionToken"]?.text
    return AWSCredentials(
        accessKeyID: id, secretAccessKey: secret,
        sessionToken: token.flatMap { isHeaderText($0) ? $0 : nil },
        expirySeconds: document["Expiration"]?.text.flatMap { Timestamp.seconds($0) })
}

private func unusable(_ server: String, _ answer: HTTPResponse) -> DriverError {
    let passes = answer.status >= 500 || answer.status == 429
    return DriverError(
        passes ? .unavailable : .unauthenticated,
        "\(server) answered \(answer.status) without AWS credentials",
        retry: passes ? .same(afterNanoseconds: 1_000_000_000) : .never,
        vendorCode: Int64(answer.status))
}
