internal import HoldfastLoader

/// The driver's line of a support table, with the table's head: Markdown that is the same at each run.
///
/// - Parameters:
///   - results: All results.
///   - facts: What the run was about.
///   - survey: What the driver says; `nil` where it could not be asked.
/// - Returns: Three lines.
public func supportTable(
    _ results: [CheckResult], _ facts: RunFacts, _ survey: Survey?
) -> String {
    let manifest = LibraryInspection.inspect(folder: facts.folder).manifest
    let survey = survey ?? Survey(note: "")
    let cells = [
        ("driver", "`\(manifest?.id ?? "unknown")`"), ("version", manifest?.version ?? "unknown"),
        ("conditions", conditions(survey)), ("range", word(survey, "range")),
        ("list attributes", word(survey, "list.attributes")), ("clock", word(survey, "clock")),
        ("transactions", transactions(survey)), ("watch", word(survey, "watch")),
        ("largest object", size(survey.capabilities["value"]?.limit ?? 0)),
        ("calls at once", calls(survey.threads)), ("may be open", openers(survey)),
        ("groups passed", groups(GroupTally.of(results))),
    ]
    func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
    return row(cells.map(\.0)) + "|" + String(repeating: "---|", count: cells.count) + "\n"
        + row(cells.map(\.1))
}

private func word(_ survey: Survey, _ id: String) -> String {
    switch survey.level(id) {
    case .none: "no"
    case .emulated: "emulated"
    case .native: "native"
    default: "level \(survey.level(id).rawValue)"
    }
}

private func conditions(_ survey: Survey) -> String {
    let (absent, version) = (word(survey, "condition.absent"), word(survey, "condition.version"))
    return absent == version ? absent : "absent \(absent), version \(version)"
}

private func transactions(_ survey: Survey) -> String {
    let limit = survey.capabilities["transaction"]?.limit ?? 0
    return word(survey, "transaction") + (limit > 0 ? ", \(limit) changes" : "")
}

private func size(_ bytes: UInt64) -> String {
    guard bytes > 0 else { return "no limit" }
    let units = [("TiB", UInt64(1) << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
    let unit = units.first { bytes % $0.1 == 0 } ?? ("bytes", 1)
    return "\(bytes / unit.1) \(unit.0)"
}

private func calls(_ threads: String) -> String {
    switch threads {
    case "parallel": "any number"
    case "per-store": "one on each store"
    case "per-driver": "one"
    default: "unknown"
    }
}

private func openers(_ survey: Survey) -> String {
    switch (survey.has("volatile"), survey.has("exclusive")) {
    case (false, false): "any number of times"
    case (false, true): "once at a time"
    case (true, false): "in one process, and is gone with it"
    case (true, true): "once, and is gone with its process"
    }
}

private func groups(_ tallies: [GroupTally]) -> String {
    let passed = tallies.count { $0.isGood && !$0.isRefused }
    let refused = tallies.filter(\.isRefused).map(\.name)
    let failed = tallies.filter { !$0.isGood }.map(\.name)
    return "\(passed) of \(tallies.count)"
        + (refused.isEmpty ? "" : ", refuses \(refused.joined(separator: ", "))")
        + (failed.isEmpty ? "" : ", fails \(failed.joined(separator: ", "))")
}
