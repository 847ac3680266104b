internal import Glibc
internal import HoldfastDriver

/// The locks that make a condition and the write that it guards one step.
///
/// Each object is guarded by one of 256 lock files in `.locks`. Threads of this process wait in line
/// (``Turnstile``); processes compete with `flock`, which the kernel releases when one dies.
final class KeyLocks: Sendable {
    private let root: Root
    private let turnstile = Turnstile()

    init(root: Root) { self.root = root }

    /// Runs `body` while no other thread or process writes objects of the same stripe.
    ///
    /// - Throws: `DriverError`, `deadline` or `cancelled` when the call ends before the lock is had.
    func with<Result>(
        _ location: Location, _ call: Call, _ body: () throws(DriverError) -> Result
    ) throws(DriverError) -> Result {
        guard turnstile.enter(location.stripe, call) else { throw waited(location, call) }
        defer { turnstile.leave(location.stripe) }
        let lock = try acquire(location, call)
        defer { lock.unlock() }
        return try body()
    }

    private func acquire(_ location: Location, _ call: Call) throws(DriverError) -> Descriptor {
        let digits = String(location.stripe, radix: 16)
        let name = Session.locksFolder + "/" + (digits.utf8.count == 1 ? "0" : "") + digits
        var pause = Pause()
        while true {
            let lock = try naming("open the lock '\(root.path)/\(name)'") { () throws(Errno) in
                try open(name)
            }
            while try !naming(
                "lock '\(root.path)/\(name)'", { () throws(Errno) in try lock.tryLock() })
            {
                guard !call.isOver else { throw waited(location, call) }
                pause.sleep()
            }
            // Someone may have removed the file while it was waited for; then the next writer makes
            // another one, and this lock would keep nobody out.
            if isCurrent(lock, name) { return lock }
        }
    }

    private func open(_ name: String) throws(Errno) -> Descriptor {
        do throws(Errno) {
            return try root.directory.open(beneath: name, flags: O_RDWR | O_CREAT, mode: 0o600)
        } catch {
            guard error.number == ENOENT else { throw error }
            _ = try root.directory.makeDirectory(Session.locksFolder)
            return try root.directory.open(beneath: name, flags: O_RDWR | O_CREAT, mode: 0o600)
        }
    }

    private func isCurrent(_ lock: borrowing Descriptor, _ name: String) -> Bool {
        do throws(Errno) {
            return try lock.facts().isSameFile(as: root.directory.facts(of: name))
        } catch {
            return false
        }
    }

    private func waited(_ location: Location, _ call: Call) -> DriverError {
        let isLate = call.remainingNanoseconds == 0
        return DriverError(
            isLate ? .deadline : .cancelled,
            (isLate ? "the deadline passed" : "the call was cancelled")
                + " while another writer held the lock of '\(root.path)/\(location.file)'",
            retry: isLate ? .same(afterNanoseconds: 0) : .never)
    }
}

/// The time between two tries of a lock that another process holds: short at first, because most
/// writes take a few milliseconds.
private struct Pause {
    private var nanoseconds = 50_000

    mutating func sleep() {
        var time = timespec(tv_sec: 0, tv_nsec: Int.random(in: nanoseconds / 2...nanoseconds))
        unsafe nanosleep(&time, nil)
        nanoseconds = min(nanoseconds * 2, 2_000_000)
    }
}
