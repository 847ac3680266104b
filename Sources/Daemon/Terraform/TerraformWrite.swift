internal import HTTPTypes
internal import Host
internal import Hummingbird
internal import NIOCore
internal import State

extension TerraformEndpoint {
    /// Stores a body as the state's next version, byte for byte.
    @concurrent
    func write(
        _ exchange: Exchange, _ target: RequestTarget, _ path: StatePath
    ) async throws -> Response {
        let request = try writeRequest(exchange, target)
        var reader = try BodyReader(exchange, limit: bodyLimit)
        let version: StateVersion
        // A small body is here before a thread is taken, so that slow clients hold none.
        let (start, isWhole) = try await reader.start(upTo: Self.smallByteCount)
        if isWhole {
            version = try await writeSmall(exchange, path, start, request)
        } else {
            version = try await writeLarge(exchange, path, start, &reader, request)
        }
        return Self.written(version)
    }

    private func writeSmall(
        _ exchange: Exchange, _ path: StatePath, _ body: ByteBuffer, _ request: WriteRequest
    ) async throws -> StateVersion {
        guard body.readableBytes > 0 else {
            // Clients read an empty state as no state at all.
            throw APIError.badRequest(
                "an empty body is not a state", hint: "use DELETE to remove the state")
        }
        let bytes = Array(body.readableBytesView)
        return try await run(exchange, .write) { repository, call throws(StateError) in
            try repository.write(path, from: MemorySource(bytes), request, call)
        }
    }

    @concurrent
    private func writeLarge(
        _ exchange: Exchange, _ path: StatePath, _ start: ByteBuffer, _ reader: inout BodyReader,
        _ request: WriteRequest
    ) async throws -> StateVersion {
        let call = exchange.call(Self.transferTime)
        let pipe = BodyPipe(length: reader.length, call: call)
        let job = TransferJob.start(call, activity: pipe.activity) { [transferPool, repository] in
            defer { pipe.abandon() }
            return try await transferPool.run(.bulk, on: repository.store, call) {
                defer { pipe.abandon() }
                return try repository.write(path, from: pipe, request, call)
            }
        }
        do {
            var chunk: ByteBuffer? = start
            while let bytes = chunk, await pipe.send(bytes) { chunk = try await reader.next() }
            pipe.finish()
        } catch {
            pipe.fail(HostError(.source, "the body did not arrive whole; nothing was stored"))
            // The store lets go of what it has before the client hears of it.
            _ = try? await job.value()
            throw error
        }
        return try await job.value()
    }

    /// No transfer takes longer, however it moves.
    static let transferTime = Duration.seconds(6 * 60 * 60)

    private func writeRequest(
        _ exchange: Exchange, _ target: RequestTarget
    ) throws(APIError) -> WriteRequest {
        if let coding = exchange[.contentEncoding], coding.lowercased() != "identity" {
            throw APIError(
                .unsupportedMediaType, "content-encoding",
                "the body is encoded as \(coding); states are stored byte for byte",
                hint: "send it without Content-Encoding")
        }
        let user = KeyGuard.userName(in: exchange.request.headers)
        return WriteRequest(
            lockID: try lockID(exchange, target), contentMD5: try checksum(exchange),
            writer: user.map { "\($0)@\(exchange.client)" } ?? exchange.client, keepRefused: true)
    }

    private func checksum(_ exchange: Exchange) throws(APIError) -> [UInt8]? {
        guard let text = exchange[.contentMD5] else { return nil }
        guard let digest = Base64.decode(text), digest.count == 16 else {
            throw .badRequest("Content-MD5 is not 16 bytes in base64")
        }
        return digest
    }

    private static func written(_ version: StateVersion) -> Response {
        var object = JSONObject()
        object.add("ok", true)
        object.add("version", version.id)
        return Response(
            status: .ok, json: object.finished(), headers: [.stateVersion: version.id])
    }
}
