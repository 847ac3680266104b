internal import HoldfastDriver
internal import SharedAzure
internal import SharedHTTP

/// The service's interface, for one container.
final class Service: Sendable {
    /// Of 2021; the newest that brought something that this driver needs.
    private static let version = "2021-12-02"
    /// A page of a listing has at most 5000 entries with 8 KB of metadata each.
    private static let answerLimit = 64 << 20

    let container: String
    let account: BlobAccount
    private let client: HTTPClient

    init(container: String, _ account: BlobAccount, _ client: HTTPClient) {
        self.container = container
        self.account = account
        self.client = client
    }

    /// Where the service is, for messages.
    var shown: String {
        "the container \(container) at \(account.endpoint.scheme)://\(account.endpoint.authority)"
    }

    /// Closes the kept connections.
    func close() { client.closeIdle() }

    /// One request, without what says who asks.
    struct Action {
        var method: String
        /// The blob's name; empty for the container.
        var blob = ""
        var query: [(String, String)] = []
        var headers: [(name: String, value: String)] = []
        var body: [UInt8]?

        init(_ method: String, _ blob: String = "", query: [(String, String)] = []) {
            self.method = method
            self.blob = blob
            self.query = query
        }
    }

    /// Sends a request and waits for its answer.
    ///
    /// - Parameters:
    ///   - action: The request.
    ///   - call: The call.
    ///   - receiver: Takes the body of an answer that is a success.
    /// - Returns: An answer that is a success.
    /// - Throws: ``ServiceFailure`` for anything else.
    func send(
        _ action: Action, _ call: Call, into receiver: HTTPClient.Receiver? = nil
    ) throws(ServiceFailure) -> HTTPResponse {
        var isRepeated = false
        while true {
            let (request, authorization) = try request(action, call)
            let result: Result<HTTPResponse, DriverError>
            do throws(DriverError) {
                result = .success(
                    try client.send(request, limit: Self.answerLimit, call, into: receiver))
            } catch {
                result = .failure(error)
            }
            do throws(ServiceFailure) {
                return try success(result)
            } catch {
                // Nothing was done, and the body is in memory.
                guard error.isTokenRefused, account.refused(authorization), !isRepeated else {
                    throw error
                }
                isRepeated = true
            }
        }
    }

    /// Sends several requests at once; see ``HTTPClient/sendAll(most:_:next:)``.
    ///
    /// - Parameters:
    ///   - most: The most requests on their way at a time.
    ///   - call: The call.
    ///   - next: Gives another request and what takes its answer, or `nil` for none at this moment.
    /// - Throws: What the closures throw, and ``DriverError`` when the call is over.
    func sendAll(
        most: Int, _ call: Call,
        next: () throws(DriverError) -> (
            Action, (Result<HTTPResponse, ServiceFailure>) throws(DriverError) -> Void
        )?
    ) throws(DriverError) {
        try client.sendAll(most: most, call) { () throws(DriverError) in
            guard let (action, completion) = try next() else { return nil }
            let sent: (HTTPRequest, BlobAccount.Authorization)
            do throws(ServiceFailure) {
                sent = try self.request(action, call)
            } catch {
                throw error.error
            }
            return Exchange(sent.0, limit: Self.answerLimit) { result throws(DriverError) in
                let outcome: Result<HTTPResponse, ServiceFailure>
                do throws(ServiceFailure) {
                    outcome = .success(try self.success(result))
                } catch {
                    var failure = error
                    failure.mayRepeat = error.isTokenRefused && self.account.refused(sent.1)
                    outcome = .failure(failure)
                }
                try completion(outcome)
            }
        }
    }

    private func request(
        _ action: Action, _ call: Call
    ) throws(ServiceFailure) -> (HTTPRequest, BlobAccount.Authorization) {
        var url = "\(account.endpoint.url)/\(container)"
        if !action.blob.isEmpty { url += "/" + URLText.escaped(action.blob, keepsSlashes: true) }
        if !action.query.isEmpty { url += "?" + URLText.query(action.query) }
        var request = HTTPRequest(action.method, url, headers: action.headers)
        request.headers.append(("x-ms-version", Self.version))
        if let body = action.body { request.body = .bytes(body) }
        do throws(DriverError) {
            let authorization = try account.authorize(&request, call)
            return (request, authorization)
        } catch {
            // Looking for a token has limits of its own; the end of the call is not theirs.
            throw ServiceFailure(
                call.isOver ? call.overError(error.message, applied: .no) : error)
        }
    }

    private func success(
        _ result: Result<HTTPResponse, DriverError>
    ) throws(ServiceFailure) -> HTTPResponse {
        switch result {
        case .failure(var error):
            if error.vendorName == "CURLE_COULDNT_RESOLVE_HOST" {
                error.message += "; check the storage account's name"
            }
            throw ServiceFailure(error)
        case .success(let response):
            if response.isSuccess { return response }
            throw ServiceFailure(response, server: account.endpoint.authority, account)
        }
    }
}

extension DriverError {
    /// This error, of something that changes nothing.
    var ofRead: DriverError {
        var error = self
        error.applied = .no
        return error
    }

    /// This error with what failed in front of it.
    func during(_ action: String) -> DriverError {
        guard code != .sinkStopped, code != .source else { return self }
        var error = self
        error.message = "\(action): \(message)"
        return error
    }
}
