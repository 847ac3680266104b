internal import Glibc

/// A process that a check runs in, with its input from nowhere and its output caught.
@safe struct ChildProcess {
    /// How a process ended.
    enum Ending {
        case exited(Int32)
        case signalled(Int32)
        case overdue
    }

    /// Where the process writes its verdict.
    static let verdictDescriptor: Int32 = 3

    let output: ScratchFile
    let errorOutput: ScratchFile
    let verdict: ScratchFile
    private let id: pid_t

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: Its path.
    ///   - arguments: Its arguments, without its name.
    /// - Throws: ``CheckFailure`` when the system refuses.
    init(_ program: String, _ arguments: [String]) throws(CheckFailure) {
        output = try ScratchFile()
        errorOutput = try ScratchFile()
        verdict = try ScratchFile()
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        let places = [(output, Int32(1)), (errorOutput, 2), (verdict, Self.verdictDescriptor)]
        for (file, place) in places {
            unsafe posix_spawn_file_actions_adddup2(&actions, file.number, place)
        }
        var texts = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe texts.forEach { unsafe free($0) } }
        var id: pid_t = 0
        let code = unsafe posix_spawn(&id, program, &actions, nil, &texts, environ)
        try require(
            code == 0,
            "the kit cannot start \(program): \(unsafe String(cString: strerror(code)))")
        self.id = id
    }

    /// Waits for the end, and ends a process that takes too long.
    func wait(seconds: Int) -> Ending {
        let end = monotonicMilliseconds() + Int64(seconds) * 1000
        var status: Int32 = 0
        var delay = 1
        while true {
            let found = unsafe waitpid(id, &status, WNOHANG)
            if found == id { return Self.ending(status) }
            guard found == 0 || errno == EINTR else { return .overdue }
            guard monotonicMilliseconds() < end else { break }
            pause(milliseconds: delay)
            delay = min(delay * 2, 20)
        }
        _ = kill(id, SIGKILL)
        while unsafe waitpid(id, &status, 0) < 0 && errno == EINTR {}
        return .overdue
    }

    /// An ending as `waitpid` reports it.
    static func ending(_ status: Int32) -> Ending {
        let signal = status & 0x7f
        return signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal)
    }
}
