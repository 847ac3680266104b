package import Host

/// One thing that `doctor` looks at, as a value: whoever has another subject (a configuration, an installed
/// driver, the way to a daemon) makes a list of checks of that subject and has it run by ``Check/run(_:on:into:_:)``.
package struct Check<Subject>: Sendable {
    /// A stable word for programs, such as `condition.absent`.
    package let id: String
    /// The check for people.
    package let title: String
    /// Whether it changes anything, and so is left out where nothing may be changed.
    package let writes: Bool
    /// Looks at the subject.
    ///
    /// What it cannot do becomes a finding, so that one failure never hides the next.
    let look: @Sendable (Subject, Call) throws(HostError) -> Finding

    /// Makes a check.
    package init(
        _ id: String, _ title: String, writes: Bool = false,
        _ look: @escaping @Sendable (Subject, Call) throws(HostError) -> Finding
    ) {
        self.id = id
        self.title = title
        self.writes = writes
        self.look = look
    }

    /// Runs checks in their order.
    ///
    /// A failure of one ends none of the others; the end of the call does.
    ///
    /// - Parameters:
    ///   - checks: The checks.
    ///   - subject: What they look at.
    ///   - chart: Where their findings go.
    ///   - call: The deadline and cancellation of all of them together.
    package static func run(
        _ checks: [Check], on subject: Subject, into chart: Chart, _ call: Call
    ) {
        for check in checks {
            do throws(HostError) { try call.check() } catch {
                chart.note(check, Finding(.notTried, Self.reason(error)))
                continue
            }
            chart.begin(check)
            do throws(HostError) {
                chart.note(check, try check.look(subject, call))
            } catch {
                chart.note(check, Finding(error))
            }
        }
    }

    /// Notes checks that cannot be made.
    package static func leave(_ checks: [Check], because reason: String, in chart: Chart) {
        for check in checks { chart.note(check, Finding(.notTried, reason)) }
    }

    private static func reason(_ error: HostError) -> String {
        error.code == .deadline ? "there was no time left" : "interrupted"
    }
}
