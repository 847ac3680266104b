internal import Glibc

/// A file without a name that closes itself: where a check's process puts what the runner reads.
@safe final class ScratchFile {
    let number: Int32

    /// Makes an empty file.
    init() throws(CheckFailure) {
        var template = temporaryTemplate()
        number = unsafe mkstemp(&template)
        try require(
            number >= 0, "the kit cannot make a file in \(temporaryParent()): \(systemError())")
        _ = unsafe unlink(template)
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    }

    deinit { _ = close(number) }

    /// The first bytes of the file.
    func contents(most: Int) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
            count = max(0, unsafe pread(number, buffer.baseAddress, most, 0))
        }
    }
}

/// What `errno` says.
func systemError() -> String { unsafe String(cString: strerror(errno)) }

/// The whole of a file.
///
/// - Parameters:
///   - path: The file.
///   - most: The most bytes to read.
/// - Returns: Its bytes.
/// - Throws: ``CheckFailure`` with the path and the system's reason.
func readFile(_ path: String, most: Int) throws(CheckFailure) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    try require(descriptor >= 0, "\(path) cannot be opened: \(systemError())")
    defer { _ = close(descriptor) }
    var result: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65536)
    while result.count <= most {
        let count = unsafe read(descriptor, &piece, piece.count)
        if count < 0 && errno == EINTR { continue }
        try require(count >= 0, "\(path) cannot be read: \(systemError())")
        if count == 0 { return result }
        result += piece[..<count]
    }
    throw CheckFailure("\(path) has more than \(most) bytes")
}

/// Writes all bytes to a descriptor, as far as that is possible.
@discardableResult func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    unsafe bytes.withUnsafeBytes { buffer in
        var done = 0
        while done < buffer.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
            let count = unsafe write(descriptor, rest.baseAddress, rest.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }
}

/// The names in a folder, sorted, without `.` and `..`; empty when it cannot be read.
func names(in folder: String) -> [String] {
    guard let directory = unsafe opendir(folder) else { return [] }
    defer { _ = unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
            unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) {
                unsafe String(cString: $0)
            }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// Removes a file, or a folder and all that it holds, without following links.
func removeTree(_ path: String) {
    if unsafe unlink(path) == 0 || errno == ENOENT { return }
    for name in names(in: path) { removeTree("\(path)/\(name)") }
    _ = unsafe rmdir(path)
}

/// Makes a folder that nobody else has.
func makeTemporaryFolder() throws(CheckFailure) -> String {
    var template = temporaryTemplate()
    guard let made = unsafe mkdtemp(&template) else {
        throw CheckFailure("the kit cannot make a folder in \(temporaryParent()): \(systemError())")
    }
    return unsafe String(cString: made)
}

private func temporaryParent() -> String {
    unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
}

private func temporaryTemplate() -> [CChar] {
    let mark = String(repeating: "X", count: 6)
    return Array("\(temporaryParent())/holdfast-conformance-\(mark)".utf8CString)
}

/// A path without links and `..`, or `nil` when there is nothing.
func absolutePath(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
}

/// The time by `CLOCK_MONOTONIC`, in milliseconds.
func monotonicMilliseconds() -> Int64 {
    var now = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
}

/// Waits.
func pause(milliseconds: Int) {
    var time = timespec(
        tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
    _ = unsafe nanosleep(&time, nil)
}
