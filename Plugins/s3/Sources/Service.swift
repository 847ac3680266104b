internal import HoldfastDriver
internal import SharedAWS
internal import SharedHTTP
internal import SharedJSON
internal import SharedObjects

/// The service's interface to one bucket: signed requests.
final class Service: Sendable {
    /// A page of a listing has a thousand keys of at most 1024 bytes, three times as long when escaped.
    static let answerLimit = 16 << 20

    let place: BucketPlace
    let names: ObjectNames
    let region: String
    /// The headers of the wanted encryption.
    let encryption: [(name: String, value: String)]
    /// Whether bodies in memory carry a checksum of their own and are not hashed for the signature.
    let sendsChecksums: Bool
    private let signer: Signer
    /// Who asks.
    let identity: CallerIdentity
    private let client: HTTPClient
    private let provider: CredentialProvider

    init(
        _ place: BucketPlace, names: ObjectNames, region: String,
        encryption: [(name: String, value: String)], sendsChecksums: Bool, _ client: HTTPClient,
        _ provider: CredentialProvider, _ identity: CallerIdentity
    ) {
        self.place = place
        self.names = names
        self.region = region
        self.encryption = encryption
        self.sendsChecksums = sendsChecksums
        signer = Signer(
            service: "s3", region: region, escapesPathTwice: false, sendsPayloadHash: true)
        self.client = client
        self.provider = provider
        self.identity = identity
    }

    /// The headers of what begins an upload, besides its metadata.
    var uploadHeaders: [(name: String, value: String)] {
        sendsChecksums ? [("x-amz-checksum-algorithm", "CRC32C")] : []
    }

    /// Keeps what completes the upload of a part that the service has taken.
    func complete(_ part: Part, tag: String) {
        part.tag = tag
        if sendsChecksums { part.checksum = Base64.encode(CRC32C.bytes(part.bytes)) }
    }

    /// What the keys of this store begin with: nothing, or with a slash at its end.
    var prefix: String { names.prefix }

    /// The key of an object.
    func key(_ object: ObjectKey) -> String { names.key(object) }

    /// The key of something that is no object.
    func scratchKey(_ name: String) -> String { names.scratchKey(name) }

    /// Sends a request and waits for its answer.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - call: The call.
    ///   - receiver: Takes the body of a success.
    /// - Returns: The answer, which is a success.
    /// - Throws: ``ServiceFailure``.
    func perform(
        _ request: ServiceRequest, _ call: some CallControl,
        into receiver: HTTPClient.Receiver? = nil
    ) throws(ServiceFailure) -> HTTPResponse {
        let credentials = try credentials(call)
        let response: HTTPResponse
        do throws(DriverError) {
            response = try client.send(
                signed(request, credentials), limit: Self.answerLimit, call, into: receiver)
        } catch {
            throw ServiceFailure(error, request.action)
        }
        return try checked(response, request, credentials)
    }

    /// Sends several requests at once; see ``HTTPClient/sendAll(most:_:next:)``.
    ///
    /// Pieces, looks and parts go so: nothing that would change an object, so that no failure did.
    func performAll(
        most: Int, _ call: some CallControl, next: () throws(DriverError) -> ServiceExchange?
    ) throws(DriverError) {
        do throws(DriverError) {
            try sendAll(most: most, call, next: next)
        } catch {
            var error = error
            error.applied = .no
            throw error
        }
    }

    private func sendAll(
        most: Int, _ call: some CallControl, next: () throws(DriverError) -> ServiceExchange?
    ) throws(DriverError) {
        try client.sendAll(most: most, call) { () throws(DriverError) in
            guard let exchange = try next() else { return nil }
            let credentials: AWSCredentials
            do throws(ServiceFailure) { credentials = try self.credentials(call) } catch {
                throw error.error
            }
            let request = signed(exchange.request, credentials)
            return Exchange(request, limit: Self.answerLimit, into: exchange.receiver) {
                [self] result throws(DriverError) in
                try exchange.completion(
                    result.mapError { ServiceFailure($0, exchange.request.action) }.flatMap {
                        response in
                        do throws(ServiceFailure) {
                            return .success(
                                try checked(response, exchange.request, credentials))
                        } catch {
                            return .failure(error)
                        }
                    })
            }
        }
    }

    /// A URL that does one thing without a key, for some time.
    func presigned(
        _ method: String, key: String, lifetime: Int, _ call: some CallControl
    ) throws(ServiceFailure) -> String {
        signer.presigned(
            method, url(ServiceRequest(.get, method, key: key)), try credentials(call),
            at: unixSeconds(), lifetime: lifetime)
    }

    /// Closes the kept connections.
    func close() { client.closeIdle() }

    private func credentials(_ call: some CallControl) throws(ServiceFailure) -> AWSCredentials {
        do throws(DriverError) {
            return try provider.credentials(call)
        } catch {
            // The look has limits of its own; the end of the call is not theirs.
            throw ServiceFailure(
                call.isOver ? call.overError(error.message, applied: .no) : error)
        }
    }

    private func url(_ request: ServiceRequest) -> String {
        var url = place.url + "/" + URLText.escaped(request.key, keepsSlashes: true)
        if !request.query.isEmpty { url += "?" + URLText.query(request.query) }
        return url
    }

    private func signed(_ request: ServiceRequest, _ credentials: AWSCredentials) -> HTTPRequest {
        var headers = request.headers
        var hash: String?
        switch request.body {
        case .stream: hash = Signer.unsignedPayload
        case .bytes(let bytes) where sendsChecksums && request.action.sendsContent:
            // TLS keeps the body as it is on its way; the sum is for what comes after.
            hash = Signer.unsignedPayload
            headers.append(("x-amz-checksum-crc32c", Base64.encode(CRC32C.bytes(bytes))))
        case .bytes, .none: hash = request.payloadHash
        }
        var http = HTTPRequest(request.method, url(request), headers: headers, body: request.body)
        if case .stream = request.body { http.asksFirst = true }
        http.isBulk = request.isBulk
        signer.sign(&http, credentials, at: unixSeconds(), payloadHash: hash)
        return http
    }

    private func checked(
        _ response: HTTPResponse, _ request: ServiceRequest, _ credentials: AWSCredentials
    ) throws(ServiceFailure) -> HTTPResponse {
        if response.isSuccess { return response }
        let failure = ServiceFailure(response, request, self)
        if failure.error.code == .unauthenticated { provider.forget(credentials) }
        throw failure
    }
}

/// One of several requests that are sent at once.
struct ServiceExchange {
    let request: ServiceRequest
    var receiver: HTTPClient.Receiver?
    let completion: (Result<HTTPResponse, ServiceFailure>) throws(DriverError) -> Void
}

/// The time in seconds since 1970, by this machine's clock.
func unixSeconds() -> Int64 { unixNanoseconds() / 1_000_000_000 }
