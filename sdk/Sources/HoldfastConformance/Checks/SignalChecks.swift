internal import Glibc
internal import HoldfastLoader
internal import Synchronization

// Signals that interrupt the driver's system calls.

/// Checks of calls that are interrupted.
enum SignalChecks {
    /// Signals that a thread gets all the time, and that do nothing but interrupt.
    private final class Storm: Sendable {
        private let isOver = Atomic<Bool>(false)
        private let count = Atomic<Int>(0)

        /// Starts the storm.
        static func start() throws(CheckFailure) -> (Storm, Rival<Int>) {
            var action = sigaction()
            // Without SA_RESTART, so that what is interrupted says so.
            unsafe action.__sigaction_handler.sa_handler = { _ in }
            try require(
                unsafe sigaction(SIGUSR2, &action, nil) == 0,
                "the kit cannot catch a signal: \(systemError())")
            let storm = Storm()
            let target = pthread_self()
            let rival = Rival<Int> {
                while !storm.isOver.load(ordering: .acquiring) {
                    _ = pthread_kill(target, SIGUSR2)
                    storm.count.add(1, ordering: .relaxed)
                    _ = usleep(200)
                }
                return storm.count.load(ordering: .relaxed)
            }
            rival.go()
            return (storm, rival)
        }

        func end() { isOver.store(true, ordering: .releasing) }
    }

    static func storm(_ run: CheckRun) throws {
        _ = try run.bench()
        let (storm, rival) = try Storm.start()
        let outcome = Result { try calls(run) }
        storm.end()
        let count = try rival.finish().value
        do { try outcome.get() } catch let failure as DriverFailure {
            throw CheckFailure(
                "a call that \(count) signals interrupted fails: \(failure)",
                do: "repeat what was interrupted (EINTR), and go on after a short write or sleep")
        }
    }

    private static func calls(_ run: CheckRun) throws {
        let end = monotonicMilliseconds() + 1500
        var round = UInt64(0)
        while monotonicMilliseconds() < end || round < 5 {
            round += 1
            let bench = try run.bench()
            let client = Client(bench)
            let pattern = Pattern(id: round, count: try run.capped(round % 3 == 0 ? 400_000 : 100))
            let version = try client.put("stormy/\(round % 4)", pattern)
            let found = try client.get("stormy/\(round % 4)")
            try require(
                found?.pattern == pattern && found?.version == version,
                "among signals, a put succeeds and get finds something else",
                do: "go on after a short read or write")
            _ = try bench.list()
            _ = try bench.store.ping(CallContext())
            if round % 3 == 0 { try client.remove("stormy/\(round % 4)") }
            if round % 5 == 0 {
                try run.close(bench.store)
                let opened = try run.openBench()
                try require(
                    try opened.list().entries.count <= 4,
                    "among signals, objects come out of nothing")
            }
        }
    }
}
