internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Where every request comes in: checks who asks and in which name, then hands it to its route.
///
/// There is no router: a catch-all over the raw target leaves no second spelling of a path and no
/// redirect, which Terraform's client would follow with a GET and take for success.
struct FrontDoor: HTTPResponder {
    /// What Hummingbird gives with each request.
    struct Context: InitializableFromSource {
        let channel: any Channel

        init(source: ApplicationRequestContextSource) { channel = source.channel }
    }

    let hostRule: HostRule
    let clientRule: ClientRule
    /// `nil` when no key is configured.
    let keyGuard: KeyGuard?
    let stores: ServedStores
    let operations: OperationsEndpoint
    let observer: RequestObserver
    let names = RequestNames()

    func respond(to request: Request, context: Context) async throws -> Response {
        var exchange = Exchange(
            request, channel: context.channel, id: names.next(),
            client: clientRule.client(of: context.channel, headers: request.headers))
        var response: Response
        var refusal: APIError?
        do {
            let target = try admit(&exchange)
            response = try await answer(exchange, target)
        } catch {
            let error = Self.apiError(for: error)
            refusal = error
            response = error.response
        }
        // Every answer is about a moment: a cache in between must not keep it.
        response.headers[.cacheControl] = "no-store"
        response.headers[.requestID] = exchange.id
        // The length stays: it is that of the body which a GET would have had.
        if request.method == .head { response = response.createHeadResponse() }
        observer.record(exchange, response, error: refusal)
        return response
    }

    private func admit(_ exchange: inout Exchange) throws(APIError) -> RequestTarget {
        let head = exchange.request.head
        guard exchange[.secondHost] == nil else {
            throw .badRequest("the request has more than one Host header")
        }
        try hostRule.check(host: head.authority, origin: exchange[.origin])
        let target = Result { () throws(APIError) in try RequestTarget(head.path ?? "") }
        if case .success(let target) = target { exchange.route = Self.route(of: target) }
        switch exchange.route {
        // What a load balancer asks, and what tells an operator which daemon this is, needs no key.
        case .health, .readiness, .version: break
        // Before anything is said of the path: who has no key learns nothing of the rules either.
        case .terraform, .metrics, .unknown: try keyGuard?.check(exchange.request.headers)
        }
        return try target.get()
    }

    private static func route(of target: RequestTarget) -> Route {
        switch target.parts.first {
        case "terraform": return .terraform
        case "healthz" where target.parts.count == 1: return .health
        case "readyz" where target.parts.count == 1: return .readiness
        case "version" where target.parts.count == 1: return .version
        case "metrics" where target.parts.count == 1: return .metrics
        default: return .unknown
        }
    }

    private func answer(
        _ exchange: Exchange, _ target: RequestTarget
    ) async throws -> Response {
        switch exchange.route {
        case .terraform:
            try await stores.endpoint(for: target).answer(exchange, target)
        case .health, .readiness, .version, .metrics: try await operations.answer(exchange)
        case .unknown:
            throw APIError(
                .notFound, "no-route", "this daemon has nothing at that path",
                hint: "states are at /terraform/<path>; docs/http.md lists the rest")
        }
    }

    private static func apiError(for error: any Error) -> APIError {
        switch error {
        case let error as APIError: error
        case let error as BodyFailure: APIError(error)
        // The socket failed under a body that was being read.
        case is IOError: APIError(BodyFailure.truncated)
        case is CancellationError: .unavailable("draining", "this daemon is shutting down")
        default: APIError(unexpected: error)
        }
    }
}
