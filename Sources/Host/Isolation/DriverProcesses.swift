internal import CoreMetrics
internal import Glibc
internal import HoldfastIsolation
internal import Logging
internal import Synchronization

/// The processes of one driver: what is reported of them, and whether another may be started.
final class DriverProcesses: Sendable {
    private let driver: String
    private let library: String
    private let quarantine: Quarantine
    private let logger: Logger
    private let crashes: Counter
    private let latestSandbox = Mutex<SandboxReport?>(nil)

    /// Makes the record of a driver's processes, of which there is none yet.
    ///
    /// - Parameters:
    ///   - driver: The driver's id.
    ///   - library: The hash of its library.
    ///   - quarantine: Where its crashes are noted.
    ///   - logger: Where they are reported.
    init(driver: String, library: String, quarantine: Quarantine, logger: Logger) {
        self.driver = driver
        self.library = library
        self.quarantine = quarantine
        self.logger = logger
        crashes = Counter(
            label: "holdfast_driver_crashes_total", dimensions: [("driver", driver)])
    }

    /// What holds the latest process in; `nil` before there was one.
    var sandbox: SandboxReport? { latestSandbox.withLock { $0 } }

    /// How processes are started.
    func settings(_ setup: IsolationSetup) -> IsolationSettings {
        IsolationSettings(
            executable: setup.program,
            restart: RestartPolicy(first: setup.delays.first, greatest: setup.delays.most),
            mayStart: { [self] in
                quarantine.refusal(library: library).map { "\($0.message); \($0.advice)" }
            },
            onEvent: { [self] in note($0) })
    }

    private func note(_ event: DriverProcessEvent) {
        switch event {
        case .started(let pid, let sandbox):
            latestSandbox.withLock { $0 = sandbox }
            logger.debug(
                "the driver has a process",
                metadata: [
                    "driver": "\(driver)", "pid": "\(pid)", "sandbox": "\(sandbox)",
                ])
        case .ended(let pid, .closed, _):
            logger.debug(
                "the driver's process ended", metadata: ["driver": "\(driver)", "pid": "\(pid)"])
        case .ended(let pid, let cause, let calls):
            crashed(pid, "\(cause)", calls)
        }
    }

    private func crashed(_ pid: Int32, _ cause: String, _ calls: Int) {
        crashes.increment()
        let noted = quarantine.note(
            .init(time: Int64(time(nil)), cause: cause), driver: driver, library: library)
        logger.warning(
            "the driver's process ended unexpectedly",
            metadata: [
                "driver": "\(driver)", "pid": "\(pid)", "cause": "\(cause)",
                "calls_in_flight": "\(calls)", "crashes": "\(noted.record.crashCount)",
            ])
        if let problem = noted.problem {
            logger.warning(
                "the crash could not be written down, so other processes do not know of it",
                metadata: ["driver": "\(driver)", "reason": "\(problem.message)"])
        }
        guard noted.isNew else { return }
        logger.error(
            "the driver is in quarantine",
            metadata: [
                "driver": "\(driver)", "library_sha256": "\(library)",
                "advice": "holdfast driver quarantine clear \(driver)",
            ])
    }
}
