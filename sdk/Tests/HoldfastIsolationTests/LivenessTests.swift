import Glibc
import HoldfastIsolation
import HoldfastLoader
import SDKTestSupport
import Testing

@Suite("A driver's process and its host") struct LivenessTests {
    /// Starts `holdfast-driver-host` with one end of a socket as its control.
    private func start(_ control: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, control, 3)
        var arguments = [strdup(Isolated.driverHost), nil]
        defer { arguments.forEach { free($0) } }
        var id: pid_t = 0
        guard posix_spawn(&id, Isolated.driverHost, &actions, nil, &arguments, environ) == 0 else {
            throw TestFailure("cannot start \(Isolated.driverHost)")
        }
        return id
    }

    @Test(
        "it ends when its host closes the control socket, or sends nonsense",
        arguments: [[], [1, 2, 3]])
    func endOfControl(_ bytes: [UInt8]) throws {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue)
        try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
        let id = try start(ends[1])
        close(ends[1])
        if !bytes.isEmpty { _ = send(ends[0], bytes, bytes.count, 0) }
        close(ends[0])
        var status: Int32 = 0
        #expect(waitpid(id, &status, 0) == id)
        #expect(status == 2 << 8)
    }

    @Test("a store's process ends when the store is closed, and nothing of it is left")
    func closing()
        throws
    {
        let isolated = try Isolated()
        let store = try isolated.store()
        try store.write("x", [1, 2])
        #expect(try store.read("x") == [1, 2])
        let id = try #require(isolated.record.started.last)
        #expect(kill(id, 0) == 0)
        try store.close(CallContext())
        #expect(isolated.record.ends == [.closed, .closed])
        #expect(kill(id, 0) == -1 && errno == ESRCH)
        try isolated.driver.stop(CallContext())
    }
}
