internal import Glibc
internal import HoldfastDriver
internal import Synchronization

/// A directory that holds objects.
///
/// Reading is here; writing and listing have files of their own.
final class LocalStore: DriverStore {
    let root: Root
    let locks: KeyLocks
    private let clock = BootClock()
    private let lostWrites = Atomic(false)

    init(root: Root) {
        self.root = root
        locks = KeyLocks(root: root)
    }

    func capabilities(_ call: Call) throws(DriverError) -> [Capability] {
        LocalDriver.capabilities.filter { $0.id != "clock" || clock != nil }
    }

    func ping(_ call: Call) throws(DriverError) -> StoreClock? {
        try checkUsable()
        try root.checkIdentity()
        return clock?.read()
    }

    func close(_ call: Call) { root.close() }

    func head(_ key: ObjectKey, _ call: Call) throws(DriverError) -> ObjectInfo {
        try checkUsable()
        let location = try Location(key)
        guard let info = try info(of: location.file, in: root.directory) else {
            throw notFound(location)
        }
        return info
    }

    func get(
        _ key: ObjectKey, _ range: ByteRange, into sink: ObjectSink, _ call: Call
    ) throws(DriverError) {
        try checkUsable()
        let location = try Location(key)
        guard let file = try openObject(location.file, in: root.directory) else {
            throw notFound(location)
        }
        let (facts, info) = try describe(file, location.file)
        try sink.begin(info)
        try send(file, range.clamped(to: info.byteCount), location, into: sink, call)
        let after = try naming("look at \(place(location.file))") { () throws(Errno) in
            try file.facts()
        }
        // Writers replace the file and never change it; only a foreign hand does.
        guard after.byteCount == facts.byteCount, after.modified == facts.modified else {
            throw changed(location)
        }
    }

    private func send(
        _ file: borrowing Descriptor, _ range: Range<UInt64>, _ location: Location,
        into sink: ObjectSink, _ call: Call
    ) throws(DriverError) {
        var buffer = [UInt8](repeating: 0, count: Int(min(UInt64(range.count), chunkBytes)))
        var offset = range.lowerBound
        while offset < range.upperBound {
            try call.check()
            let wanted = Int(min(range.upperBound - offset, UInt64(buffer.count)))
            let count = try naming("read \(place(location.file))") { () throws(Errno) in
                try file.read(into: &buffer, count: wanted, at: offset)
            }
            guard count > 0 else { throw changed(location) }
            try unsafe sink.write(buffer.span.bytes.extracting(first: count))
            offset += UInt64(count)
        }
    }

    // MARK: - What is stored

    /// Opens an object's file; `nil` when there is none.
    func openObject(
        _ path: String, in directory: borrowing Descriptor
    ) throws(DriverError) -> Descriptor? {
        do throws(Errno) {
            // Without O_NONBLOCK, opening a FIFO would wait for a writer.
            return try directory.open(beneath: path, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY)
        } catch {
            if error.number == ENOENT { return nil }
            throw DriverError(error, "open \(place(path))")
        }
    }

    /// An object's information; `nil` when there is no such object.
    func info(
        of path: String, in directory: borrowing Descriptor
    ) throws(DriverError) -> ObjectInfo? {
        guard let file = try openObject(path, in: directory) else { return nil }
        return try describe(file, path).info
    }

    private func describe(
        _ file: borrowing Descriptor, _ path: String
    ) throws(DriverError) -> (facts: Facts, info: ObjectInfo) {
        let (facts, bytes) = try naming("look at \(place(path))") { () throws(Errno) in
            let facts = try file.facts()
            return (facts, facts.isRegular ? try file.stamp() : nil)
        }
        guard facts.isRegular else {
            throw DriverError(
                .forbidden, "\(place(path)) is not a regular file; move it out of the store")
        }
        let stamp = try bytes.map { bytes throws(DriverError) in try decode(bytes, path) }
        let version: Version
        if let stamp, stamp.isWhole(of: facts) {
            version = stamp.version
        } else {
            version = Version(foreign: facts)
        }
        let attributes = stamp.flatMap { $0.describes(facts) ? $0.attributes : nil }
        let info = ObjectInfo(
            version: version, byteCount: facts.byteCount, modifiedNanoseconds: facts.modified,
            attributes: attributes ?? [])
        return (facts, info)
    }

    private func decode(_ bytes: [UInt8], _ path: String) throws(DriverError) -> Stamp {
        do throws(Stamp.Failure) {
            return try Stamp(decoding: bytes)
        } catch .newer(let format) {
            throw DriverError(
                .newerFormat,
                "\(place(path)) was written in format \(format), by a newer driver; update this one"
            )
        } catch {
            throw DriverError(
                .corrupt,
                "the extended attribute \(Stamp.name) of \(place(path)) is damaged; "
                    + "'setfattr -x' removes it and keeps the bytes")
        }
    }

    // MARK: - Messages and state

    /// A path of the store as messages have it.
    func place(_ path: String) -> String { "'\(root.path)/\(path)'" }

    func notFound(_ location: Location) -> DriverError {
        DriverError(.notFound, "there is no \(place(location.file))")
    }

    private func changed(_ location: Location) -> DriverError {
        DriverError(
            .conflict, "\(place(location.file)) was changed in place while it was read",
            retry: .same(afterNanoseconds: 0))
    }

    /// Notes that a directory could not be written out.
    func noteLostWrites() { lostWrites.store(true, ordering: .releasing) }

    /// Throws after the disk lost a change: the kernel still shows that change, so that reading it
    /// back would take it for durable.
    func checkUsable() throws(DriverError) {
        guard lostWrites.load(ordering: .acquiring) else { return }
        throw DriverError(
            .io,
            "an earlier change of '\(root.path)' could not be written to the disk; check the disk, "
                + "then open the store anew",
            retry: .reopen)
    }
}

/// The most bytes that are read or written at once.
let chunkBytes: UInt64 = 256 * 1024
