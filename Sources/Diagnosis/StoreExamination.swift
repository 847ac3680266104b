package import Host
internal import State

/// Everything that is looked at of one configured store.
package struct StoreExamination: Sendable {
    private let host: Host
    private let specification: StoreSpecification
    private let workspace: @Sendable (Addressing) -> String
    private let isReadOnly: Bool
    /// How long the removal of the examination's objects may take after its end.
    package static let patience = Duration.seconds(4)

    /// Makes an examination.
    ///
    /// - Parameters:
    ///   - host: Finds the driver and opens the store.
    ///   - specification: The store.
    ///   - isReadOnly: Whether nothing may be written.
    ///   - workspace: The workspace that keys carry.
    package init(
        _ host: Host, _ specification: StoreSpecification, isReadOnly: Bool,
        workspace: @escaping @Sendable (Addressing) -> String
    ) {
        self.host = host
        self.specification = specification
        self.isReadOnly = isReadOnly
        self.workspace = workspace
    }

    /// Makes every check; blocks.
    ///
    /// - Parameters:
    ///   - chart: Where the findings go.
    ///   - call: The deadline and cancellation of the whole examination.
    package func run(into chart: Chart, _ call: Call) {
        chart.begin(Self.driver)
        chart.note(Self.driver, driverFinding(chart))
        guard chart.now.findings.last?.finding.verdict != .failed else {
            Check.leave([Self.open], because: "the driver cannot be used", in: chart)
            return leaveAll(because: "the driver cannot be used", in: chart)
        }
        chart.begin(Self.open)
        let start = Monotonic.now
        do throws(HostError) {
            let store = try host.open(specification, mustExist: true, call)
            defer { store.close(Call(timeout: .seconds(5))) }
            let time = Latency.text(Monotonic.now - start)
            chart.note(Self.open, Finding(.ok, "the store is there; opening took \(time)"))
            Self.examine(
                StoreBench(store, workspace: workspace(store.addressing), chart),
                isReadOnly: isReadOnly, call)
        } catch {
            chart.note(Self.open, Self.finding(of: error))
            leaveAll(because: "the store is not open", in: chart)
        }
    }

    /// Makes every check of an open store, and removes what they made.
    static func examine(_ bench: StoreBench, isReadOnly: Bool, _ call: Call) {
        let (made, left) = StoreChecks.chosen(isReadOnly: isReadOnly)
        Check.run(made, on: bench, into: bench.chart, call)
        Check.leave(
            left, because: "only what does not write was asked for", in: bench.chart)
        // Not under the examination's call, which may be over: nothing is to be left behind.
        if let finding = bench.cleanUp(Call(timeout: patience)) {
            bench.chart.note(scratch, finding)
        }
    }

    private func leaveAll(because reason: String, in chart: Chart) {
        Check.leave(StoreChecks.all, because: reason, in: chart)
    }

    // MARK: - What needs no open store

    private static let driver = placeholder("driver", "driver")
    private static let open = placeholder("open", "store opens")
    private static let scratch = placeholder("scratch", "scratch objects")

    /// The name of a check whose subject is not an open store.
    private static func placeholder(_ id: String, _ title: String) -> Check<StoreSpecification> {
        Check(id, title) { _, _ throws(HostError) in .nothingToLookAt }
    }

    private func driverFinding(_ chart: Chart) -> Finding {
        do throws(HostError) {
            let standing = try host.standing(for: specification)
            let version = standing.descriptor.version
            chart.change { $0.driverVersion = version }
            let pin = standing.pin.map { "pinned by \($0.file) (\($0.origin))" }
            let place =
                standing.confinement.isolation == .inProcess
                ? "in this process" : "in a process of its own"
            return Finding(
                .ok,
                "\(standing.descriptor.id) \(version) of \(standing.descriptor.vendor) in"
                    + " \(standing.folder), \(pin ?? "which no lock file pins"), runs \(place)",
                measured: [
                    ("folder", .string(standing.folder)),
                    ("pinned", .bool(standing.pin != nil)),
                    ("isolation", .string(standing.confinement.isolation.rawValue)),
                ])
        } catch {
            return Finding(error)
        }
    }

    private static func finding(of error: HostError) -> Finding {
        guard error.code == .notFound else { return Finding(error) }
        return Finding(.warning, "there is no store yet: \(error.message)", advice: error.advice)
    }
}
