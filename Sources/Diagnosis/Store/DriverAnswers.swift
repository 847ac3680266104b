internal import Host
package import State

// What the driver itself says, by operations that it may declare: `ID.identity` and `ID.policy`.

extension StoreChecks {
    /// What the store can do.
    static let capabilities = Check<StoreBench>("capabilities", "capabilities") {
        bench, _ throws(HostError) in
        let effective = bench.store.capabilities
        bench.chart.change { $0.capabilities = effective }
        let words = effective.all.filter { $0.level > .none }.map { capability in
            capability.level == .emulated ? "\(capability.id) (emulated)" : capability.id
        }
        return Finding(.ok, words.joined(separator: ", "))
    }

    /// Who the store takes this machine for.
    static let identity = Check<StoreBench>("identity", "who am I") {
        bench, call throws(HostError) in
        guard let answer = try bench.ask("identity", call) else {
            return Finding(.notApplicable, "the driver does not say")
        }
        guard let members = answer.members, let principal = members["principal"]?.text else {
            return .wrongAnswer("identity")
        }
        bench.chart.change { $0.identity = members }
        var seen = principal
        if let source = members["source"]?.text { seen += ", by \(source)" }
        if let place = members["place"]?.text { seen += ", on \(place)" }
        if let note = members["note"]?.text { seen += "; \(note)" }
        return Finding(.ok, seen)
    }

    /// How far the clocks are apart.
    static let clock = Check<StoreBench>("clock", "clocks agree") { bench, call throws(HostError) in
        if let reading = ClockReading(bench.chart.now.identity?["clock"]) { return reading.finding }
        let before = WallClock.now
        let clock = try bench.store.ping(call)
        let after = WallClock.now
        if let clock {
            if clock.domain.hasPrefix("boot:") {
                return Finding(.ok, "the store goes by this machine's own clock")
            }
            // A clock that counts from another beginning tells nothing about the time of day.
            if clock.nowNanoseconds > ClockReading.newestBeginning {
                return ClockReading(
                    clock.nowNanoseconds, between: before, and: after,
                    uncertainty: clock.uncertaintyNanoseconds, source: "the store's clock"
                ).finding
            }
        }
        guard let reading = bench.reading else {
            return Finding(.notApplicable, "the store tells no time")
        }
        return reading.finding
    }

    /// Which rights are needed.
    static let policy = Check<StoreBench>("policy", "smallest policy") {
        bench, call throws(HostError) in
        guard let answer = try bench.ask("policy", call) else {
            return Finding(.notApplicable, "the driver does not say")
        }
        guard let policy = AccessPolicy(answer) else { return .wrongAnswer("policy") }
        bench.chart.change { $0.policy = policy }
        let missing = bench.chart.now.missingGrants
        guard missing.isEmpty else {
            let list = missing.map { $0.place.isEmpty ? $0.right : "\($0.right) on \($0.place)" }
            return Finding(
                .warning, "missing: \(list.joined(separator: ", "))", advice: policy.apply,
                measured: [("missing", .array(missing.map(\.json)))])
        }
        return Finding(
            .ok,
            "holdfast driver call \(bench.store.name) \(bench.store.driverID).policy prints it")
    }
}

extension ClockReading {
    /// The year 2001: clocks that show an earlier time do not count from 1970.
    static let newestBeginning: Int64 = 978_307_200_000_000_000
}

extension Chart.Content {
    /// The rights without which a check was refused.
    package var missingGrants: [AccessPolicy.Grant] {
        guard let policy else { return [] }
        func grants(_ isWanted: (Finding) -> Bool) -> [AccessPolicy.Grant] {
            findings.filter { isWanted($0.finding) }.flatMap { checked in
                // `list.fresh` needs the rights of `list`.
                policy.grants(for: String(checked.id.prefix { $0 != "." }))
            }
        }
        // A right that another check made use of is there.
        let proven = Set(grants { $0.verdict == .ok })
        var missing: [AccessPolicy.Grant] = []
        for grant in grants({ $0.verdict == .failed && $0.code == .forbidden })
        where !proven.contains(grant) && !missing.contains(grant) {
            missing.append(grant)
        }
        return missing
    }
}

extension AccessPolicy.Grant {
    /// The right for programs.
    package var json: JSONValue {
        .object(
            JSONObject([
                ("right", .string(right)), ("on", place.isEmpty ? .null : .string(place)),
                ("for", .array(purposes.map { .string($0) })),
            ]))
    }
}

extension StoreBench {
    /// The most bytes of an answer.
    private static let answerByteCount = 1 << 20

    /// Calls an operation of the driver that takes no arguments, or only such as have a default.
    ///
    /// - Returns: `nil` where the driver does not declare it; `null` for an answer that is no JSON.
    fileprivate func ask(_ name: String, _ call: Call) throws(HostError) -> JSONValue? {
        let id = "\(store.driverID).\(name)"
        let operation = try store.driverOperations().first { $0.id == id }
        guard let operation, operation.result == .json,
            operation.parameters.allSatisfy({ $0.defaultValue != nil }),
            !operation.traits.contains(.mutates)
        else { return nil }
        let arguments = try operation.resolve([])
        var bytes: [UInt8] = []
        try unsafe store.callOperation(OperationCall(operation, arguments), call) {
            piece throws(HostError) in
            guard piece.count <= Self.answerByteCount - bytes.count else {
                throw HostError(.tooLarge, "the result of \(id) has more than 1 MiB")
            }
            unsafe bytes += piece
        }
        // What is no JSON is of another shape, too.
        return (try? JSONValue(parsing: bytes)) ?? .null
    }
}

extension Finding {
    fileprivate static func wrongAnswer(_ name: String) -> Finding {
        Finding(
            .warning, "the driver's answer has another shape than docs/writing-a-driver.md says",
            advice: "report it to the driver's author: \(name)")
    }
}
