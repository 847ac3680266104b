internal import HoldfastDriver
internal import SharedDatabase
internal import SharedHTTP

/// Tries out whether conditions hold, on scratch keys in the very bucket.
///
/// Services are known that accept the headers and ignore them, and some that honour them only while one
/// writer comes after the other. A condition counts as honoured when each trial ended as it must.
struct Probe {
    /// Why a trial has no result.
    private enum Stop: Error {
        case finding(String)
        case failure(DriverError)
        case forbidden(String)
    }

    private static let rounds = 5
    private static let racers = 8

    private let service: Service
    private let call: Call
    /// What the names of the scratch keys begin with; nobody else has them.
    private let id = String(decoding: randomToken().prefix(16), as: UTF8.self)

    init(_ service: Service, _ call: Call) {
        self.service = service
        self.call = call
    }

    /// Runs all trials, and takes the scratch keys away.
    ///
    /// - Returns: The verdict; with an obstacle where this key may not write.
    /// - Throws: ``DriverError`` when the service cannot be asked now.
    func run() throws(DriverError) -> Verdict {
        var verdict = Verdict()
        defer { cleanUp() }
        let trials: [(Verdict.Trial, () throws(Stop) -> Void)] = [
            (.create, create), (.replace, replace), (.remove, remove), (.complete, complete),
            (.race, race),
        ]
        for (trial, body) in trials {
            do throws(Stop) {
                try body()
                verdict.results[trial] = Verdict.honoured
            } catch {
                switch error {
                case .finding(let text): verdict.results[trial] = text
                case .failure(let error):
                    var error = error
                    error.message = "trying out conditional writes: \(error.message)"
                    error.applied = .no
                    throw error
                case .forbidden(let message):
                    guard trial == .create else {
                        verdict.results[trial] = "not allowed to this key"
                        continue
                    }
                    verdict.obstacle =
                        "conditional writes were not tried out, because this key may not write: \(message)"
                    return verdict
                }
            }
        }
        return verdict
    }

    // MARK: - Trials

    private func create() throws(Stop) {
        let absent = [("If-None-Match", "*")]
        guard case .done = try put("create", "1", absent) else {
            throw .finding("a create with If-None-Match is rejected")
        }
        guard case .refused = try put("create", "2", absent) else {
            throw .finding("a create over an object is not refused")
        }
        guard try content("create") == "1" else {
            throw .finding("a create that was refused replaced the object")
        }
    }

    private func replace() throws(Stop) {
        guard case .done(let old) = try put("replace", "1", []) else {
            throw .finding("a write is rejected")
        }
        guard case .done = try put("replace", "2", [("If-Match", old)]) else {
            throw .finding("If-Match with the right ETag is refused")
        }
        guard case .refused = try put("replace", "3", [("If-Match", old)]) else {
            throw .finding("If-Match with an old ETag is not refused")
        }
        guard try content("replace") == "2" else {
            throw .finding("a write that was refused replaced the object")
        }
        guard case .refused = try put("none", "1", [("If-Match", old)]) else {
            throw .finding("If-Match where there is no object is not refused")
        }
    }

    private func remove() throws(Stop) {
        guard case .done(let old) = try put("remove", "1", []),
            case .done(let new) = try put("remove", "2", [])
        else { throw .finding("a write is rejected") }
        guard case .refused = try send(.delete, "DELETE", "remove", [("If-Match", old)]) else {
            throw .finding("a removal with an old ETag is not refused")
        }
        guard try content("remove") == "2" else {
            throw .finding("a removal that was refused removed the object")
        }
        guard case .done = try send(.delete, "DELETE", "remove", [("If-Match", new)]) else {
            throw .finding("a removal with the right ETag is refused")
        }
    }

    private func complete() throws(Stop) {
        guard case .done(let old) = try put("complete", "1", []),
            case .done(let new) = try put("complete", "2", [])
        else { throw .finding("a write is rejected") }
        for (header, value) in [("If-None-Match", "*"), ("If-Match", old)] {
            guard try !upload("complete", (header, value)), try content("complete") == "2" else {
                throw .finding("completing an upload ignores \(header)")
            }
        }
        guard try upload("complete", ("If-Match", new)) else {
            throw .finding("completing an upload with the right ETag is refused")
        }
    }

