internal import HTTPTypes
internal import HoldfastConfiguration
internal import Host
internal import State
internal import Synchronization

extension StateError {
    /// Whether the way in which a store is configured is wrong.
    fileprivate var isOfConfiguration: Bool {
        if case .host(.invalid) = code { true } else { false }
    }
}

/// The stores that requests may name with `?store=NAME`.
///
/// The daemon's own store is open before it serves. Each other one is opened by the first request for
/// it, so that a store which is away or broken costs those who ask for it and nobody else.
final class ServedStores: Sendable {
    /// Opens a store and makes the endpoint over it; blocks.
    typealias Open = @Sendable (StoreConfiguration, Call) throws -> TerraformEndpoint

    private let own: TerraformEndpoint
    private let others: [String: StoreConfiguration]
    private let pool: BlockingPool
    private let open: Open
    private let opened = Mutex<[String: TerraformEndpoint]>([:])
    private let openings = SharedAnswers<String, TerraformEndpoint>()

    /// Makes the stores; opens none.
    ///
    /// - Parameters:
    ///   - own: The endpoint of requests that name no store.
    ///   - others: The further stores.
    ///   - pool: Where they are opened.
    ///   - open: Opens one.
    init(
        own: TerraformEndpoint, others: [StoreConfiguration], pool: BlockingPool,
        open: @escaping Open
    ) {
        self.own = own
        self.others = Dictionary(others.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        self.pool = pool
        self.open = open
    }

    /// The endpoint of the store that a request names.
    ///
    /// - Parameter target: The request's target.
    /// - Returns: The endpoint.
    /// - Throws: ``APIError``: 400 for a name that this daemon does not serve, because a client takes
    ///   404 for an empty state; otherwise why the store could not be opened.
    func endpoint(for target: RequestTarget) async throws -> TerraformEndpoint {
        guard let name = try target.queryValue("store"), name != own.storeName else { return own }
        guard let configuration = others[name] else {
            throw APIError.badRequest(
                "this daemon serves no store of that name",
                hint: "have the operator add it to daemon.stores, or leave out ?store=")
        }
        if let known = opened.withLock({ $0[name] }) { return known }
        do {
            return try await opening(configuration)
        } catch let error as HostError where error.code == .invalid {
            // The configuration is wrong, not the request.
            throw APIError(
                .internalServerError, "store-failed", error.message, hint: error.advice)
        } catch let error as StateError where error.isOfConfiguration {
            throw APIError(
                .internalServerError, "store-failed", error.message, hint: error.advice)
        }
    }

    /// Opens a store once for all who wait for it.
    private func opening(_ configuration: StoreConfiguration) async throws -> TerraformEndpoint {
        let name = configuration.name
        return try await openings.answer(to: name) {
            Call(timeout: TerraformEndpoint.requestTime)
        } _: { [pool, open, self] call, _, deliver in
            pool.start(.normal, call) {
                if let known = self.opened.withLock({ $0[name] }) { return known }
                let endpoint = try open(configuration, call)
                self.opened.withLock { $0[name] = endpoint }
                return endpoint
            } _: {
                deliver($0)
            }
        }
    }
}
