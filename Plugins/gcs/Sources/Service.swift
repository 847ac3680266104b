internal import HoldfastDriver
internal import SharedGoogle
internal import SharedHTTP
internal import SharedJSON

/// The service's JSON interface: one request with a token for each action.
final class Service: Sendable {
    /// A page of a listing has a thousand objects at most, each with up to 8 KiB of metadata.
    private static let answerLimit = 32 << 20

    /// The bucket's name.
    let bucket: String
    private let endpoint: Endpoint
    private let client: HTTPClient
    private let provider: TokenProvider

    init(bucket: String, endpoint: Endpoint, _ client: HTTPClient, _ provider: TokenProvider) {
        self.bucket = bucket
        self.endpoint = endpoint
        self.client = client
        self.provider = provider
    }

    /// Whose token requests show.
    func identity(_ call: Call) throws(DriverError) -> TokenIdentity {
        try provider.identity(call)
    }

    /// Where the service is, for messages.
    var shown: String { "the bucket \(bucket) at \(endpoint.scheme)://\(endpoint.authority)" }

    /// The URL of the bucket's objects, or of one of them.
    func url(_ key: String?, upload: Bool = false, _ query: [(String, String)]) -> String {
        var url = endpoint.url + (upload ? "/upload" : "") + "/storage/v1/b/"
        url += URLText.escaped(bucket) + "/o"
        if let key { url += "/" + URLText.escaped(key) }
        return query.isEmpty ? url : "\(url)?\(URLText.query(query))"
    }

    /// The URL of all buckets.
    func bucketsURL(_ query: [(String, String)]) -> String {
        "\(endpoint.url)/storage/v1/b?\(URLText.query(query))"
    }

    /// Sends a request with a token, and once more with a new one where the token is refused.
    ///
    /// A refused token means that nothing was done, so that the repeat cannot do it twice.
    ///
    /// - Parameters:
    ///   - request: The request; its body can be read again.
    ///   - call: The call.
    ///   - expected: Statuses besides those of success that are no failure.
    ///   - receiver: Takes the body of a successful answer.
    /// - Returns: The answer.
    /// - Throws: ``ServiceFailure``.
    func send(
        _ request: HTTPRequest, _ call: Call, expecting expected: [Int] = [],
        into receiver: HTTPClient.Receiver? = nil
    ) throws(ServiceFailure) -> HTTPResponse {
        var refused: AccessToken?
        while true {
            var request = request
            let token = try token(call)
            if let token { request.headers.append(("Authorization", "Bearer \(token.text)")) }
            let response: HTTPResponse
            do throws(DriverError) {
                response = try client.send(request, limit: Self.answerLimit, call, into: receiver)
            } catch {
                throw ServiceFailure(error)
            }
            if response.isSuccess || expected.contains(response.status) { return response }
            let failure = ServiceFailure(response, server: endpoint.authority)
            guard response.status == 401, let token else { throw failure }
            provider.forget(token)
            guard refused == nil else { throw failure }
            refused = token
        }
    }

    /// Sends a request to the address of an upload's session, which needs no token.
    func sendToSession(_ request: HTTPRequest, _ call: Call) throws(ServiceFailure) -> HTTPResponse
    {
        let response: HTTPResponse
        do throws(DriverError) {
            response = try client.send(request, limit: Self.answerLimit, call)
        } catch {
            throw ServiceFailure(error)
        }
        // 308 says how far the upload is.
        if response.isSuccess || response.status == 308 { return response }
        throw ServiceFailure(response, server: endpoint.authority)
    }

    /// Sends several reads at once, each with a token.
    ///
    /// - Parameters:
    ///   - most: The most requests on their way at a time.
    ///   - call: The call.
    ///   - next: Gives another request, the most bytes of its answer, and who takes that.
    /// - Throws: What a taker throws, or that the call is over.
    func sendAll(
        most: Int, _ call: Call,
        next: () throws(DriverError) -> (HTTPRequest, limit: Int, take: Taker)?
    ) throws(DriverError) {
        let server = endpoint.authority
        try client.sendAll(most: most, call) { () throws(DriverError) in
            guard let (request, limit, take) = try next() else { return nil }
            var signed = request
            if let token = try provider.token(call) {
                signed.headers.append(("Authorization", "Bearer \(token.text)"))
            }
            return Exchange(signed, limit: limit) { result throws(DriverError) in
                switch result {
                case .success(let response) where response.isSuccess:
                    try take(.success(response))
                case .success(let response):
                    try take(.failure(ServiceFailure(response, server: server)))
                case .failure(let error): try take(.failure(ServiceFailure(error)))
                }
            }
        }
    }

    /// Takes the successful answer of one of several requests, or what came instead.
    typealias Taker = (Result<HTTPResponse, ServiceFailure>) throws(DriverError) -> Void

    /// Sends a request whose answer is a JSON document.
    func document(_ request: HTTPRequest, _ call: Call) throws(ServiceFailure) -> JSONValue {
        try document(of: try send(request, call))
    }

    /// The document of an answer.
    func document(of response: HTTPResponse) throws(ServiceFailure) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(response.body)
        } catch {
            throw ServiceFailure(
                DriverError(
                    .io, "the answer of \(endpoint.authority) cannot be read: \(error.message)",
                    applied: .unknown))
        }
    }

    private func token(_ call: Call) throws(ServiceFailure) -> AccessToken? {
        do throws(DriverError) {
            return try provider.token(call)
        } catch {
            // The look has limits of its own; the end of the call is not theirs.
            throw ServiceFailure(call.isOver ? call.overError(error.message, applied: .no) : error)
        }
    }

    /// Closes the kept connections.
    func close() { client.closeIdle() }
}

extension DriverError {
    /// This error with what failed in front of it.
    func during(_ action: String) -> DriverError {
        var error = self
        error.message = "\(action): \(message)"
        return error
    }
}
