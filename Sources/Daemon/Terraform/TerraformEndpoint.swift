internal import HTTPTypes
internal import Host
internal import Hummingbird
internal import NIOCore
internal import State

/// `/terraform/<path>`: the protocol of Terraform's and OpenTofu's `http` backend.
struct TerraformEndpoint: Sendable {
    let repository: StateRepository
    /// For what moves little.
    let pool: BlockingPool
    /// For what moves more than ``smallByteCount``.
    let transferPool: BlockingPool
    /// The most bytes of a state.
    let bodyLimit: UInt64
    /// The looks at states that clients wait for.
    let reads = SharedAnswers<Wish, Finding>()

    /// How long a request may take that moves little; long transfers may go on while they move.
    static let requestTime = Duration.seconds(30)
    /// Bodies and states up to here are in memory whole.
    static let smallByteCount = 1 << 20
    /// The name of the store that holds the states.
    var storeName: String { repository.store.name }
    private static let allowed = "GET, HEAD, POST, PUT, DELETE, LOCK, UNLOCK"

    func answer(_ exchange: Exchange, _ target: RequestTarget) async throws -> Response {
        let path = try statePath(of: target)
        switch exchange.request.method.rawValue {
        case "GET": return try await read(exchange, target, path, wantsBody: true)
        case "HEAD": return try await read(exchange, target, path, wantsBody: false)
        case "POST", "PUT": return try await write(exchange, target, path)
        case "LOCK": return try await lock(exchange, path)
        case "UNLOCK": return try await unlock(exchange, target, path)
        case "DELETE": return try await remove(exchange, target, path)
        default:
            throw APIError.methodNotAllowed(
                exchange.request.method.rawValue, allowed: Self.allowed)
        }
    }

    private func statePath(of target: RequestTarget) throws(APIError) -> StatePath {
        guard target.parts.count > 1 else {
            throw .badRequest(
                "the request names no state",
                hint: "use /terraform/<path>, such as /terraform/app/prod")
        }
        do throws(StateError) {
            return try StatePath(target.parts.dropFirst().joined(separator: "/"))
        } catch {
            throw APIError(error, now: WallClock.now)
        }
    }

    /// Runs a short job on the pool.
    func run<R: Sendable>(
        _ exchange: Exchange, _ lane: BlockingPool.Lane = .normal,
        _ body: @escaping @Sendable (StateRepository, Call) throws(StateError) -> R
    ) async throws -> R {
        let call = exchange.call(Self.requestTime)
        return try await pool.run(lane, on: repository.store, call) { [repository] in
            try body(repository, call)
        }
    }

    /// The lock id of the query; `nil` without one.
    func lockID(_ exchange: Exchange, _ target: RequestTarget) throws(APIError) -> String? {
        guard let id = try target.queryValue("ID"), !id.isEmpty else { return nil }
        exchange.notes.lockID = id
        return id
    }

    // MARK: DELETE

    /// Answers 200 also when there was nothing: a repeat after a lost answer must succeed.
    private func remove(
        _ exchange: Exchange, _ target: RequestTarget, _ path: StatePath
    ) async throws -> Response {
        let id = try lockID(exchange, target)
        let removed = try await run(exchange, .write) { repository, call throws(StateError) in
            try repository.remove(path, lockID: id, call)
        }
        var object = JSONObject()
        object.add("ok", true)
        object.add("removed", removed)
        return Response(status: .ok, json: object.finished())
    }
}
