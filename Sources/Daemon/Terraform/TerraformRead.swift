internal import HTTPTypes
internal import Host
internal import Hummingbird
internal import NIOCore
internal import State

extension TerraformEndpoint {
    /// What a first look at a state brought.
    enum Finding: Sendable {
        case absent
        /// The client has it, or asked for the head alone.
        case head(StateVersion, isUnchanged: Bool)
        case whole(StateVersion, ByteBuffer, isGzip: Bool)
        /// Too large for memory: to be streamed.
        case large(StateVersion)
    }

    /// Which of the bytes of which state the client wants, and how.
    struct Wish: Sendable, Hashable {
        var path: StatePath
        var version: String?
        var knownTag: String?
        var wantsBody: Bool
        var takesGzip: Bool
    }

    /// Answers with a state's exact bytes; 404 when there is none.
    func read(
        _ exchange: Exchange, _ target: RequestTarget, _ path: StatePath, wantsBody: Bool
    ) async throws -> Response {
        let wish = Wish(
            path: path, version: try target.queryValue("version"), knownTag: exchange[.ifNoneMatch],
            wantsBody: wantsBody, takesGzip: ContentCoding.takesGzip(exchange[.acceptEncoding]))
        let finding = try await look(exchange, wish)
        switch finding {
        case .absent:
            throw APIError(
                .notFound, "not-found", "there is no state at \(path)",
                hint: "a first apply or state push makes it")
        case .head(let version, let isUnchanged):
            var headers = Self.headers(version, isGzip: false)
            if !isUnchanged { headers[.contentLength] = "\(version.byteCount)" }
            return Response(status: isUnchanged ? .notModified : .ok, headers: headers)
        case .whole(let version, let bytes, let isGzip):
            var headers = Self.headers(version, isGzip: isGzip)
            headers[.contentLength] = "\(bytes.readableBytes)"
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: bytes))
        case .large(let version):
            return stream(exchange, version, wish)
        }
    }

    /// Looks once for all clients that want the same and wait for a thread together.
    private func look(_ exchange: Exchange, _ wish: Wish) async throws -> Finding {
        try await reads.answer(to: wish) {
            exchange.call(Self.requestTime)
        } _: { [pool, repository] call, begin, deliver in
            pool.start(.normal, on: repository.store, call) {
                begin()
                return try Self.find(repository, wish, call)
            } _: {
                deliver($0)
            }
        }
    }

    private static func find(
        _ repository: StateRepository, _ wish: Wish, _ call: Call
    ) throws(StateError) -> Finding {
        var early: Finding?
        var bytes = ByteBuffer()
        let version: StateVersion?
        do throws(StateError) {
            version = try unsafe repository.read(wish.path, version: wish.version, call) {
                found throws(StateError) in
                early = Self.early(found, wish)
                guard early == nil else {
                    throw StateError(.host(.cancelled), "the head of the state is enough")
                }
                bytes.reserveCapacity(Int(found.byteCount))
            } body: { part in
                _ = unsafe bytes.writeBytes(part)
            }
        } catch {
            if let early { return early }
            throw error
        }
        guard let version else { return .absent }
        guard wish.takesGzip, bytes.readableBytes >= GzipStream.worthwhileByteCount,
            let compressed = GzipStream.compress(bytes)
        else { return .whole(version, bytes, isGzip: false) }
        return .whole(version, compressed, isGzip: true)
    }

    private static func early(_ version: StateVersion, _ wish: Wish) -> Finding? {
        if let known = wish.knownTag, let tag = tag(of: version), matches(known, tag) {
            return .head(version, isUnchanged: true)
        }
        if !wish.wantsBody { return .head(version, isUnchanged: false) }
        return version.byteCount > UInt64(smallByteCount) ? .large(version) : nil
    }

    // MARK: Large states

    private func stream(
        _ exchange: Exchange, _ version: StateVersion, _ wish: Wish
    ) -> Response {
        var headers = Self.headers(version, isGzip: wish.takesGzip)
        let length = wish.takesGzip ? nil : Int(exactly: version.byteCount)
        if let length { headers[.contentLength] = "\(length)" }
        let body = ResponseBody(contentLength: length) { writer in
            let call = exchange.call(Self.transferTime)
            let pipe = DownloadPipe(call: call)
            let job = start(call, pipe, wish.path, version, isGzip: wish.takesGzip)
            do {
                while let bytes = try await pipe.next() { try await writer.write(bytes) }
                try await job.value()
                try await writer.finish(nil)
            } catch {
                // The connection is cut without the end of the body, which tells the client.
                pipe.cancel()
                call.cancel()
                throw error
            }
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    private func start(
        _ call: Call, _ pipe: DownloadPipe, _ path: StatePath, _ version: StateVersion, isGzip: Bool
    ) -> TransferJob<Void> {
        TransferJob.start(call, activity: pipe.activity) { [transferPool, repository] in
            do {
                try await transferPool.run(.bulk, on: repository.store, call) {
                    try Self.send(repository, path, version, call, isGzip: isGzip, pipe)
                }
                pipe.finish(.success(()))
            } catch {
                pipe.finish(.failure(error))
                throw error
            }
        }
    }

    private static func send(
        _ repository: StateRepository, _ path: StatePath, _ version: StateVersion, _ call: Call,
        isGzip: Bool, _ pipe: DownloadPipe
    ) throws(StateError) {
        let gzip = isGzip ? GzipStream() : nil
        guard !isGzip || gzip != nil else {
            throw StateError(.host(.internalError), "no memory to compress the state", path: path)
        }
        let id = version.id == StateVersion.adoptedID ? nil : version.id
        let found = try unsafe repository.read(path, version: id, call) {
            again throws(StateError) in
            guard again.id == version.id, again.byteCount == version.byteCount else {
                throw StateError(.conflict, "the state changed while it was read", path: path)
            }
        } body: { part throws(StateError) in
            if let gzip {
                try unsafe gzip.add(part) { ready throws(StateError) in try unsafe pipe.write(ready)
                }
            } else {
                try unsafe pipe.write(part)
            }
        }
        guard found != nil else { throw StateError(.notFound, "the state is gone", path: path) }
        try unsafe gzip?.finish { ready throws(StateError) in try unsafe pipe.write(ready) }
    }

    // MARK: Headers

    private static func headers(_ version: StateVersion, isGzip: Bool) -> HTTPFields {
        var headers: HTTPFields = [
            .contentType: "application/json", .vary: "Accept-Encoding",
            .stateVersion: version.id,
        ]
        if let tag = tag(of: version) { headers[.eTag] = isGzip ? "W/" + tag : tag }
        if isGzip { headers[.contentEncoding] = "gzip" }
        return headers
    }

    /// The version's id.
    ///
    /// A copy that another tool put there has one id whatever it holds, so its hash
    /// stands in.
    private static func tag(of version: StateVersion) -> String? {
        guard version.id == StateVersion.adoptedID else { return "\"\(version.id)\"" }
        return version.sha256.isEmpty ? nil : "\"\(version.sha256)\""
    }

    /// Compares weakly, as RFC 9110 has it for this header.
    private static func matches(_ known: String, _ tag: String) -> Bool {
        known.split(separator: ",").contains { item in
            let item = item.drop { $0 == " " }
            return item == "*" || item == tag || item == "W/" + tag
        }
    }
}

/// What `Accept-Encoding` says.
enum ContentCoding {
    /// Whether a client takes gzip: it names it, and not with a quality of zero.
    static func takesGzip(_ header: String?) -> Bool {
        guard let header else { return false }
        return header.lowercased().split(separator: ",").contains { item in
            let pieces = item.split(separator: ";").map { $0.filter { $0 != " " } }
            guard pieces.first == "gzip" || pieces.first == "x-gzip" else { return false }
            return !pieces.dropFirst().contains {
                ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0)
            }
        }
    }
}
