internal import CIsolation
internal import Glibc
internal import HoldfastLoader
internal import Synchronization

/// The thread that starts a driver's process, takes what it says and waits for its end.
struct Supervisor {
    private let process: DriverProcess
    private let buffer = MessageBuffer()
    private var handle: Int32 = -1
    private var errors = ErrorLines()

    init(_ process: DriverProcess) { self.process = process }

    /// Where the process may put temporary files: this process's own place for them.
    static var temporaryFolder: String {
        guard let found = unsafe getenv("TMPDIR") else { return "/tmp" }
        let path = unsafe String(cString: found)
        return path.hasPrefix("/") ? path : "/tmp"
    }

    /// Runs until the process has ended.
    ///
    /// - Parameter control: The process's end of the control socket, which this closes here, so that
    ///   the process alone has it.
    mutating func run(_ control: Int32) {
        var pipes: [Int32] = [-1, -1]
        let code = unsafe isolation_pipe(&pipes)
        let id = code == 0 ? start(control, pipes[1]) : code
        _ = close(control)
        guard code == 0 else { return process.didStart(code, -1) }
        defer { _ = close(pipes[0]) }
        _ = close(pipes[1])
        guard id > 0 else { return process.didStart(id, -1) }
        handle = isolation_process(id)
        process.didStart(id, handle)
        guard handle >= 0 else { return process.didEnd(.protocolError("cannot be watched")) }
        watch(pipes[0])
        var isSignal: Int32 = 0
        var number: Int32 = 0
        _ = unsafe isolation_wait(handle, &isSignal, &number)
        process.didEnd(isSignal != 0 ? .signal(number) : .status(number))
    }

    private func start(_ control: Int32, _ errors: Int32) -> Int32 {
        let environment = "TMPDIR=\(Self.temporaryFolder)"
        return unsafe environment.withCString { environment in
            let texts = unsafe [Optional(environment), nil]
            return unsafe isolation_spawn(
                process.launch.settings.executable, "holdfast-driver-host",
                process.launch.library.manifest.id, texts, control, errors)
        }
    }

    /// Takes messages and lines until the process has ended.
    private mutating func watch(_ pipe: Int32) {
        let input = Int16(POLLIN)
        var places = [
            pollfd(fd: process.control.number, events: input, revents: 0),
            pollfd(fd: pipe, events: input, revents: 0),
            pollfd(fd: handle, events: input, revents: 0),
        ]
        while true {
            guard unsafe poll(&places, 3, -1) >= 0 || errno == EINTR else { return }
            if places[0].revents != 0, !takeMessages() { places[0].fd = -1 }
            if places[1].revents != 0, !takeLines(pipe) { places[1].fd = -1 }
            if places[2].revents != 0 {
                _ = takeMessages()
                _ = takeLines(pipe)
                return
            }
        }
    }

    /// Takes what is there; false when no more can come.
    private func takeMessages() -> Bool {
        while true {
            do throws(SocketError) {
                guard let message = try buffer.receive(process.control, wait: 0) else {
                    return true
                }
                buffer.closeDescriptors()
                take(message)
            } catch {
                if case .malformed = error {
                    process.kill(.protocolError("sent a message that makes no sense"))
                }
                return false
            }
        }
    }

    private func take(_ message: Message) {
        switch message {
        case .event(let event): process.launch.onMessage(event.severity, event.text)
        case .welcome(let welcome):
            process.launch.settings.onEvent(
                .started(
                    pid: process.id.load(ordering: .acquiring),
                    sandbox: SandboxReport(welcome.sandbox)))
            process.didAnswer(message)
        case .refused: process.didAnswer(message)
        default: process.kill(.protocolError("sent a message out of place"))
        }
    }

    private mutating func takeLines(_ pipe: Int32) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe read(pipe, &bytes, bytes.count)
            if count < 0 { return errno == EAGAIN || errno == EINTR }
            guard count > 0 else { return false }
            for line in errors.add(bytes[..<count], at: CallContext.monotonicNanoseconds()) {
                process.launch.onMessage(30, line)
            }
        }
    }
}

/// Turns what a process writes to standard error into lines for the log, not too many of them.
struct ErrorLines {
    private var line: [UInt8] = []
    private var windowStart: Int64 = .min
    private var count = 0

    private static let mostBytes = 1024
    private static let mostLines = 50
    private static let windowNanoseconds: Int64 = 10_000_000_000

    /// Adds what was written.
    ///
    /// - Parameters:
    ///   - bytes: What was written.
    ///   - now: The time, by `CLOCK_MONOTONIC`.
    /// - Returns: The lines that are complete now and not too many.
    mutating func add(_ bytes: ArraySlice<UInt8>, at now: Int64) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            if byte != UInt8(ascii: "\n") {
                if line.count < Self.mostBytes { line.append(byte) }
                continue
            }
            if let text = take(at: now) { lines.append(text) }
            line.removeAll(keepingCapacity: true)
        }
        return lines
    }

    private mutating func take(at now: Int64) -> String? {
        if windowStart == .min || now - windowStart > Self.windowNanoseconds {
            windowStart = now
            count = 0
        }
        count += 1
        guard count <= Self.mostLines else { return nil }
        if count == Self.mostLines { return "standard error: more lines are left out for a while" }
        return "standard error: " + String(decoding: line, as: UTF8.self)
    }
}
