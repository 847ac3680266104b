internal import ArgumentParser
internal import Diagnosis
internal import HoldfastConfiguration
internal import Host

/// Looks at everything that states depend on, and says what is wrong and how to mend it.
///
/// Stores are one kind of subject. Another one (the configuration itself, what is installed, the way to a daemon)
/// is a list of ``Check`` values, run into a ``Chart`` of its own and shown by ``DoctorReport``.
struct Doctor: HoldfastCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check the configured stores: rights, conditions, clocks, times.",
        usage: "holdfast doctor [<store> ...] [--read-only] [<options>]",
        discussion: """
            Each right is really tried, with objects of its own in the collection doctor,
            which are removed again. Nothing else is changed, and no store is made.

            Ends with 0 when all is well or there are only warnings, otherwise with the
            exit code of the worst failure. --timeout holds for each store.

            EXAMPLES
              holdfast doctor
              holdfast doctor default archive --json
              holdfast doctor --read-only
            """)

    @Argument(
        help: ArgumentHelp(
            "The stores' names in the configuration (default: all).", valueName: "store"))
    var names: [String] = []

    @Flag(
        name: .customLong("read-only"),
        help: "Try only what does not write; opening a store is done as by every command.")
    var isReadOnly = false

    @OptionGroup(title: "Common options") var common: CommonOptions

    func validate() throws {
        guard common.store == nil else {
            throw ValidationError("the stores are arguments; leave --store out")
        }
    }

    func perform(_ context: Context) throws {
        let stores = try chosen(from: try context.configuration())
        let examiner = Examiner(context, timeout: common.timeout, isReadOnly: isReadOnly)
        var reports: [DoctorReport] = []
        for store in stores {
            reports.append(examiner.examine(store))
            if context.interruption.signal != nil { break }
        }
        DoctorReport.print(reports, isReadOnly: isReadOnly, context.console)
        if context.interruption.signal != nil { throw Failure(.interrupted, "interrupted", "") }
        context.status = reports.map(\.status).max { $0.severity < $1.severity } ?? .ok
    }

    /// The stores that were named, each once, or all.
    private func chosen(
        from configuration: Configuration
    ) throws(ConfigurationError) -> [StoreConfiguration] {
        guard !names.isEmpty else { return configuration.stores }
        var chosen: [StoreConfiguration] = []
        for name in names where !chosen.contains(where: { $0.name == name }) {
            chosen.append(try configuration.store(named: name))
        }
        return chosen
    }
}

/// Examines one store after the other, so that none disturbs the times of another.
private struct Examiner {
    private let host: Host
    private let whole: Call
    private let timeout: Duration?
    private let isReadOnly: Bool
    // A job that is over still removes its objects.
    private let pool = BlockingPool(
        threads: 4, grace: StoreExamination.patience + .seconds(2))

    init(_ context: Context, timeout: Timeout?, isReadOnly: Bool) {
        whole = Call(timeout: nil)
        // Before the host's first thread: that one must not take the signals.
        context.interruption.watch(for: whole)
        host = context.host
        self.timeout = timeout.map(\.duration) ?? CallLength.short.timeout
        self.isReadOnly = isReadOnly
    }

    func examine(_ store: StoreConfiguration) -> DoctorReport {
        let chart = Chart()
        let call = whole.derived(timeout: timeout)
        let examination = StoreExamination(
            host, store.specification, isReadOnly: isReadOnly,
            workspace: { store.workspace(for: $0) })
        let start = Monotonic.now
        do {
            try pool.runBlocking(.normal, call) { examination.run(into: chart, call) }
        } catch {
            chart.close(
                error as? HostError ?? HostError(.internalError, "\(error)"))
        }
        return DoctorReport(
            store: store.name, driver: store.driver.value, content: chart.now,
            nanoseconds: Monotonic.now - start)
    }
}
