public import HoldfastDriver
public import SharedHTTP
public import SharedJSON

/// Who a service of AWS takes this machine for, and by which credentials.
public struct CallerIdentity: Sendable {
    private let client: HTTPClient
    private let provider: CredentialProvider
    private let region: String
    /// The token service; `nil` where there is none that knows the keys.
    private let tokenService: Endpoint?

    /// A signature that is off by more than this is refused.
    private static let tolerance: Int64 = 900_000_000_000

    init(
        _ client: HTTPClient, _ provider: CredentialProvider, region: String,
        tokenService: Endpoint?
    ) {
        self.client = client
        self.provider = provider
        self.region = region
        self.tokenService = tokenService
    }

    /// The result of a driver's operation `identity`.
    ///
    /// - Parameters:
    ///   - clock: What an answer of the driver's own service said of its clock.
    ///   - control: The deadline and cancellation.
    /// - Returns: Members without a secret.
    /// - Throws: ``DriverError`` when there are no credentials.
    public func document(
        _ clock: ServiceClock?, _ control: some CallControl
    ) throws(DriverError) -> JSONValue {
        let credentials = try provider.credentials(control)
        var members: [String: JSONValue] = [
            "access_key_id": .string(credentials.accessKeyID),
            "source": .string(provider.source), "region": .string(region),
        ]
        if let expiry = credentials.expirySeconds {
            members["expires"] = .string(Timestamp.extended(expiry))
        }
        members.merge(principal(credentials, control)) { $1 }
        if let clock {
            members["clock"] = .object([
                "ahead_ns": .number("\(clock.aheadNanoseconds)"),
                "uncertainty_ns": .number("\(clock.uncertaintyNanoseconds)"),
                "tolerance_ns": .number("\(Self.tolerance)"),
            ])
        }
        return .object(members)
    }

    /// Asks the token service, which everybody may ask; without it the key's id says who asks.
    private func principal(
        _ credentials: AWSCredentials, _ control: some CallControl
    ) -> [String: JSONValue] {
        func key(_ note: String) -> [String: JSONValue] {
            [
                "principal": .string("the access key \(credentials.accessKeyID)"),
                "kind": .string("aws-access-key"), "note": .string(note),
            ]
        }
        guard let tokenService else {
            return key(
                "whose key it is was not asked: the endpoint is not Amazon's, and sts_endpoint is not set"
            )
        }
        var request = HTTPRequest(
            "POST", tokenService.url + "/",
            headers: [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")],
            body: .bytes(Array("Action=GetCallerIdentity&Version=2011-06-15".utf8)))
        Signer(service: "sts", region: region)
            .sign(&request, credentials, at: unixNanoseconds() / 1_000_000_000)
        let answer: HTTPResponse
        do throws(DriverError) {
            answer = try client.send(
                request, limit: 65_536, LimitedControl(control, nanoseconds: 5_000_000_000))
        } catch {
            return key(
                "the token service at \(tokenService.authority) cannot be asked: \(error.message)")
        }
        guard answer.isSuccess, let name = XMLText.first("Arn", in: answer.body) else {
            let code = (XMLText.first("Code", in: answer.body) ?? "").prefix(80)
            return key(
                "the token service at \(tokenService.authority) answered \(answer.status) \(code)")
        }
        return [
            "principal": .string(name), "kind": .string("aws-arn"),
            "account": .string(XMLText.first("Account", in: answer.body) ?? ""),
        ]
    }
}

/// The names of AWS's resources.
public enum AmazonResource {
    /// The partition that a region belongs to, as ARNs have it.
    public static func partition(_ region: String) -> String {
        if region.hasPrefix("cn-") { return "aws-cn" }
        return region.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
    }
}

/// A policy of AWS's identity service.
public struct AmazonPolicy: Sendable {
    /// Rights on one resource.
    public struct Statement: Sendable {
        let resource: String
        let rights: [(name: String, purposes: [String])]
        let condition: JSONValue?

        /// Makes a statement.
        ///
        /// - Parameters:
        ///   - resource: The resource's ARN.
        ///   - rights: The actions, each with the checks of doctor's that fail without it.
        ///   - condition: The condition under which they are granted.
        public init(
            _ resource: String, _ rights: [(name: String, purposes: [String])],
            condition: JSONValue? = nil
        ) {
            self.resource = resource
            self.rights = rights
            self.condition = condition
        }
    }

    private let statements: [Statement]

    /// Makes a policy.
    public init(_ statements: [Statement]) { self.statements = statements }

    /// The result of a driver's operation `policy`.
    public var document: JSONValue {
        let grants = statements.flatMap { statement in
            statement.rights.map { right in
                JSONValue.object([
                    "right": .string(right.name), "on": .string(statement.resource),
                    "for": .array(right.purposes.map { .string($0) }),
                ])
            }
        }
        let list = statements.map { statement in
            var members: [String: JSONValue] = [
                "Effect": .string("Allow"), "Resource": .string(statement.resource),
                "Action": .array(statement.rights.map { .string($0.name) }),
            ]
            members["Condition"] = statement.condition
            return JSONValue.object(members)
        }
        return .object([
            "kind": .string("aws-iam"), "grants": .array(grants),
            "apply": .string(
                "attach the policy to the user or role, for instance with aws iam put-user-policy"
                    + " or aws iam put-role-policy"),
            "document": .object([
                "Version": .string("2012-10-17"), "Statement": .array(list),
            ]),
        ])
    }
}
