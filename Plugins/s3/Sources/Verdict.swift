internal import HoldfastDriver
internal import SharedAWS
internal import SharedHTTP
internal import SharedJSON

/// What an endpoint was seen to do with conditions, in this bucket below this prefix.
struct Verdict {
    /// What is tried out, by its name in the stored document.
    enum Trial: String, CaseIterable {
        /// A create where an object is.
        case create
        /// Replacing a given version, an old one, and one of an object that is not there.
        case replace
        /// Removing a given version and an old one.
        case remove
        /// Completing an upload where an object is, and where it has changed.
        case complete
        /// Eight creates at once, several times.
        case race
    }

    /// How long a good verdict is believed; a bad one is until it is asked for again, because others may
    /// keep the locks of the bucket elsewhere since.
    private static let believedSeconds: Int64 = 30 * 86_400
    /// What a trial's result is when all went as it must.
    static let honoured = "honoured"

    /// What each trial showed: ``honoured`` or what was wrong, in words.
    var results: [Trial: String] = [:]
    /// Why nothing was tried out; `nil` when it was.
    var obstacle: String?
    /// Whether this key may not do everything that is tried out: that says nothing about the service.
    var isOfThisKey = false

    /// Whether the bucket keeps this verdict for all clients.
    var isSettled = false

    /// Whether locks can be kept in the bucket.
    var isGood: Bool { absent && version }

    /// Whether a create is refused where an object is, also when several come at once.
    var absent: Bool { isHonoured(.create) && isHonoured(.race) }
    /// Whether a version can be replaced by one of several writers only.
    var version: Bool { isHonoured(.replace) && isHonoured(.race) }
    /// Whether a version can be removed.
    var removal: Bool { version && isHonoured(.remove) }
    /// Whether an upload in parts can be completed under a condition.
    var completion: Bool { isHonoured(.complete) }

    private func isHonoured(_ trial: Trial) -> Bool { results[trial] == Self.honoured }

    /// What was seen, and what to do about it.
    var reason: String {
        if let obstacle { return obstacle }
        let seen = Trial.allCases.compactMap { trial in
            results[trial].flatMap { $0 == Self.honoured ? nil : "\(trial.rawValue): \($0)" }
        }
        return
            "the service was tried out and does not honour conditions (\(seen.joined(separator: "; ")));"
            + " keep locks in another store, update the service and open with probe: again, or use"
            + " another one"
    }

    /// A capability's note where it is not there.
    func note(isHonoured: Bool) -> String? { isHonoured ? nil : reason }

    /// What does not work although the capability is there; `nil` for nothing.
    var limits: String? {
        var limits: [String] = []
        if !removal { limits.append("removing a given version is refused") }
        if !completion {
            limits.append(
                "objects over 8 MiB are written in one request under a condition, of 5 GiB at most")
        }
        if limits.isEmpty { return nil }
        return
            "If-Match and a random token; \(limits.joined(separator: ", and ")), because the service"
            + " does not honour the condition there"
    }

    /// The verdict that is kept in the bucket, or a new one.
    static func find(_ service: Service, again: Bool, _ call: Call) throws(DriverError) -> Verdict {
        if !again, let kept = try kept(service, call) { return kept }
        var verdict = try Probe(service, call).run()
        guard verdict.obstacle == nil, !verdict.isOfThisKey else { return verdict }
        // A bad one of another client that tried at the same time stays: on some services several
        // writers win only now and then.
        if !again, verdict.isGood, let kept = try kept(service, call), !kept.isGood { return kept }
        verdict.isSettled = verdict.keep(service, call)
        return verdict
    }

    private static func request(_ service: Service, _ action: Action, _ method: String)
        -> ServiceRequest
    {
        ServiceRequest(action, method, key: service.scratchKey("verdict.json"))
    }

    private static func kept(_ service: Service, _ call: Call) throws(DriverError) -> Verdict? {
        let response: HTTPResponse
        do throws(ServiceFailure) {
            response = try service.perform(request(service, .get, "GET"), call)
        } catch {
            // Without the right to read it, it is as if it were not there.
            if error.isMissing || error.error.code == .forbidden { return nil }
            throw error.error
        }
        guard let document = try? JSONValue(response.body), document["format"]?.integer == 1,
            document["bucket"]?.text == service.place.bucket,
            document["prefix"]?.text == service.prefix
        else { return nil }
        var verdict = Verdict()
        verdict.isSettled = true
        for trial in Trial.allCases {
            guard let text = document["results"]?[trial.rawValue]?.text else { return nil }
            verdict.results[trial] = oneLine(text, most: 300)
        }
        if !verdict.isGood { return verdict }
        guard document["endpoint"]?.text == service.place.endpoint.url,
            let then = document["when"]?.text.flatMap(Timestamp.seconds),
            let now = response["date"].flatMap(HTTPDate.seconds),
            (-3600..<believedSeconds).contains(now - then)
        else { return nil }
        return verdict
    }

    /// Keeps the verdict for those who open the store next; without it they find out by themselves.
    ///
    /// - Returns: Whether it is kept.
    private func keep(_ service: Service, _ call: Call) -> Bool {
        var results: [String: JSONValue] = [:]
        for (trial, text) in self.results { results[trial.rawValue] = .string(text) }
        var request = Self.request(service, .put, "PUT")
        request.headers = [("Content-Type", "application/json")] + service.encryption
        request.body = .bytes(
            JSONValue.object([
                "format": .number("1"), "endpoint": .string(service.place.endpoint.url),
                "bucket": .string(service.place.bucket), "prefix": .string(service.prefix),
                "when": .string(Timestamp.extended(unixSeconds())), "results": .object(results),
            ]).bytes)
        do throws(ServiceFailure) {
            _ = try service.perform(request, call)
            return true
        } catch {
            call.log(.debug, "what was tried out is not kept: \(error.error.message)")
            return false
        }
    }
}
