internal import CIsolation
internal import Glibc
internal import HoldfastLoader
internal import Synchronization

/// What every process of one driver is started with.
struct Launch: Sendable {
    var settings: IsolationSettings
    var library: HandedLibrary
    var host: HostIdentity
    /// Receives the driver's messages for the operator's log that belong to no call.
    var onMessage: @Sendable (_ severity: UInt32, _ text: String) -> Void
}

/// A process that runs a driver, as its host sees it.
///
/// A thread of its own starts it, watches it and waits for its end, because the kernel ends the process together with
/// the thread that started it.
final class DriverProcess: Sendable {
    let launch: Launch
    let control: MessageSocket
    /// The process's number, once it runs.
    let id = Atomic<Int32>(0)
    /// How many calls wait for it.
    let callsInFlight = Atomic<Int>(0)
    let startedAt = CallContext.monotonicNanoseconds()

    private struct State: Sendable {
        var handle: Int32 = -1
        var answer: Message?
        /// Why it is being ended, where that was decided here.
        var reason: ProcessEnd?
        var end: ProcessEnd?
        var endedAt: Int64 = 0
        var failure: Int32 = 0
    }

    private let state = Mutex(State())
    private let idle = Mutex<[Connection]>([])

    private init(_ launch: Launch, _ control: MessageSocket) {
        self.launch = launch
        self.control = control
    }

    deinit {
        let handle = state.withLock { $0.handle }
        if handle >= 0 { _ = Glibc.close(handle) }
    }

    /// Starts a process and lets it load the driver.
    ///
    /// - Parameters:
    ///   - launch: What to start.
    ///   - writable: The paths that the store's options name.
    /// - Returns: The process, and what the driver says of itself.
    /// - Throws: ``LoaderError``.
    static func start(
        _ launch: Launch, writable: [String] = []
    ) throws(LoaderError) -> (DriverProcess, WireWelcome) {
        if let reason = launch.settings.mayStart() {
            throw LoaderError(
                .process, launch.library.path, "may not be started: \(reason)",
                do: "see holdfast driver list")
        }
        var ends: [Int32] = [-1, -1]
        let code = unsafe isolation_socket_pair(&ends)
        guard code == 0 else { throw Self.failure(launch, -code) }
        let process = DriverProcess(launch, MessageSocket(ends[0]))
        let its = ends[1]
        let isStarted = startThread {
            var supervisor = Supervisor(process)
            supervisor.run(its)
        }
        guard isStarted else {
            _ = Glibc.close(its)
            throw Self.failure(launch, EAGAIN)
        }
        return (process, try process.load(writable))
    }

    private static func failure(_ launch: Launch, _ code: Int32) -> LoaderError {
        LoaderError(
            .process, launch.settings.executable, "cannot be started: \(systemReason(code))",
            do: "install holdfast-driver-host beside the other programs")
    }

    private func load(_ writable: [String]) throws(LoaderError) -> WireWelcome {
        let sent = Result { () throws(SocketError) in
            try control.send(hello(writable), [launch.library.descriptor])
        }
        if case .failure(.malformed) = sent {
            kill(.closed)
            throw LoaderError(
                .tooLarge, launch.library.path,
                "its process cannot be told which driver to load: a path or the manifest is too long",
                do: "use shorter paths")
        }
        let most = CallContext.monotonicNanoseconds() + launch.settings.limits.loading.nanoseconds
        var answer: Message?
        while true {
            let (found, end, code) = state.withLock { ($0.answer, $0.end, $0.failure) }
            answer = found
            if code != 0 { throw Self.failure(launch, code) }
            if answer != nil { break }
            if let end { throw refusal("ended \(end) while it loaded the driver") }
            if CallContext.monotonicNanoseconds() > most {
                kill(.overstayed)
                throw refusal("did not load the driver in \(launch.settings.limits.loading)")
            }
            pause(microseconds: 200)
        }
        switch answer {
        case .welcome(let welcome) where welcome.version == Message.version: return welcome
        case .refused(let refused):
            throw LoaderError(
                LoaderError.Code(named: refused.code), refused.path, refused.message,
                do: refused.remedy)
        default:
            kill(.protocolError("speaks another version of the messages"))
            throw refusal("speaks another version of the messages")
        }
    }

    private func refusal(_ what: String) -> LoaderError {
        LoaderError(
            .process, launch.library.path, "its process \(what)",
            do: "report it to the driver's author")
    }

