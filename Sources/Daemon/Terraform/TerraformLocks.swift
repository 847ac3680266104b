internal import HTTPTypes
internal import Host
internal import Hummingbird
internal import NIOCore
internal import State

extension TerraformEndpoint {
    private static let documentByteCount = 1 << 20

    // MARK: LOCK

    /// Takes the lock; the same id again is the same lock, because clients repeat a LOCK whose answer
    /// was lost.
    @concurrent
    func lock(_ exchange: Exchange, _ path: StatePath) async throws -> Response {
        var reader = try BodyReader(exchange, limit: Self.documentByteCount)
        let document = try await reader.document()
        let info = try Self.info(document)
        exchange.notes.lockID = info.id
        let held = try await run(exchange, .write) { repository, call throws(StateError) in
            try repository.lock(path, info, lease: nil, call)
        }
        return Response(status: .ok, json: held.json(now: WallClock.now))
    }

    // MARK: UNLOCK

    /// Releases the lock, on the lane that stays free when the store is busy.
    ///
    /// Only the id counts: OpenTofu's force-unlock sends it with all other fields empty. Terraform's
    /// sends nothing at all, which breaks whatever lock there is.
    @concurrent
    func unlock(
        _ exchange: Exchange, _ target: RequestTarget, _ path: StatePath
    ) async throws -> Response {
        let queryID = try lockID(exchange, target)
        var reader = try BodyReader(exchange, limit: Self.documentByteCount)
        let document = try await reader.document()
        let selector = try Self.selector(document, queryID)
        if case .id(let id) = selector { exchange.notes.lockID = id }
        let released = try await run(exchange, .control) { repository, call throws(StateError) in
            try repository.unlock(path, selector, call)
        }
        if selector == .force { exchange.notes.lockID = released.map { "\($0.info.id) (forced)" } }
        var object = JSONObject()
        object.add("ok", true)
        object.add("released", released?.info.id ?? "")
        return Response(status: .ok, json: object.finished())
    }

    private static func selector(
        _ document: [UInt8], _ queryID: String?
    ) throws(APIError) -> StateRepository.LockSelector {
        guard !document.isEmpty else { return queryID.map { .id($0) } ?? .force }
        let id = try info(document).id
        if let queryID, queryID != id {
            throw .badRequest(
                "the body and the query name different locks",
                hint: "send the id in one of them")
        }
        return .id(id)
    }

    private static func info(_ document: [UInt8]) throws(APIError) -> LockInfo {
        do throws(StateError) {
            return try LockInfo(json: document)
        } catch {
            throw APIError(error, now: WallClock.now)
        }
    }
}
