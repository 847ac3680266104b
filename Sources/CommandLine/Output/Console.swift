internal import Glibc
internal import Logging
internal import State

/// Standard output for data, standard error for messages.
final class Console {
    /// Whether data is JSON.
    let isJSON: Bool
    private let volume: Volume
    private let out: Stream
    private let err: Stream
    private var pending: [UInt8] = []

    /// How much is said.
    enum Volume { case quiet, usual, verbose }

    init(isJSON: Bool, allowsColor: Bool, volume: Volume = .usual) {
        self.isJSON = isJSON
        self.volume = volume
        out = Stream(descriptor: STDOUT_FILENO, allowsColor: allowsColor)
        err = Stream(descriptor: STDERR_FILENO, allowsColor: allowsColor)
    }

    convenience init(_ options: CommonOptions) {
        self.init(
            isJSON: options.json, allowsColor: !options.noColor,
            volume: options.quiet ? .quiet : options.verbose ? .verbose : .usual)
    }

    // MARK: - Data

    /// Whether data may have colours.
    var hasColor: Bool { out.hasColor && !isJSON }

    /// A part of data in a colour, where data may have any.
    func colored(_ text: String, _ color: Stream.Color?) -> String {
        guard let color, hasColor else { return text }
        return out.colored(text, color)
    }

    /// Adds a line of data.
    func line(_ text: String) {
        pending += text.utf8
        pending.append(0x0A)
    }

    /// Adds bytes as they are.
    func raw(_ bytes: [UInt8]) { pending += bytes }

    /// Adds a document of data, with the version of its shape in front.
    func document(_ members: [(String, JSONValue)]) {
        let all = [("format_version", JSONValue.integer(1))] + members
        pending += JSONValue.object(JSONObject(all)).bytes
        pending.append(0x0A)
    }

    /// Writes what was added.
    func finish() throws(Failure) {
        defer { pending = [] }
        let result: Result<Void, Failure> = unsafe pending.withUnsafeBytes { bytes in
            Result { () throws(Failure) in try unsafe StandardOutput.write(bytes) }
        }
        try result.get()
    }

    // MARK: - Messages

    /// Says what was done; quiet with `--quiet` and with `--json`.
    func done(_ text: String) {
        guard volume != .quiet, !isJSON else { return }
        err.write(text + "\n")
    }

    /// Says what the user should know; quiet with `--quiet`.
    func notice(_ text: String) {
        guard volume != .quiet else { return }
        err.write(err.colored("notice:", .yellow) + " \(text)\n")
    }

    /// Says why the command failed.
    func report(_ failure: Failure) {
        // What was found before the failure still counts; why it failed is told either way.
        try? finish()
        guard !isJSON else { return err.write(failure.json + "\n") }
        err.write(err.colored("error:", .red) + " \(failure.message)\n")
        if !failure.hint.isEmpty { err.write(err.colored("hint:", .cyan) + " \(failure.hint)\n") }
    }

    /// Where the host and its drivers report.
    var logger: Logger {
        let level: Logger.Level =
            switch volume {
            case .quiet: .error
            case .usual: .warning
            case .verbose: .debug
            }
        let stream = err
        return Logger(label: "holdfast") { _ in MessageLog(stream: stream, logLevel: level) }
    }
}

/// One of the two standard streams.
struct Stream: Sendable {
    /// A colour of the terminal.
    enum Color: String { case red = "31", yellow = "33", cyan = "36" }

    let descriptor: Int32
    let hasColor: Bool

    init(descriptor: Int32, allowsColor: Bool) {
        self.descriptor = descriptor
        hasColor = allowsColor && isatty(descriptor) == 1 && !Self.isColorRefused
    }

    /// The text in a colour, where the stream has any.
    func colored(_ text: String, _ color: Color) -> String {
        hasColor ? "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Writes a message.
    ///
    /// One that cannot be written is lost: there is nowhere to say so.
    func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while unsafe !rest.isEmpty {
                let count = unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }

    private static var isColorRefused: Bool {
        if let value = unsafe getenv("NO_COLOR"), unsafe value.pointee != 0 { return true }
        guard let terminal = unsafe getenv("TERM") else { return true }
        return unsafe strcmp(terminal, "dumb") == 0
    }
}

/// Standard output, written to the last byte or not at all in silence.
enum StandardOutput {
    /// Writes bytes.
    ///
    /// When nobody reads any more, the process ends as if the signal had not been ignored, so that
    /// `holdfast … | head` is as quiet as any other program.
    static func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            let count = unsafe Glibc.write(STDOUT_FILENO, rest.baseAddress, rest.count)
            if count >= 0 {
                unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: waitUntilWritable()
            case EPIPE:
                endByBrokenPipe()
            default:
                let reason = unsafe String(cString: strerror(errno))
                throw Failure(
                    .failure, "output", "cannot write to standard output: \(reason)")
            }
        }
    }

    private static func endByBrokenPipe() -> Never {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGPIPE)
        signal(SIGPIPE, SIG_DFL)
        // Threads of the pool block signals.
        unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        raise(SIGPIPE)
        _exit(128 + SIGPIPE)
    }

    private static func waitUntilWritable() {
        var entry = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&entry, 1, -1)
    }
}

/// Sends what the host and drivers report to standard error, a line each.
struct MessageLog: LogHandler {
    let stream: Stream
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(stream: Stream, logLevel: Logger.Level) {
        self.stream = stream
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let details = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        stream.write("\(event.level): \(event.message)\(details)\n")
    }
}
