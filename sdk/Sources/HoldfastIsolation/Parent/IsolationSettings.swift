/// How drivers run in processes of their own.
public struct IsolationSettings: Sendable {
    /// The path of `holdfast-driver-host`.
    public var executable: String
    /// What each process may use.
    public var limits: ProcessLimits
    /// How soon a process that ended is replaced.
    public var restart: RestartPolicy
    /// Whether system calls and files are restricted as well; only a test turns it off.
    public var isSandboxed: Bool
    /// Asked before every start of a process; a text refuses it for that reason.
    public var mayStart: @Sendable () -> String?
    /// Receives what becomes of the processes, in order for each; it must not block or call the driver.
    public var onEvent: @Sendable (DriverProcessEvent) -> Void

    /// Makes settings.
    ///
    /// - Parameters:
    ///   - executable: The path of `holdfast-driver-host`.
    ///   - limits: What each process may use.
    ///   - restart: How soon a process that ended is replaced.
    ///   - isSandboxed: Whether system calls and files are restricted as well.
    ///   - mayStart: Asked before every start of a process; a text refuses it for that reason.
    ///   - onEvent: Receives what becomes of the processes.
    public init(
        executable: String, limits: ProcessLimits = ProcessLimits(),
        restart: RestartPolicy = RestartPolicy(), isSandboxed: Bool = true,
        mayStart: @escaping @Sendable () -> String? = { nil },
        onEvent: @escaping @Sendable (DriverProcessEvent) -> Void = { _ in }
    ) {
        self.executable = executable
        self.limits = limits
        self.restart = restart
        self.isSandboxed = isSandboxed
        self.mayStart = mayStart
        self.onEvent = onEvent
    }
}

/// What a driver's process may use; it never leaves a core file.
public struct ProcessLimits: Sendable, Hashable {
    /// The most open files: 4096.
    public var openFiles: UInt64
    /// The most bytes of private memory, or `nil`, the default, for no limit.
    public var dataBytes: UInt64?
    /// The most bytes of a file that it writes, or `nil`, the default, for no limit.
    public var fileBytes: UInt64?
    /// The most time from starting the process until the driver is loaded: 30 seconds.
    public var loading: Duration

    /// Makes limits.
    ///
    /// - Parameters:
    ///   - openFiles: The most open files.
    ///   - dataBytes: The most bytes of private memory.
    ///   - fileBytes: The most bytes of a file that it writes.
    ///   - loading: The most time until the driver is loaded.
    public init(
        openFiles: UInt64 = 4096, dataBytes: UInt64? = nil, fileBytes: UInt64? = nil,
        loading: Duration = .seconds(30)
    ) {
        self.openFiles = openFiles
        self.dataBytes = dataBytes
        self.fileBytes = fileBytes
        self.loading = loading
    }
}

/// How soon a store's process that ended is replaced by the next call.
///
/// The delay doubles with every end of a process that did not last for ``steady``.
public struct RestartPolicy: Sendable, Hashable {
    /// The delay after the first end: 100 milliseconds.
    public var first: Duration
    /// The greatest delay: 30 seconds.
    public var greatest: Duration
    /// How long a process must last for its end to count as the first again: 30 seconds.
    public var steady: Duration

    /// Makes a policy.
    ///
    /// - Parameters:
    ///   - first: The delay after the first end.
    ///   - greatest: The greatest delay.
    ///   - steady: How long a process must last for its end to count as the first again.
    public init(
        first: Duration = .milliseconds(100), greatest: Duration = .seconds(30),
        steady: Duration = .seconds(30)
    ) {
        self.first = first
        self.greatest = greatest
        self.steady = steady
    }

    /// The delay after so many ends in a row, in nanoseconds.
    package func delay(afterEnds count: Int) -> Int64 {
        let (first, greatest) = (first.nanoseconds, greatest.nanoseconds)
        let doubled = first.multipliedReportingOverflow(by: 1 << min(max(0, count - 1), 40))
        return doubled.overflow ? greatest : min(doubled.partialValue, greatest)
    }
}

/// What becomes of a driver's process.
public enum DriverProcessEvent: Sendable {
    /// It runs and has loaded the driver.
    case started(pid: Int32, sandbox: SandboxReport)
    /// It ended, while so many calls waited for it.
    case ended(pid: Int32, cause: ProcessEnd, callsInFlight: Int)
}

/// Why a driver's process ended.
public enum ProcessEnd: Sendable, Hashable, CustomStringConvertible {
    /// A signal, as of a crash.
    case signal(Int32)
    /// It ended itself, with this status.
    case status(Int32)
    /// It was killed, because a call stayed past its deadline and the driver's grace.
    case overstayed
    /// It was told to end.
    case closed
    /// It was killed, because it sent what makes no sense.
    case protocolError(String)

    /// The reason in words, after "the process ended".
    public var description: String {
        switch self {
        case .signal(let number):
            "by signal \(number)\(Self.names[number].map { " (\($0))" } ?? "")"
        case .status(let status): "itself with status \(status)"
        case .overstayed: "because a call stayed past its deadline"
        case .closed: "as it was told"
        case .protocolError(let what): "because it \(what)"
        }
    }

    private static let names: [Int32: String] = [
        4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL",
        11: "SIGSEGV", 15: "SIGTERM", 25: "SIGXFSZ",
    ]
}

/// Which restrictions a driver's process is under.
public struct SandboxReport: Sendable, Hashable, CustomStringConvertible {
    /// One kind of restriction.
    public struct Part: Sendable, Hashable {
        /// `no-new-privs`, `rlimits`, `landlock` or `seccomp`.
        public var name: String
        /// Whether it is in force.
        public var isActive: Bool
        /// More about it, or why it is not in force.
        public var detail: String
    }

    /// The parts.
    public var parts: [Part]

    /// One line, such as `no-new-privs, rlimits, landlock (version 7); not: seccomp (…)`.
    public var description: String {
        func list(_ isActive: Bool) -> String {
            parts.filter { $0.isActive == isActive }.map {
                $0.name + ($0.detail.isEmpty ? "" : " (\($0.detail))")
            }.joined(separator: ", ")
        }
        let (active, missing) = (list(true), list(false))
        return (active.isEmpty ? "none" : active) + (missing.isEmpty ? "" : "; not: \(missing)")
    }

    init(_ parts: [WireSandboxPart]) {
        self.parts = parts.map {
            Part(name: $0.name, isActive: $0.activity == .active, detail: $0.detail)
        }
    }
}

extension Duration {
    /// The same in nanoseconds, at most what fits.
    var nanoseconds: Int64 {
        let (seconds, rest) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : whole.addingReportingOverflow(rest / 1_000_000_000).partialValue
    }
}
