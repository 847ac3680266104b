internal import Glibc
internal import HoldfastLoader
internal import Synchronization

/// Another process of the kit with the same driver, options and collection, which does what it is told.
///
/// One thread at a time may use it.
@safe final class Peer: Sendable {
    /// Where the process reads commands and writes answers.
    static let descriptor: Int32 = 4

    private let id: pid_t
    private let line: Int32
    private let received = Mutex<[UInt8]>([])
    private let ending = Mutex<ChildProcess.Ending?>(nil)

    /// Starts the process; it opens nothing until it is told to.
    ///
    /// - Parameter mayDie: Whether it may end in the middle, so that its last words do not count.
    /// - Throws: ``CheckFailure`` when the system refuses.
    init(mayDie: Bool = false) throws(CheckFailure) {
        var ends: (Int32, Int32) = (-1, -1)
        let made = unsafe withUnsafeMutablePointer(to: &ends) { ends in
            unsafe ends.withMemoryRebound(to: Int32.self, capacity: 2) { ends in
                unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, ends)
            }
        }
        try require(made == 0, "the kit cannot make a pair of sockets: \(systemError())")
        for end in [ends.0, ends.1] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        line = ends.0
        defer { _ = close(ends.1) }
        do throws(CheckFailure) {
            id = try Self.start(ends.1, mayDie)
        } catch {
            _ = close(ends.0)
            throw error
        }
    }

    /// Starts this program again with its own arguments, so that both work on the same store.
    private static func start(_ end: Int32, _ mayDie: Bool) throws(CheckFailure) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, end, descriptor)
        if mayDie {
            unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        }
        let words = ["holdfast-conformance", "--peer"] + CommandLine.arguments.dropFirst()
        var texts = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe texts.forEach { unsafe free($0) } }
        var id: pid_t = 0
        let code = unsafe posix_spawn(&id, "/proc/self/exe", &actions, nil, &texts, environ)
        try require(
            code == 0, "the kit cannot start a process: \(unsafe String(cString: strerror(code)))")
        return id
    }

    deinit {
        kill()
        _ = close(line)
    }

    // MARK: - Talking

    /// Gives a command and waits for its answer.
    ///
    /// - Parameter command: The words of the command; none holds a space.
    /// - Returns: The words of the answer.
    /// - Throws: `DriverFailure` of the call that was made there, ``PeerGone``, or ``CheckFailure``.
    @discardableResult func ask(_ command: String...) throws -> [String] {
        say(command)
        guard let answer = hear() else {
            throw PeerGone(description: "\(ended()) during \(command.joined(separator: " "))")
        }
        return try PeerMessage.result(answer)
    }

    /// Gives a command.
    func say(_ command: [String]) {
        let bytes = Array((command.joined(separator: " ") + "\n").utf8)
        // What the other end never reads is of no use; its end is seen when the answer is missing.
        _ = unsafe bytes.withUnsafeBytes { buffer in
            unsafe send(line, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
        }
    }

    /// The next line that the process said; `nil` when it is gone and all was heard.
    func hear() -> [String]? {
        received.withLock { received in
            while true {
                if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                    let text = String(decoding: received[..<end], as: UTF8.self)
                    received.removeFirst(end + 1)
                    return text.split(separator: " ", omittingEmptySubsequences: false)
                        .map(String.init)
                }
                var piece = [UInt8](repeating: 0, count: 4096)
                let count = unsafe read(line, &piece, piece.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return nil }
                received += piece[..<count]
            }
        }
    }

    // MARK: - Ending

    /// Kills the process at once.
    func kill() {
        if ending.withLock({ $0 }) == nil { _ = Glibc.kill(id, SIGKILL) }
        _ = end()
    }

    /// Lets the process close its store and end.
    func finish() {
        _ = shutdown(line, Int32(SHUT_WR))
        end()
    }

    /// Waits for the end of a process that ends by itself.
    @discardableResult func end() -> ChildProcess.Ending {
        ending.withLock { ending in
            if let ending { return ending }
            var status: Int32 = 0
            var found: pid_t
            repeat { found = unsafe waitpid(id, &status, 0) } while found < 0 && errno == EINTR
            let new = found == id ? ChildProcess.ending(status) : .overdue
            ending = new
            return new
        }
    }

    /// How the process ended, in words.
    func ended() -> String {
        switch end() {
        case .exited(let status): "a second process ended with status \(status)"
        case .signalled(let signal): "a second process was ended by \(signalName(signal))"
        case .overdue: "a second process was lost"
        }
    }
}

/// A second process ended in the middle of a command.
struct PeerGone: Error, CustomStringConvertible {
    var description: String
}

/// The lines between a check and its peer.
enum PeerMessage {
    /// The words of an answer, or what it says that was thrown.
    static func result(_ answer: [String]) throws -> [String] {
        switch answer.first {
        case "ok": return Array(answer.dropFirst())
        case "failed" where answer.count == 6:
            throw failure(answer)
        case "broken" where answer.count == 3:
            throw CheckFailure(text(answer[1]), do: text(answer[2]))
        default: throw CheckFailure("the kit's second process said \(answer)")
        }
    }

    /// The answer for what a command threw.
    static func answer(_ error: any Error) -> [String] {
        switch error {
        case let failure as DriverFailure:
            let retry =
                switch failure.retry {
                case .never: "never"
                case .same: "same"
                case .reopen: "reopen"
                }
            return [
                "failed", "\(failure.code.status)", "\(failure.applied.rawValue)", retry,
                hex(failure.currentVersion?.token ?? []), hex(Array(failure.message.utf8)),
            ]
        case let failure as CheckFailure:
            return ["broken", hex(Array(failure.found.utf8)), hex(Array(failure.remedy.utf8))]
        default: return ["broken", hex(Array("\(error)".utf8)), "-"]
        }
    }

    private static func failure(_ answer: [String]) -> DriverFailure {
        let retry: DriverFailure.Retry =
            switch answer[3] {
            case "same": .same(afterNanoseconds: 0)
            case "reopen": .reopen
            default: .never
            }
        let current = bytes(answer[4])
        return DriverFailure(
            DriverFailure.Code(status: Int32(answer[1]) ?? -18), text(answer[5]),
            applied: UInt32(answer[2]).flatMap { DriverFailure.Applied(rawValue: $0) } ?? .unknown,
            retry: retry, currentVersion: current.isEmpty ? nil : Version(token: current))
    }

    /// A condition as one word.
    static func word(_ condition: Condition) -> String {
        switch condition {
        case .none: "none"
        case .absent: "absent"
        case .version(let version): hex(version.token)
        }
    }

    /// The condition of a word.
    static func condition(_ word: String) -> Condition {
        switch word {
        case "none": .none
        case "absent": .absent
        default: .version(Version(token: bytes(word)))
        }
    }

    /// Bytes as one word.
    static func hex(_ bytes: [UInt8]) -> String {
        bytes.isEmpty
            ? "-" : bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The bytes of a word.
    static func bytes(_ word: String) -> [UInt8] {
        guard word != "-" else { return [] }
        let digits = word.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map {
            UInt8(digits[$0] * 16 + digits[$0 + 1])
        }
    }

    private static func text(_ word: String) -> String {
        String(decoding: bytes(word), as: UTF8.self)
    }
}
