/// The report for people: one line for each check, in groups.
public struct TextReport {
    private var group = ""

    /// Makes a report that has said nothing yet.
    public init() {}

    /// The lines for one more result.
    ///
    /// - Parameter result: The result.
    /// - Returns: Lines, each with its end.
    public mutating func lines(_ result: CheckResult) -> String {
        var text = ""
        if result.check.group != group {
            group = result.check.group
            text += "\(group)\n"
        }
        let word = result.verdict.word
        let gap = String(repeating: " ", count: 8 - word.count)
        text += "  \(word)\(gap)\(result.check.id)  \(result.milliseconds) ms\n"
        for detail in result.details { text += "          \(detail)\n" }
        return text
    }

    /// The last lines.
    ///
    /// - Parameters:
    ///   - results: All results.
    ///   - seed: The seed of the run.
    /// - Returns: Lines, each with its end.
    public static func summary(_ results: [CheckResult], seed: UInt64) -> String {
        let counts = Verdict.words.map { word in
            "\(results.count { $0.verdict.word == word }) \(word)"
        }
        let bad = results.filter { !$0.verdict.isGood }.map(\.check.id)
        var text = "\(results.count) checks: \(counts.joined(separator: ", ")); seed \(seed)\n"
        if !bad.isEmpty { text += "again: --seed \(seed) --only \(bad.joined(separator: ","))\n" }
        return text
    }
}

extension CheckResult {
    /// What there is to say besides the word.
    fileprivate var details: [String] {
        switch verdict {
        case .pass(let note): note.isEmpty ? [] : ["note: \(note)"]
        case .refused(let capability): ["the store does not have \(capability), and says so"]
        case .fail, .crash, .hang:
            ["demanded: \(check.title)", "found: \(found)"]
                + (remedy.isEmpty ? [] : ["to do: \(remedy)"])
                + [("stdout", output), ("stderr", errorOutput)].flatMap { stream, text in
                    text.split(whereSeparator: \.isNewline).prefix(5).map { "\(stream): \($0)" }
                }
        }
    }

    /// What was found, when the verdict is not good.
    var found: String {
        switch verdict {
        case .fail(let failure): failure.found
        case .crash(let signal): "the process was ended by \(signalName(signal))"
        case .hang(let seconds): "it had not ended after \(seconds) s"
        case .pass, .refused: ""
        }
    }

    /// What to do about it.
    var remedy: String {
        switch verdict {
        case .fail(let failure): failure.remedy
        case .crash, .hang:
            "run holdfast-conformance --run-check \(check.id) under a debugger (see --help)"
        case .pass, .refused: ""
        }
    }
}

/// A signal's name.
func signalName(_ signal: Int32) -> String {
    let names: [Int32: String] = [
        4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL",
        11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM", 31: "SIGSYS",
    ]
    return names[signal] ?? "signal \(signal)"
}
