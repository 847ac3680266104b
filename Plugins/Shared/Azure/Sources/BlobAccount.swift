package import HoldfastDriver
package import SharedHTTP
internal import SharedJSON

/// A storage account's Blob service: where it is, and how requests to it say who asks.
package struct BlobAccount: Sendable {
    /// The service's URL.
    package let endpoint: Endpoint
    let proof: Proof
    /// Which way to say who asks was chosen, for people.
    let source: String
    /// The account's name; `nil` where only its endpoint is known.
    let name: String?

    enum Proof: Sendable {
        case key(SharedKey)
        case signature(SharedAccessSignature)
        case token(TokenProvider)
    }

    /// Reads and checks the options.
    ///
    /// The first way that has what it needs counts: a connection string, a key, a signature, an
    /// application's secret, a workload identity, a service's identity, the machine's identity.
    ///
    /// - Parameters:
    ///   - options: The store's options.
    ///   - client: How servers of tokens are asked.
    /// - Throws: ``DriverError`` that names the option.
    package init(_ options: Options, _ client: HTTPClient) throws(DriverError) {
        let text = AzureOptions.given(options, "connection_string")
        var string: ConnectionString?
        if let text { string = try ConnectionString(text) }
        let account = try Self.account(options, string)
        endpoint = try Self.endpoint(options, string, account)
        name = account
        if let string {
            source = "the connection string"
            proof = try Self.proof(
                key: string.key, signature: string.signature, account, "connection_string")
        } else if let key = AzureOptions.given(options, "account_key") {
            source = "the option account_key, or its variable"
            proof = try Self.proof(key: key, signature: nil, account, "account_key")
        } else if let signature = AzureOptions.given(options, "sas_token") {
            source = "the option sas_token, or its variable"
            proof = try Self.proof(key: nil, signature: signature, account, "sas_token")
        } else {
            let tokens = try Self.source(options, client)
            source = tokens.place
            proof = .token(TokenProvider(tokens))
        }
        try checkTransport()
    }

    /// What authorised a request, to tell it when the service refuses.
    package struct Authorization: Sendable {
        fileprivate let token: AccessToken?
    }

    /// Adds to a request what says who asks.
    ///
    /// - Parameters:
    ///   - request: The request with all other headers; its URL is escaped.
    ///   - control: The deadline and cancellation.
    /// - Returns: What was used, for ``refused(_:)``.
    /// - Throws: ``DriverError`` when no token is to be had.
    package func authorize(
        _ request: inout HTTPRequest, _ control: some CallControl
    ) throws(DriverError) -> Authorization {
        switch proof {
        case .key(let key):
            key.sign(&request, at: unixNanoseconds() / 1_000_000_000)
        case .signature(let signature):
            let mark = request.url.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
            request.url += mark + signature.query
        case .token(let provider):
            let token = try provider.token(control)
            request.headers.append(("Authorization", "Bearer \(token.text)"))
            return Authorization(token: token)
        }
        return Authorization(token: nil)
    }

    /// Forgets a token that the service refused.
    ///
    /// - Parameter authorization: What was used.
    /// - Returns: Whether the request may be sent once more, with a new token.
    package func refused(_ authorization: Authorization) -> Bool {
        guard case .token(let provider) = proof, let token = authorization.token else {
            return false
        }
        provider.forget(token)
        return true
    }

    /// What to do about a request that the service does not believe to come from who it says.
    package var authenticationAdvice: String {
        switch proof {
        case .key(let key): return "check the account's name, \(key.account), and its key"
        case .signature(let signature):
            let now = unixNanoseconds() / 1_000_000_000
            if let end = signature.endSeconds, end <= now {
                return
                    "the shared access signature ended at \(Timestamp.extended(end)): make a new one"
            }
            return
                "check the shared access signature: its end, and that the key it was made with is"
                + " still the account's"
        case .token: return "check that the identity belongs to the account's tenant"
        }
    }

    /// What to do about a request that the service does not allow.
    package var permissionAdvice: String {
        switch proof {
        case .key: return "check that the account allows its keys, and this machine's network"
        case .signature(let signature):
            let has = signature.permissions.map { "it has \($0), and" } ?? "it"
            return "check the permissions of the shared access signature: \(has) needs rwdl"
        case .token:
            return "give the identity the role Storage Blob Data Contributor on the container"
        }
    }

    private func checkTransport() throws(DriverError) {
        guard endpoint.scheme == "http", !AzureOptions.isLocal(endpoint) else { return }
        let isSecret: Bool
        switch proof {
        // A key is not sent, only what it signs.
        case .key: isSecret = false
        case .signature, .token: isSecret = true
        }
        if isSecret {
            throw DriverError(
                .invalid,
                "the endpoint \(endpoint.url) is not https: a token or shared access signature would be"
                    + " sent where everybody can read it")
        }
    }

    // MARK: - Options

    private static func account(
        _ options: Options, _ string: ConnectionString?
    ) throws(DriverError) -> String? {
        let given = AzureOptions.given(options, "account")
        if let given, let other = string?.account, given != other {
            throw DriverError(
                .invalid,
                "the option account is \(given.prefix(64)), but the connection string is of"
                    + " \(other.prefix(64)): remove one of them")
        }
        guard let account = given ?? string?.account else { return nil }
        let isName = account.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-")
        }
        guard isName, (3...63).contains(account.utf8.count) else {
            throw DriverError(
                .invalid,
                "the option account is no storage account's name: 3 to 24 small letters and digits")
        }
        return account
    }

    private static func endpoint(
        _ options: Options, _ string: ConnectionString?, _ account: String?
    ) throws(DriverError) -> Endpoint {
        let given = AzureOptions.given(options, "endpoint") ?? string?.endpoint
        guard let url = given ?? account.map({ "https://\($0).blob.core.windows.net" }) else {
            throw DriverError(
                .invalid,
                "no storage account is named: set the option account (AZURE_STORAGE_ACCOUNT), endpoint"
                    + " or connection_string (AZURE_STORAGE_CONNECTION_STRING)")
        }
        guard let endpoint = Endpoint(url) else {
            throw DriverError(
                .invalid,
                "the endpoint of the Blob service is no URL such as https://host:port, without user and"
                    + " query")
        }
        return endpoint
    }

    private static func proof(
        key: String?, signature: String?, _ account: String?, _ option: String
    ) throws(DriverError) -> Proof {
        if let key {
            guard let account else {
                throw DriverError(
                    .invalid, "the option account is missing: a key belongs to an account")
            }
            guard let key = SharedKey(account: account, key: key) else {
                throw DriverError(.invalid, "the key of the option \(option) is not Base64")
            }
            return .key(key)
        }
        guard let signature = signature.flatMap({ SharedAccessSignature($0) }) else {
            throw DriverError(
                .invalid,
                "the option \(option) holds no shared access signature: it begins with sv= and has sig="
            )
        }
        return .signature(signature)
    }

    private static func source(
        _ options: Options, _ client: HTTPClient
    ) throws(DriverError) -> any TokenSource {
        func given(_ name: String) -> String? { AzureOptions.given(options, name) }
        let clientID = given("client_id")
        if let proof = try applicationProof(options), let tenant = given("tenant_id"), let clientID
        {
            let url = given("authority") ?? AzureOptions.authority
            return ApplicationIdentity(
                client: client, authority: try AzureOptions.secretEndpoint("authority", url),
                tenant: tenant, clientID: clientID, proof: proof)
        }
        if let url = given("identity_endpoint"), let secret = given("identity_header") {
            guard isHeaderText(secret) else {
                throw DriverError(.invalid, "the option identity_header cannot be sent in a header")
            }
            let endpoint = try AzureOptions.secretEndpoint("identity_endpoint", url)
            return ServiceIdentity(
                client: client, url: endpoint.url, secret: secret, clientID: clientID)
        }
        let url = given("metadata_endpoint") ?? AzureOptions.metadata
        return InstanceIdentity(
            client: client, endpoint: try AzureOptions.secretEndpoint("metadata_endpoint", url),
            clientID: clientID)
    }

    private static func applicationProof(
        _ options: Options
    ) throws(DriverError) -> ApplicationIdentity.Proof? {
        if let secret = AzureOptions.given(options, "client_secret") { return .secret(secret) }
        guard let path = AzureOptions.given(options, "federated_token_file") else { return nil }
        return .file(try readablePath(path, "federated_token_file"))
    }
}
