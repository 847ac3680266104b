package import Glibc

/// A program that a test starts and waits for.
///
/// Not Foundation's `Process`, whose wait for the end can last for ever while other tests start
/// programs of their own.
package struct ChildProcess {
    /// Its process id.
    package let id: pid_t
    /// What is written here is its standard input, when it was asked for; -1 otherwise.
    package let input: Int32
    /// What it writes to its standard output, when it was asked for; -1 otherwise.
    package let output: Int32

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - arguments: The program, looked up in `PATH`, and its arguments.
    ///   - piped: Whether standard input and output are sockets of the test's.
    /// - Throws: ``Failure`` when it cannot be started.
    package init(_ arguments: [String], piped: Bool = false) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var (read, write): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
        if piped {
            // Closed in whatever else is started meanwhile: an end that lives on elsewhere is no end.
            let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            guard socketpair(AF_UNIX, type, 0, &read) == 0,
                socketpair(AF_UNIX, type, 0, &write) == 0
            else { throw Failure(text: "no sockets: errno \(errno)") }
            posix_spawn_file_actions_adddup2(&actions, read[0], 0)
            posix_spawn_file_actions_adddup2(&actions, write[1], 1)
        }
        defer { for end in [read[0], write[1]] where end >= 0 { close(end) } }
        var texts = arguments.map { strdup($0) } + [nil]
        defer { for text in texts { free(text) } }
        var id: pid_t = 0
        let code = posix_spawnp(&id, arguments[0], &actions, nil, &texts, environ)
        guard code == 0 else { throw Failure(text: "\(arguments[0]): errno \(code)") }
        (self.id, input, output) = (id, read[1], write[0])
    }

    /// Waits for its end, and closes the sockets; its exit code, or 128 and the signal.
    package func wait() -> Int32 {
        for end in [input, output] where end >= 0 { close(end) }
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }

    /// Why a program could not be started.
    package struct Failure: Error {
        let text: String
    }
}
