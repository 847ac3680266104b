internal import CLocal
internal import Glibc
internal import HoldfastDriver

/// The number of a failed system call.
struct Errno: Error, Equatable {
    let number: Int32

    /// The number of the call that failed just now.
    static var last: Errno { Errno(number: errno) }

    /// The number as a message has it, such as `No space left on device (ENOSPC)`.
    var text: String {
        guard let words = unsafe local_error_text(number) else { return "errno \(number)" }
        return unsafe "\(String(cString: words)) (\(name))"
    }

    var name: String {
        unsafe local_error_name(number).map { unsafe String(cString: $0) } ?? "errno \(number)"
    }
}

/// Gives what a system call throws the words that an operator needs.
///
/// - Parameters:
///   - doing: What was tried, on which path: "could not" goes before it.
///   - applied: What the failure says of the write.
///   - body: The system calls.
/// - Returns: What `body` returns.
/// - Throws: `DriverError` for what `body` throws.
func naming<Result: ~Copyable>(
    _ doing: @autoclosure () -> String, applied: DriverError.Applied = .no,
    _ body: () throws(Errno) -> Result
) throws(DriverError) -> Result {
    do throws(Errno) {
        return try body()
    } catch {
        throw DriverError(error, doing(), applied: applied)
    }
}

extension DriverError {
    /// What a failed system call means to the host.
    init(_ failure: Errno, _ doing: String, applied: Applied = .no) {
        let meaning = Meaning(failure.number)
        let next = meaning.next.isEmpty ? "" : ": " + meaning.next
        self.init(
            meaning.code, "could not \(doing): \(failure.text)\(next)", applied: applied,
            retry: meaning.retry, vendorCode: Int64(failure.number), vendorName: failure.name)
    }
}

/// The class of an errno, and what to do about it.
private struct Meaning {
    var code = DriverError.Code.io
    var retry = DriverError.Retry.never
    var next = ""

    init(_ number: Int32) {
        switch number {
        case ENOSPC, EDQUOT: (code, next) = (.full, "make room on its file system")
        case EROFS: (code, next) = (.forbidden, "mount its file system for writing")
        case EACCES, EPERM:
            (code, next) = (.forbidden, "the files must belong to the user who runs this")
        case ELOOP:
            (code, next) = (.forbidden, "a symbolic link is in the way; put the real thing there")
        case ENOTDIR, EISDIR, ENXIO:
            (code, next) = (.forbidden, "something else than the store's own file is in the way")
        case EFBIG, ENAMETOOLONG: code = .tooLarge
        case EXDEV:
            (code, next) = (.unsupported, "the directory must lie on one file system as a whole")
        case EOPNOTSUPP, ENOSYS: code = .unsupported
        case EMFILE, ENFILE, ENOMEM, ENOLCK, EBUSY, EAGAIN:
            (code, retry) = (.unavailable, .same(afterNanoseconds: 100_000_000))
        case ESTALE, ETIMEDOUT, EHOSTDOWN, ENOTCONN: (code, retry) = (.unavailable, .reopen)
        default: code = .io
        }
    }
}
