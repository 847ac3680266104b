package import Host
package import State

/// What a check came to.
package enum Verdict: String, Sendable, CaseIterable {
    /// All is as it should be.
    case ok
    /// It works, and somebody should know something.
    case warning
    /// It does not work, or not as it must.
    case failed
    /// It was not looked at, because something before it failed or it was not wanted.
    case notTried = "not-tried"
    /// There is nothing to look at.
    case notApplicable = "not-applicable"
}

/// What a check saw, and what to do about it.
package struct Finding: Sendable {
    /// What it came to.
    package var verdict: Verdict
    /// What was seen, in one line without secrets.
    package var seen: String
    /// What to do; empty when there is nothing to advise.
    package var advice: String
    /// The class of a failure; `nil` for everything else.
    package var code: HostError.Code?
    /// What was measured, for programs.
    package var measured: [(name: String, value: JSONValue)]

    /// Makes a finding.
    package init(
        _ verdict: Verdict, _ seen: String, advice: String = "", code: HostError.Code? = nil,
        measured: [(name: String, value: JSONValue)] = []
    ) {
        self.verdict = verdict
        self.seen = seen
        self.advice = advice
        self.code = code
        self.measured = measured
    }

    /// A failure that an error explains.
    package init(_ error: HostError, doing action: String = "") {
        self.init(
            .failed, action.isEmpty ? error.message : "\(action): \(error.message)",
            advice: error.advice, code: error.code)
    }
}

/// A finding with the check that made it.
package struct CheckedFinding: Sendable {
    /// The check's id, a stable word for programs.
    package var id: String
    /// The check for people.
    package var title: String
    /// What it saw.
    package var finding: Finding
}
