internal import HoldfastLoader

/// What a driver and a store of it say that they can do.
public struct Survey: Sendable, Hashable {
    /// How many calls the driver takes at once, as in its manifest.
    public internal(set) var threads = ""
    /// What the store reports, by id.
    var capabilities: [String: CapabilityReport] = [:]

    /// Asks the driver, in a process of its own as a check does.
    static let check = Check("survey.facts", .core, "the driver says what it can do") { run in
        let reports = try run.bench().store.capabilities(CallContext())
        run.note =
            try run.driver().threadModel.name + "\n"
            + reports.map { "\($0.id) \($0.level.rawValue) \($0.limit)" }.joined(separator: "\n")
    }

    /// Reads what the check wrote.
    init(note: String) {
        let lines = note.split(separator: "\n")
        threads = lines.first.map(String.init) ?? ""
        for line in lines.dropFirst() {
            let words = line.split(separator: " ")
            guard words.count == 3, let level = UInt32(words[1]), let limit = UInt64(words[2])
            else { continue }
            let id = String(words[0])
            capabilities[id] = CapabilityReport(
                id: id, level: CapabilityLevel(rawValue: level), limit: limit)
        }
    }

    /// Whether the store reports a capability.
    func has(_ id: String) -> Bool { level(id) != .none }

    func level(_ id: String) -> CapabilityLevel { capabilities[id]?.level ?? .none }
}

extension ConformanceRun {
    /// Asks the driver what it can do.
    ///
    /// - Returns: Its answers, or `nil` where it cannot be asked.
    public func survey() -> Survey? {
        guard case .pass(let note) = run(Survey.check).verdict else { return nil }
        return Survey(note: note)
    }
}

/// How the checks of one group ended.
struct GroupTally {
    var name: String
    var counts: [(word: String, count: Int)]

    /// All groups of some results, in their order.
    static func of(_ results: [CheckResult]) -> [GroupTally] {
        var names: [String] = []
        for result in results where !names.contains(result.check.group) {
            names.append(result.check.group)
        }
        return names.map { name in
            let verdicts = results.filter { $0.check.group == name }.map(\.verdict)
            return GroupTally(
                name: name,
                counts: Verdict.words.map { word in
                    (word, verdicts.count { $0.word == word })
                })
        }
    }

    func count(_ word: String) -> Int { counts.first { $0.word == word }?.count ?? 0 }

    /// Whether no check found anything wrong.
    var isGood: Bool { count("fail") + count("crash") + count("hang") == 0 }
    /// Whether the driver lacks what the group is about, and says so.
    var isRefused: Bool { isGood && count("pass") == 0 }
}

extension Verdict {
    /// The words of all verdicts.
    static let words = ["pass", "refused", "fail", "crash", "hang"]
}
