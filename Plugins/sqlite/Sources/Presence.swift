internal import Glibc
internal import HoldfastDriver

/// Who has the database open: each open store holds a lock on one byte of the file `<path>-owners`.
///
/// The kernel drops the lock when the process ends, however it ends. So a lock that is gone proves
/// that an upload's writer is gone, without clocks and across containers, where process numbers lie.
final class Presence: Sendable {
    /// This store's number, and the byte that it holds.
    let owner: Int64
    private let descriptor: Int32

    /// Takes a byte that nobody holds.
    ///
    /// - Parameter path: The database's path.
    /// - Throws: ``DriverError`` when the file cannot be made or locked.
    init(_ path: String) throws(DriverError) {
        let file = path + "-owners"
        let descriptor = unsafe open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw DataFile.failure("open", file) }
        var owner: Int64
        repeat {
            owner = .random(in: 1...(1 << 61))
            var lock = Self.lock(owner, 1)
            if unsafe fcntl(descriptor, Self.setLock, &lock) == 0 { break }
            guard errno == EAGAIN || errno == EACCES else {
                let failure = DataFile.failure("lock", file)
                close(descriptor)
                throw failure
            }
        } while true
        self.owner = owner
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Whether another store holds the byte `owner`; when in doubt, it does.
    func isHeldByAnother(_ owner: Int64) -> Bool { isHeld(owner, 1) }

    /// Whether no other store of any process has the database open.
    var isAlone: Bool { !isHeld(0, 0) }

    private func isHeld(_ start: Int64, _ count: Int64) -> Bool {
        var lock = Self.lock(start, count)
        let code = unsafe fcntl(descriptor, Self.getLock, &lock)
        return code != 0 || lock.l_type != F_UNLCK
    }

    // Linux's open file description locks. The header hides their names from Swift.
    private static let getLock: Int32 = 36
    private static let setLock: Int32 = 37

    /// A lock on `count` bytes from `start`; on all that follow when `count` is 0.
    private static func lock(_ start: Int64, _ count: Int64) -> flock {
        flock(
            l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: Int(start),
            l_len: Int(count), l_pid: 0)
    }
}
