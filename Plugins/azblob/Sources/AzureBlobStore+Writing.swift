internal import HoldfastDriver
internal import SharedAzure
internal import SharedHTTP
internal import SharedJSON
internal import SharedObjects

extension AzureBlobStore {
    /// What is not longer is written in one request.
    private static var singleByteCount: Int { 4 << 20 }

    func put(
        _ request: PutRequest, from source: ObjectSource, _ call: Call
    ) throws(DriverError) -> ObjectInfo {
        if let length = source.length, length > Self.maximumByteCount { throw Self.tooLarge }
        let action = "cannot write \(request.key.shown) in \(service.shown)"
        let blob = try blob(request.key)
        let headers = try headers(request, call)
        var blocks = BlockReader(source)
        let first = try blocks.next(Self.singleByteCount, call)
        let isLarge = try blocks.hasMore(call)
        let response: HTTPResponse
        do throws(ServiceFailure) {
            response =
                isLarge
                ? try putBlocks(blob, first, &blocks, headers, request, call)
                : try putWhole(blob, first, headers, call)
        } catch {
            throw refusal(error, request.key, request.condition).during(action)
        }
        guard let version = response["etag"].flatMap({ BlobInfo.version($0) }) else {
            throw BlobInfo.unreadable.during(action)
        }
        return ObjectInfo(
            version: version, byteCount: blocks.byteCount,
            modifiedNanoseconds: BlobInfo.nanoseconds(response["last-modified"]),
            attributes: request.attributes)
    }

    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(DriverError) {
        var action = Service.Action("DELETE", try blob(key))
        switch condition {
        case .none: break
        case .absent:
            throw DriverError(.invalid, "an object cannot be removed under the condition absent")
        case .version(let version):
            action.headers = [try header(version, key, call)]
        }
        do throws(ServiceFailure) {
            _ = try service.send(action, call)
        } catch {
            if error.isNoBlob, condition == .none { return }
            throw refusal(error, key, condition).during(
                "cannot remove \(key.shown) in \(service.shown)")
        }
    }

    static let tooLarge = DriverError(
        .tooLarge, "the object is over the limit of \(maximumByteCount >> 30) GiB")

    // MARK: - Requests

    private func putWhole(
        _ blob: String, _ bytes: [UInt8], _ headers: [(name: String, value: String)], _ call: Call
    ) throws(ServiceFailure) -> HTTPResponse {
        var action = Service.Action("PUT", blob)
        action.headers = headers + [("x-ms-blob-type", "BlockBlob")]
        if let sum = AzureDigest.md5(bytes) {
            action.headers.append(("Content-MD5", Base64.encode(sum)))
        }
        action.body = bytes
        return try service.send(action, call)
    }

    private func putBlocks(
        _ blob: String, _ first: [UInt8], _ blocks: inout BlockReader,
        _ headers: [(name: String, value: String)], _ request: PutRequest, _ call: Call
    ) throws(ServiceFailure) -> HTTPResponse {
        let upload = BlockUpload(blob, first)
        do throws(DriverError) {
            // A condition that does not hold now saves the transfer; it is judged again when it counts.
            if request.condition != .none {
                let current = try find(request.key, call)
                if let refusal = request.condition.refusal(of: current, request.key) {
                    throw refusal
                }
            }
            try upload.run(service, &blocks, call)
        } catch {
            // Blocks without a list are nothing that anybody sees; the service drops them after a week.
            var error = error
            error.applied = .no
            throw ServiceFailure(error)
        }
        do throws(ServiceFailure) {
            var action = upload.list
            action.headers += headers
            return try service.send(action, call)
        } catch {
            throw try raced(error, request, call)
        }
    }

    /// A list of blocks that are gone says that another writer was faster.
    private func raced(
        _ failure: ServiceFailure, _ request: PutRequest, _ call: Call
    ) throws(ServiceFailure) -> ServiceFailure {
        guard failure.name == "InvalidBlockList", request.condition != .none else { return failure }
        do throws(DriverError) {
            let current = try find(request.key, call)
            return request.condition.refusal(of: current, request.key).map { ServiceFailure($0) }
                ?? failure
        } catch {
            throw failure
        }
    }

    // MARK: - Conditions and attributes

    private func headers(
        _ request: PutRequest, _ call: Call
    ) throws(DriverError) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        switch request.condition {
        case .none: break
        case .absent: headers.append(("If-None-Match", "*"))
        case .version(let version): headers.append(try header(version, request.key, call))
        }
        guard !request.attributes.isEmpty else { return headers }
        guard let text = request.attributes.headerValue(most: BlobInfo.attributeByteCount) else {
            throw DriverError(.tooLarge, "the attributes of \(request.key.shown) are too long")
        }
        headers.append(("x-ms-meta-\(BlobInfo.attributes)", text))
        return headers
    }

    private func header(
        _ version: Version, _ key: ObjectKey, _ call: Call
    ) throws(DriverError) -> (name: String, value: String) {
        if let tag = BlobInfo.tag(version) { return ("If-Match", tag) }
        // No blob can have had this version.
        let current = try find(key, call)
        throw Condition.version(version).refusal(of: current, key) ?? BlobInfo.unreadable
    }

    private func refusal(
        _ failure: ServiceFailure, _ key: ObjectKey, _ condition: Condition
    ) -> DriverError {
        var error = failure.error
        // To whoever replaces or removes a version, a blob that is gone is one that has another.
        let isGone = failure.isNoBlob && condition != .none
        guard isGone || error.code == .condition && failure.status != 0 else { return error }
        let reason = condition == .absent ? "it exists" : "it has another version or is gone"
        error.code = .condition
        error.message =
            "the condition on \(key.shown) does not hold: \(reason) (\(failure.name))"
        error.retry = .never
        return error
    }
}

extension Condition {
    /// Why a write under this condition is refused; `nil` when the condition holds.
    func refusal(of current: ObjectInfo?, _ key: ObjectKey) -> DriverError? {
        let reason: String
        switch self {
        case .none: return nil
        case .absent:
            guard current != nil else { return nil }
            reason = "it exists"
        case .version(let wanted):
            if current?.version == wanted { return nil }
            reason = current == nil ? "it does not exist" : "it has another version"
        }
        return DriverError(
            .condition, "the condition on \(key.shown) does not hold: \(reason)",
            currentVersion: current?.version)
    }
}