    private func hello(_ writable: [String]) -> Message {
        var hello = WireHello()
        let limits = launch.settings.limits
        hello.magic = DriverHost.magic
        hello.version = Message.version
        hello.hostName = launch.host.name
        hello.hostVersion = launch.host.version
        hello.folder = launch.library.inspection.folder
        hello.library = launch.library.path
        hello.manifest = launch.library.manifestBytes
        hello.limits.openFiles = limits.openFiles
        hello.limits.dataBytes = limits.dataBytes ?? .max
        hello.limits.fileBytes = limits.fileBytes ?? .max
        hello.sandboxed = launch.settings.isSandboxed
        hello.temporary = Supervisor.temporaryFolder
        hello.writable = writable.map { path in
            var wire = WirePath()
            wire.path = path
            return wire
        }
        return .hello(hello)
    }

    // MARK: - Its end

    /// Why it ended, once it did.
    var end: ProcessEnd? { state.withLock { $0.end } }

    /// When it ended, by `CLOCK_MONOTONIC`.
    var endedAt: Int64 { state.withLock { $0.endedAt } }

    /// Ends the process at once; only the first reason counts.
    func kill(_ reason: ProcessEnd) {
        state.withLock { state in
            if state.reason == nil { state.reason = reason }
            if state.end == nil, state.handle >= 0 { _ = isolation_kill(state.handle) }
        }
    }

    /// Lets the process end by itself, or ends it after a while.
    func finish() {
        state.withLock { state in if state.reason == nil { state.reason = .closed } }
        idle.withLock { $0 = [] }
        control.finish()
        if wait(milliseconds: 2000) == nil { kill(.closed) }
        _ = wait(milliseconds: 2000)
    }

    /// Waits for the end.
    func wait(milliseconds: Int) -> ProcessEnd? {
        let most = CallContext.monotonicNanoseconds() + Int64(milliseconds) * 1_000_000
        while true {
            if let end { return end }
            guard CallContext.monotonicNanoseconds() < most else { return nil }
            pause(microseconds: 200)
        }
    }

    // MARK: - Connections

    /// A connection for one call; give it back when the call ended well.
    func connection() throws(SocketError) -> Connection {
        if let connection = idle.withLock({ $0.popLast() }) { return connection }
        let memory = isolation_memory(Window.byteCount)
        guard memory >= 0 else { throw .system(-memory) }
        defer { _ = Glibc.close(memory) }
        let window = try Window(memory)
        let (mine, its) = try MessageSocket.pair()
        var connect = WireConnect()
        connect.window = UInt32(Window.byteCount)
        // Its end must stay open until it was sent.
        try withExtendedLifetime(its) { () throws(SocketError) in
            try control.send(.connect(connect), [its.number, memory])
        }
        return Connection(mine, window)
    }

    /// Keeps a connection for the next call.
    func giveBack(_ connection: Connection) { idle.withLock { $0.append(connection) } }
}

// MARK: - For the thread that watches the process

extension DriverProcess {
    /// Notes that the process runs, or why it does not.
    func didStart(_ id: Int32, _ handle: Int32) {
        if id > 0 { self.id.store(id, ordering: .releasing) }
        state.withLock { state in
            state.handle = handle
            if id < 0 { state.failure = -id }
            if handle >= 0, state.reason != nil { _ = isolation_kill(handle) }
        }
    }

    /// Notes what the process said of the driver; only once.
    func didAnswer(_ answer: Message) {
        let isFirst = state.withLock { state in
            defer { if state.answer == nil { state.answer = answer } }
            return state.answer == nil
        }
        guard isFirst else { return kill(.protocolError("introduced its driver twice")) }
    }

    /// Notes the end; calls that waited for the process go on.
    func didEnd(_ found: ProcessEnd) {
        let cause = state.withLock { state -> ProcessEnd in
            guard let reason = state.reason else { return found }
            // It crashed before it could end as it was told.
            if case .closed = reason, found != .status(0), found != .signal(SIGKILL) {
                return found
            }
            return reason
        }
        let id = id.load(ordering: .acquiring)
        let count = callsInFlight.load(ordering: .acquiring)
        launch.settings.onEvent(.ended(pid: id, cause: cause, callsInFlight: count))
        state.withLock { state in
            state.endedAt = CallContext.monotonicNanoseconds()
            state.end = cause
        }
    }
}
