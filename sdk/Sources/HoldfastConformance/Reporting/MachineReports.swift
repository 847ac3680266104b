internal import HoldfastLoader

/// What a run was about, for the reports that machines read.
public struct RunFacts: Sendable {
    /// The driver's folder.
    public var folder: String
    /// The seed.
    public var seed: UInt64

    /// Makes the facts.
    public init(folder: String, seed: UInt64) {
        self.folder = folder
        self.seed = seed
    }
}

/// The report as JSON; `docs/conformance.md` gives its shape.
///
/// - Parameters:
///   - results: All results.
///   - facts: What the run was about.
///   - survey: What the driver says that it can do; `nil` where it could not be asked.
/// - Returns: One line.
public func jsonReport(
    _ results: [CheckResult], _ facts: RunFacts, _ survey: Survey?
) -> String {
    let manifest = LibraryInspection.inspect(folder: facts.folder).manifest
    let driver = [
        ("folder", quoted(facts.folder)), ("id", quoted(manifest?.id)),
        ("version", quoted(manifest?.version)), ("threads", quoted(survey?.threads)),
        ("capabilities", survey.map { capabilities($0) } ?? "null"),
    ]
    let interface = [
        ("major", "\(InterfaceVersion.major)"), ("minor", "\(InterfaceVersion.minor)"),
        ("draft", "\(InterfaceVersion.draft)"),
    ]
    let counts = Verdict.words.map { word in
        (word, "\(results.count { $0.verdict.word == word })")
    }
    let groups = GroupTally.of(results).map { group in
        object([("name", quoted(group.name))] + group.counts.map { ($0.word, "\($0.count)") })
    }
    let checks = results.map { object($0.fields) }.joined(separator: ",")
    return object([
        ("format", "1"), ("interface", object(interface)), ("driver", object(driver)),
        ("seed", quoted("\(facts.seed)")), ("summary", object(counts)),
        ("groups", "[\(groups.joined(separator: ","))]"), ("checks", "[\(checks)]"),
    ])
}

private func capabilities(_ survey: Survey) -> String {
    let reports = survey.capabilities.values.sorted { $0.id < $1.id }.map { report in
        object([
            ("id", quoted(report.id)), ("level", "\(report.level.rawValue)"),
            ("limit", "\(report.limit)"),
        ])
    }
    return "[\(reports.joined(separator: ","))]"
}

extension CheckResult {
    fileprivate var fields: [(String, String)] {
        var fields = [
            ("id", quoted(check.id)), ("group", quoted(check.group)),
            ("profile", quoted(check.profile.rawValue)), ("title", quoted(check.title)),
            ("verdict", quoted(verdict.word)), ("milliseconds", "\(milliseconds)"),
            ("stdout", quoted(output)), ("stderr", quoted(errorOutput)),
        ]
        switch verdict {
        case .pass(let note): fields.append(("note", quoted(note)))
        case .refused(let capability): fields.append(("capability", quoted(capability)))
        case .fail, .hang: fields += [("found", quoted(found)), ("remedy", quoted(remedy))]
        case .crash(let signal):
            fields += [
                ("found", quoted(found)), ("remedy", quoted(remedy)), ("signal", "\(signal)"),
            ]
        }
        return fields
    }
}

/// The report as JUnit XML, one suite for each group.
///
/// - Parameters:
///   - results: All results.
///   - facts: What the run was about.
/// - Returns: The document.
public func junitReport(_ results: [CheckResult], _ facts: RunFacts) -> String {
    var text =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"holdfast-conformance\">\n"
    var groups: [String] = []
    for result in results where !groups.contains(result.check.group) {
        groups.append(result.check.group)
    }
    for group in groups { text += suite(group, results.filter { $0.check.group == group }, facts) }
    return text + "</testsuites>\n"
}

private func suite(_ group: String, _ results: [CheckResult], _ facts: RunFacts) -> String {
    let failures = results.count { $0.verdict.word == "fail" }
    let errors = results.count { !$0.verdict.isGood } - failures
    let skipped = results.count { $0.verdict.word == "refused" }
    var text =
        "  <testsuite name=\"\(group)\" tests=\"\(results.count)\" failures=\"\(failures)\""
        + " errors=\"\(errors)\" skipped=\"\(skipped)\" time=\"\(seconds(results))\">\n"
        + "    <properties><property name=\"seed\" value=\"\(facts.seed)\"/></properties>\n"
    for result in results { text += testCase(result) }
    return text + "  </testsuite>\n"
}

private func testCase(_ result: CheckResult) -> String {
    let head =
        "    <testcase classname=\"\(result.check.group)\" name=\"\(escaped(result.check.id))\""
        + " time=\"\(seconds([result]))\""
    let message = escaped(
        [result.found, result.remedy].filter { !$0.isEmpty }.joined(separator: "; "))
    switch result.verdict {
    case .pass: return head + "/>\n"
    case .refused(let capability):
        return head + "><skipped message=\"refused: \(escaped(capability))\"/></testcase>\n"
    case .fail: return head + "><failure message=\"\(message)\"/></testcase>\n"
    case .crash, .hang: return head + "><error message=\"\(message)\"/></testcase>\n"
    }
}

private func seconds(_ results: [CheckResult]) -> String {
    let total = results.reduce(0) { $0 + $1.milliseconds }
    let rest = String(total % 1000)
    return "\(total / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
}

private func object(_ fields: [(String, String)]) -> String {
    "{" + fields.map { quoted($0.0) + ":" + $0.1 }.joined(separator: ",") + "}"
}

private func quoted(_ text: String?) -> String {
    guard let text else { return "null" }
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case _ where scalar.value < 0x20:
            result += scalar.value < 0x10 ? "\\u000" : "\\u00"
            result += String(scalar.value, radix: 16)
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

/// Text for an XML attribute; XML cannot hold control characters at all.
private func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case _ where scalar.value < 0x20 || (0xfffe...0xffff).contains(scalar.value): result += " "
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}
