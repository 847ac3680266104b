internal import CLocal
internal import Glibc
internal import HoldfastDriver

/// A file that is being written and has no name of the store yet.
///
/// It removes itself unless it was moved to its place.
struct TemporaryFile: ~Copyable {
    private let session: Session
    private let name: String
    /// What it will be, for messages.
    private let target: Target
    private var descriptor: Int32
    private var byteCount: UInt64 = 0
    private var isMoved = false

    private struct Target {
        var root: String
        var path: String
        var place: String { "'\(root)/\(path)'" }
    }

    /// Makes an empty file that shall become the one at `path` below the store's directory.
    init(for path: String, in root: Root) throws(DriverError) {
        let session = try root.session.get()
        let name = session.nextTemporaryName()
        descriptor = try naming("make a file in '\(root.path)/\(Session.temporaryFolder)'") {
            () throws(Errno) in
            try session.temporary.create(name)
        }
        self.session = session
        self.name = name
        target = Target(root: root.path, path: path)
    }

    deinit {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        if !isMoved { _ = unsafe unlinkat(session.temporary.number, name, 0) }
    }

    // MARK: - Writing

    /// Writes all bytes of a source.
    mutating func fill(
        from source: ObjectSource, _ call: Call
    ) throws(DriverError) {
        // One byte more than the source has, so that one that goes past its length is noticed.
        let expected = source.length
        let capacity = min(expected.map { $0 &+ 1 } ?? chunkBytes, chunkBytes)
        var buffer = [UInt8](repeating: 0, count: Int(max(1, capacity)))
        while true {
            try call.check()
            let count = try source.read(into: &buffer)
            if count == 0 { break }
            try naming("write \(target.place)") { () throws(Errno) in try append(buffer, count) }
            if let expected, byteCount > expected { break }
        }
        if let expected, byteCount != expected {
            throw DriverError(
                .source,
                "the source of \(target.place) gave \(byteCount) bytes and not the \(expected) it promised"
            )
        }
    }

    private mutating func append(_ buffer: [UInt8], _ count: Int) throws(Errno) {
        var done = 0
        while done < count {
            let written = unsafe buffer.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), count - done)
            }
            if written > 0 { done += written } else if errno != EINTR { throw .last }
        }
        let before = byteCount
        byteCount += UInt64(count)
        try startWriteBack(before: before)
    }

    /// Keeps the disk busy while a large object arrives, so that the last `fsync` stays short.
    private func startWriteBack(before: UInt64) throws(Errno) {
        let window: UInt64 = 8 * 1024 * 1024
        let full = byteCount / window
        guard full > before / window else { return }
        let start = Int64((full - 1) * window)
        try checked(local_start_writing(descriptor, start, Int64(window)))
        guard full > 1 else { return }
        try checked(local_finish_writing(descriptor, start - Int64(window), Int64(window)))
    }

    // MARK: - Finishing

    /// Stamps the file with a new version and writes it out to the disk.
    ///
    /// A failed `fsync` or `close` is a failed write.
    mutating func finish(_ attributes: [Attribute]) throws(DriverError) -> ObjectInfo {
        let stamp = try naming("write \(target.place) to the disk") { () throws(Errno) in
            let file = Descriptor(owning: descriptor)
            descriptor = -1
            let stamp = Stamp(of: try file.facts(), attributes: attributes)
            try file.setStamp(stamp.encoded)
            try file.synchronize()
            try file.close()
            return stamp
        }
        guard stamp.byteCount == byteCount else {
            throw DriverError(.io, "\(target.place) has another size on the disk than was written")
        }
        return ObjectInfo(
            version: stamp.version, byteCount: byteCount,
            modifiedNanoseconds: Int64(bitPattern: stamp.modified),
            attributes: attributes)
    }

    /// Gives the file its name, in place of the one that has it.
    ///
    /// - Returns: `false` when the folder is gone.
    mutating func move(
        to folder: borrowing Descriptor, as newName: String
    ) throws(DriverError) -> Bool {
        if unsafe renameat(session.temporary.number, name, folder.number, newName) == 0 {
            isMoved = true
            return true
        }
        let failure = Errno.last
        guard failure.number == ENOENT else {
            throw DriverError(failure, "rename a file to \(target.place)", applied: failure.applied)
        }
        do throws(Errno) {
            _ = try session.temporary.facts(of: name)
        } catch {
            throw DriverError(
                error, "find the temporary file of \(target.place), which another program removed")
        }
        return false
    }
}

extension Errno {
    /// What a failed rename or removal says of itself: the kernel checks all but a broken disk before
    /// it changes anything.
    var applied: DriverError.Applied {
        [EIO, ESTALE, ETIMEDOUT, EINTR, EREMOTEIO].contains(number) ? .unknown : .no
    }
}
