internal import Glibc
internal import HoldfastConfiguration
internal import Synchronization

/// Where pulled bytes go.
protocol Destination: AnyObject, Sendable {
    /// Takes the next bytes.
    func write(_ bytes: UnsafeRawBufferPointer) throws(Failure)

    /// All bytes came and are right.
    func finish() throws(Failure)

    /// Something failed: nothing may be left behind.
    func discard()
}

/// Standard output: what was written cannot be taken back.
final class OutputStream: Destination {
    func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        try unsafe StandardOutput.write(bytes)
    }

    func finish() {}

    func discard() {}
}

/// A file that appears whole or not at all: a temporary one beside it, renamed at the end.
final class OutputFile: Destination {
    private let path: String
    private let temporaryPath: String
    private let descriptor: Int32

    init(_ path: String) throws(Failure) {
        self.path = path
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let name = String(UInt64.random(in: 0 ... .max), radix: 16)
        temporaryPath = "\(folder).holdfast-\(name)"
        descriptor = unsafe open(
            temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path, errno) }
    }

    deinit { close(descriptor) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            let count = unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(path, errno) }
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    func finish() throws(Failure) {
        guard fsync(descriptor) == 0, unsafe rename(temporaryPath, path) == 0 else {
            let number = errno
            discard()
            throw Self.failure(path, number)
        }
    }

    func discard() { unsafe unlink(temporaryPath) }

    private static func failure(_ path: String, _ number: Int32) -> Failure {
        let reason = unsafe String(cString: strerror(number))
        return Failure(.failure, "output", "cannot write the file \(path): \(reason)")
    }
}

/// Carries a failure out of a closure that may only throw errors of the store.
final class FailureBox: Sendable {
    private let box = Mutex<Failure?>(nil)

    /// The failure, if there was one.
    var value: Failure? { box.withLock { $0 } }

    /// Keeps a failure.
    func set(_ failure: Failure) { box.withLock { $0 = failure } }
}
