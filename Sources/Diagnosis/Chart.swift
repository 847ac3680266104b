package import Host
package import State
internal import Synchronization

/// What was found of one store so far.
///
/// Whoever waits for the examination reads it, also when a driver does not come back.
package final class Chart: Sendable {
    /// The findings and what goes with them.
    package struct Content: Sendable {
        /// What the checks saw, in the order in which they were made.
        package var findings: [CheckedFinding] = []
        /// What the driver says of who asks; `nil` where it does not say.
        package var identity: JSONObject?
        /// What the host relies on; `nil` for a store that did not open.
        package var capabilities: Capabilities?
        /// What the driver says of the smallest policy; `nil` where it does not say.
        package var policy: AccessPolicy?
        /// The driver's version; empty where it did not load.
        package var driverVersion = ""
        /// The objects of the examination that could not be removed.
        package var leftBehind: [String] = []
        fileprivate var current: (id: String, title: String)?
        fileprivate var isClosed = false
    }

    private let content = Mutex(Content())

    /// Makes an empty chart.
    package init() {}

    /// The content at this moment.
    package var now: Content { content.withLock { $0 } }

    /// Says which check is being made.
    func begin<Subject>(_ check: Check<Subject>) {
        content.withLock { $0.current = (check.id, check.title) }
    }

    /// Adds a finding.
    func note<Subject>(_ check: Check<Subject>, _ finding: Finding) {
        content.withLock { content in
            guard !content.isClosed else { return }
            content.current = nil
            content.findings.append(
                CheckedFinding(id: check.id, title: check.title, finding: finding))
        }
    }

    /// Changes what goes with the findings.
    func change(_ body: @Sendable (inout Content) -> Void) {
        content.withLock { content in if !content.isClosed { body(&content) } }
    }

    /// Ends the chart: an examination that still runs adds nothing to it.
    ///
    /// - Parameter error: Why nobody waits for the examination any more.
    package func close(_ error: HostError) {
        content.withLock { content in
            guard !content.isClosed else { return }
            content.isClosed = true
            let (id, title) = content.current ?? ("examination", "examination")
            content.findings.append(
                CheckedFinding(id: id, title: title, finding: Finding(error)))
        }
    }
}