    /// Several creates of one key at once: exactly one may succeed, and its bytes must stay.
    private func race() throws(Stop) {
        for round in 0..<Self.rounds {
            let name = "race-\(round)"
            var winners: [Int] = []
            var next = 0
            do throws(DriverError) {
                try service.performAll(most: Self.racers, call) { () throws(DriverError) in
                    guard next < Self.racers else { return nil }
                    let number = next
                    next += 1
                    var request = request(.put, "PUT", name, [("If-None-Match", "*")])
                    request.body = .bytes(Array("\(number)".utf8))
                    return ServiceExchange(request: request) { result throws(DriverError) in
                        if case .success = result { winners.append(number) }
                    }
                }
            } catch {
                throw .failure(error)
            }
            guard winners.count < 2 else {
                throw .finding("\(winners.count) of \(Self.racers) creates at once succeed")
            }
            guard let winner = winners.first else { continue }
            guard try content(name) == "\(winner)" else {
                throw .finding("a create that was refused replaced the object")
            }
        }
    }

    // MARK: - Steps

    private enum Outcome {
        /// With the ETag.
        case done(String)
        case refused
        /// The service does not know such a request.
        case rejected
    }

    private func request(
        _ action: Action, _ method: String, _ name: String, _ headers: [(String, String)]
    ) -> ServiceRequest {
        var request = ServiceRequest(
            action, method, key: service.scratchKey("\(id)-\(name)"))
        request.headers = headers.map { (name: $0.0, value: $0.1) }
        if action.name == Action.put.name { request.headers += service.encryption }
        return request
    }

    private func put(
        _ name: String, _ text: String, _ headers: [(String, String)]
    ) throws(Stop) -> Outcome {
        var request = request(.put, "PUT", name, headers)
        request.body = .bytes(Array(text.utf8))
        return try outcome(request)
    }

    private func send(
        _ action: Action, _ method: String, _ name: String, _ headers: [(String, String)]
    ) throws(Stop) -> Outcome {
        try outcome(request(action, method, name, headers))
    }

    private func outcome(_ request: ServiceRequest) throws(Stop) -> Outcome {
        do throws(ServiceFailure) {
            return .done(try service.perform(request, call)["etag"] ?? "")
        } catch {
            // 409 is another writer's; in a trial of one writer it would be a refusal too.
            if error.isCondition || error.isConflict || error.isMissing { return .refused }
            if error.isUnknownRequest || error.status == 400 { return .rejected }
            throw stop(error)
        }
    }

    private func stop(_ failure: ServiceFailure) -> Stop {
        failure.error.code == .forbidden
            ? .forbidden(failure.error.message) : .failure(failure.error)
    }

    private func content(_ name: String) throws(Stop) -> String? {
        do throws(ServiceFailure) {
            let response = try service.perform(request(.get, "GET", name, []), call)
            return String(decoding: response.body.prefix(100), as: UTF8.self)
        } catch {
            if error.isMissing { return nil }
            throw stop(error)
        }
    }

    /// Uploads one small part and completes it under a condition; whether the service did.
    private func upload(_ name: String, _ condition: (String, String)) throws(Stop) -> Bool {
        let upload = ScratchUpload(
            service, key: service.scratchKey("\(id)-\(name)"), call)
        do throws(ServiceFailure) {
            return try upload.complete(under: condition)
        } catch {
            if error.isCondition || error.isConflict || error.isMissing { return false }
            if error.isUnknownRequest || error.status == 400 {
                throw .finding("completing an upload under a condition is rejected")
            }
            throw stop(error)
        }
    }

    /// Removes the scratch keys; what fails here stays, under a name that nobody uses again.
    private func cleanUp() {
        let names =
            ["create", "replace", "none", "remove", "complete"]
            + (0..<Self.rounds).map { "race-\($0)" }
        var next = 0
        let control = LimitedControl(call, nanoseconds: 5_000_000_000)
        try? service.performAll(most: Self.racers, control) { () throws(DriverError) in
            guard next < names.count else { return nil }
            defer { next += 1 }
            return ServiceExchange(request: request(.delete, "DELETE", names[next], [])) { _ in }
        }
    }
}
