internal import HoldfastDriver
internal import SharedAWS
internal import SharedHTTP
internal import SharedJSON

/// The service's interface: one signed request for each action.
final class Service: Sendable {
    /// A page of a query has at most 1 MB of items; their text may be several times as long.
    private static let answerLimit = 32 << 20

    /// The table's name.
    let table: String
    /// The region.
    let region: String
    /// Who asks.
    let identity: CallerIdentity
    private let endpoint: Endpoint
    private let signer: Signer
    private let client: HTTPClient
    private let provider: CredentialProvider

    init(
        table: String, endpoint: Endpoint, region: String, _ client: HTTPClient,
        _ provider: CredentialProvider, _ identity: CallerIdentity
    ) {
        self.table = table
        self.region = region
        self.identity = identity
        self.endpoint = endpoint
        signer = Signer(service: "dynamodb", region: region)
        self.client = client
        self.provider = provider
    }

    /// Where the service is, for messages.
    var shown: String { "the table \(table) at \(endpoint.scheme)://\(endpoint.authority)" }

    /// Does one action on the table.
    ///
    /// - Parameters:
    ///   - action: Such as `GetItem`.
    ///   - members: The request's members; the table's name is added where `isOnTable`.
    ///   - call: The call.
    ///   - isOnTable: Whether the request names the table at its top.
    /// - Returns: The answer.
    /// - Throws: ``ServiceFailure``.
    func perform(
        _ action: String, _ members: [String: JSONValue], _ call: Call, isOnTable: Bool = true
    ) throws(ServiceFailure) -> JSONValue {
        let response = try answer(action, members, call, isOnTable: isOnTable)
        do throws(JSONError) {
            return try JSONValue(response.body)
        } catch {
            throw ServiceFailure(
                DriverError(
                    .io,
                    "\(action): the answer of \(endpoint.authority) cannot be read: \(error.message)",
                    applied: .unknown))
        }
    }

    /// As ``perform(_:_:_:isOnTable:)``, with the answer as it came.
    func answer(
        _ action: String, _ members: [String: JSONValue], _ call: Call, isOnTable: Bool = true
    ) throws(ServiceFailure) -> HTTPResponse {
        var members = members
        if isOnTable { members["TableName"] = .string(table) }
        var request = HTTPRequest(
            "POST", endpoint.url + "/",
            headers: [
                ("Content-Type", "application/x-amz-json-1.0"),
                ("X-Amz-Target", "DynamoDB_20120810.\(action)"),
            ], body: .bytes(JSONValue.object(members).bytes))
        let credentials: AWSCredentials
        let response: HTTPResponse
        do throws(DriverError) {
            credentials = try self.credentials(call)
            signer.sign(&request, credentials, at: unixSeconds())
            response = try client.send(request, limit: Self.answerLimit, call)
            try checkSum(response)
        } catch {
            throw ServiceFailure(error)
        }
        guard response.isSuccess else {
            let failure = ServiceFailure(response, action, server: endpoint.authority)
            if failure.error.code == .unauthenticated { provider.forget(credentials) }
            throw failure
        }
        return response
    }

    private func credentials(_ call: Call) throws(DriverError) -> AWSCredentials {
        do throws(DriverError) {
            return try provider.credentials(call)
        } catch {
            // The look has limits of its own; the end of the call is not theirs.
            throw call.isOver ? call.overError(error.message, applied: .no) : error
        }
    }

    /// Closes the kept connections.
    func close() { client.closeIdle() }

    /// The service sums up each answer; a difference is damage on the way.
    private func checkSum(_ response: HTTPResponse) throws(DriverError) {
        guard let sum = response["x-amz-crc32"].flatMap({ UInt32($0) }) else { return }
        guard sum == CRC32.checksum(response.body) else {
            throw DriverError(
                .io, "the answer of \(endpoint.authority) was damaged on the way",
                applied: .unknown, retry: .same(afterNanoseconds: 0), vendorName: "x-amz-crc32")
        }
    }
}

extension DriverError {
    /// This error with what failed in front of it.
    func during(_ action: String) -> DriverError {
        var error = self
        error.message = "\(action): \(message)"
        return error
    }
}
