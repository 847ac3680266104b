/// How a check ended.
public enum Verdict: Sendable, Hashable {
    /// The driver does what the check demands; the note says what could not be looked at.
    case pass(note: String)
    /// It does not.
    case fail(CheckFailure)
    /// It does not have the capability, and refuses it as the interface demands.
    case refused(capability: String)
    /// A signal ended the check's process.
    case crash(signal: Int32)
    /// The check took longer than it may.
    case hang(seconds: Int)

    /// The verdict in one word, for machines.
    public var word: String {
        switch self {
        case .pass: "pass"
        case .fail: "fail"
        case .refused: "refused"
        case .crash: "crash"
        case .hang: "hang"
        }
    }

    /// Whether the driver keeps the interface as far as the check can tell.
    public var isGood: Bool {
        switch self {
        case .pass, .refused: true
        case .fail, .crash, .hang: false
        }
    }
}

/// A check and how it ended.
public struct CheckResult: Sendable {
    /// The check.
    public var check: Check
    /// How it ended.
    public var verdict: Verdict
    /// How long its process took.
    public var milliseconds: Int64
    /// What was written to standard output meanwhile, cut at 4 KiB.
    public var output: String
    /// What was written to standard error meanwhile, cut at 4 KiB.
    public var errorOutput: String
}

extension Verdict {
    /// The verdict as the check's process hands it to the runner.
    var encoded: [UInt8] {
        let fields =
            switch self {
            case .pass(let note): [word, note, ""]
            case .fail(let failure): [word, failure.found, failure.remedy]
            case .refused(let capability): [word, capability, ""]
            case .crash(let signal): [word, "\(signal)", ""]
            case .hang(let seconds): [word, "\(seconds)", ""]
            }
        return Array(fields.joined(separator: "\0").utf8)
    }

    /// Reads what ``encoded`` wrote; `nil` when it is not whole.
    init?(encoded: [UInt8]) {
        let fields = encoded.split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard fields.count == 3 else { return nil }
        switch fields[0] {
        case "pass": self = .pass(note: fields[1])
        case "fail": self = .fail(CheckFailure(fields[1], do: fields[2]))
        case "refused": self = .refused(capability: fields[1])
        default: return nil
        }
    }
}
