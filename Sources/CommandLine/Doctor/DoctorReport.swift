internal import Diagnosis
internal import Host
internal import State

/// What was found of one store, and how it is shown.
struct DoctorReport {
    let store: String
    let driver: String
    let content: Chart.Content
    let nanoseconds: Int64

    /// How a process ends that found nothing but this.
    var status: ExitStatus {
        content.findings.compactMap { checked in
            checked.finding.verdict == .failed
                ? ExitStatus(checked.finding.code ?? .internalError) : nil
        }.max { $0.severity < $1.severity } ?? .ok
    }

    /// The worst of the findings.
    var verdict: Verdict {
        let verdicts = content.findings.map(\.finding.verdict)
        return [.failed, .warning].first(where: verdicts.contains) ?? .ok
    }

    /// Prints reports as the console is told to.
    static func print(_ reports: [DoctorReport], isReadOnly: Bool, _ console: Console) {
        guard console.isJSON else {
            for (index, report) in reports.enumerated() {
                if index > 0 { console.line("") }
                report.show(console)
            }
            return
        }
        let worst = reports.map(\.verdict)
        let verdict: Verdict = [.failed, .warning].first(where: worst.contains) ?? .ok
        console.document([
            ("verdict", .string(verdict.rawValue)), ("read_only", .bool(isReadOnly)),
            ("stores", .array(reports.map(\.json))),
        ])
    }

    // MARK: - For people

    private func show(_ console: Console) {
        let version = content.driverVersion.isEmpty ? "" : " \(content.driverVersion)"
        console.line(
            "store \(Table.visible(store)) (\(Table.visible(driver))\(Table.visible(version))): "
                + console.colored(verdict.word, verdict.color))
        let shown = content.findings.filter { $0.finding.verdict != .notTried }
        let width = shown.map(\.title.count).max() ?? 0
        for checked in shown {
            let finding = checked.finding
            let word = finding.verdict.word
            let title = checked.title + String(repeating: " ", count: width - checked.title.count)
            let space = String(repeating: " ", count: Verdict.width - word.count)
            console.line(
                "  \(console.colored(word, finding.verdict.color))\(space)  \(title)  "
                    + Table.visible(finding.seen))
            guard !finding.advice.isEmpty else { continue }
            let indent = String(repeating: " ", count: 2 + Verdict.width + 2 + width + 2)
            console.line("\(indent)-> \(Table.visible(finding.advice))")
        }
        showUntried(console)
        showNotes(console)
        showPolicy(console)
    }

    /// What was not tried, in one line for each reason.
    private func showUntried(_ console: Console) {
        var reasons: [(reason: String, titles: [String])] = []
        for checked in content.findings where checked.finding.verdict == .notTried {
            let reason = checked.finding.seen
            if let index = reasons.firstIndex(where: { $0.reason == reason }) {
                reasons[index].titles.append(checked.title)
            } else {
                reasons.append((reason, [checked.title]))
            }
        }
        for (reason, titles) in reasons {
            console.line("  not tried, because \(reason): \(titles.joined(separator: ", "))")
        }
    }

    /// The notes of capabilities.
    private func showNotes(_ console: Console) {
        for capability in content.capabilities?.all ?? [] where !capability.note.isEmpty {
            console.line(
                "  note on \(Table.visible(capability.id)): \(Table.visible(capability.note))")
        }
    }

    /// The policy, where one of its rights is missing.
    private func showPolicy(_ console: Console) {
        guard let policy = content.policy, !content.missingGrants.isEmpty else { return }
        console.line("  the smallest policy that grants all of it (\(Table.visible(policy.kind))):")
        let text = policy.document.text ?? policy.document.indented
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            console.line("    \(Table.visible(String(line)))")
        }
    }

    // MARK: - For programs

    private var json: JSONValue {
        .members([
            ("store", .string(store)), ("driver", .string(driver)),
            ("driver_version", .filled(content.driverVersion)),
            ("verdict", .string(verdict.rawValue)), ("exit_code", .integer(status.rawValue)),
            ("elapsed_ms", .integer(nanoseconds / 1_000_000)),
            ("identity", content.identity.map { .object($0) } ?? .null),
            ("capabilities", content.capabilities.map(\.json) ?? .null),
            ("policy", content.policy?.json ?? .null),
            ("missing", .array(content.missingGrants.map(\.json))),
            ("left_behind", .array(content.leftBehind.map { .string($0) })),
            ("checks", .array(content.findings.map(\.json))),
        ])
    }
}

extension CheckedFinding {
    fileprivate var json: JSONValue {
        .members([
            ("id", .string(id)), ("title", .string(title)),
            ("verdict", .string(finding.verdict.rawValue)), ("seen", .string(finding.seen)),
            ("advice", .filled(finding.advice)), ("code", .text(finding.code?.word)),
            ("measured", .members(finding.measured.map { ($0.name, $0.value) })),
        ])
    }
}

extension Verdict {
    /// The verdict for people.
    fileprivate var word: String {
        switch self {
        case .ok: "ok"
        case .warning: "warning"
        case .failed: "failed"
        case .notTried: "not tried"
        case .notApplicable: "-"
        }
    }

    /// The most letters of a word that stands in a line of its own.
    fileprivate static var width: Int { "warning".count }

    fileprivate var color: Stream.Color? {
        switch self {
        case .failed: .red
        case .warning: .yellow
        case .ok, .notTried, .notApplicable: nil
        }
    }
}

extension ExitStatus {
    /// Which of two failures decides how the process ends: what endangers states, then what somebody must
    /// grant or correct, then what may pass.
    var severity: Int {
        let order: [ExitStatus] = [
            .ok, .failure, .locked, .notFound, .unreachable, .usage, .forbidden, .integrity,
            .interrupted, .terminated,
        ]
        return order.firstIndex(of: self) ?? order.count
    }
}
