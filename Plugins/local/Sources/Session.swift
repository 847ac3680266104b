internal import Glibc
internal import HoldfastDriver
internal import Synchronization

/// One opening of a store for writing.
///
/// A file that is locked as long as the process lives tells others which temporary files still have
/// a writer.
final class Session: Sendable {
    /// Where files are written before they get their name.
    let temporary: Descriptor
    private let locks: Descriptor
    private let file: Descriptor
    private let name: String
    private let temporaryFiles = Atomic<UInt64>(0)

    static let temporaryFolder = ".tmp"
    static let locksFolder = ".locks"
    private static let prefix = "store-"

    /// Begins a session, checks that the file system can keep a store, and cleans up after dead ones.
    ///
    /// - Parameters:
    ///   - root: The store's directory.
    ///   - device: The file system that it lies on.
    ///   - path: Its path, for messages.
    /// - Throws: `DriverError`, with the errno as its vendor code where there is one.
    init(
        in root: borrowing Descriptor, _ device: UInt64, _ path: String
    ) throws(DriverError) {
        let temporary = try Self.folder(Self.temporaryFolder, in: root, device, path)
        let locks = try Self.folder(Self.locksFolder, in: root, device, path)
        var name = ""
        let file = try naming("make a file in '\(path)/\(Self.locksFolder)'") { () throws(Errno) in
            try Self.begin(locks, &name)
        }
        do throws(DriverError) {
            try Self.probe(file, name, locks, path)
            try naming("remove what crashed writers left in '\(path)'") { () throws(Errno) in
                try Self.clean(locks, temporary)
            }
        } catch {
            _ = unsafe unlinkat(locks.number, name, 0)
            throw error
        }
        self.temporary = temporary
        self.locks = locks
        self.file = file
        self.name = name
    }

    /// A name for a temporary file that says whose it is.
    func nextTemporaryName() -> String {
        let number = temporaryFiles.add(1, ordering: .relaxed).newValue
        return name.dropFirst(Self.prefix.count) + "-\(number)"
    }

    /// Ends the session; its writers have all returned.
    func end() { _ = unsafe unlinkat(locks.number, name, 0) }

    // MARK: - Beginning

    private static func folder(
        _ name: String, in root: borrowing Descriptor, _ device: UInt64, _ path: String
    ) throws(DriverError) -> Descriptor {
        var facts: Facts?
        let folder = try naming("open the folder '\(path)/\(name)'") { () throws(Errno) in
            _ = try root.makeDirectory(name)
            let folder = try root.open(beneath: name, flags: O_RDONLY | O_DIRECTORY)
            facts = try folder.facts()
            return folder
        }
        guard facts?.device == device else {
            throw DriverError(
                .unsupported, "'\(path)/\(name)' must lie on the same file system as '\(path)'")
        }
        return folder
    }

    /// Makes the session's file, finds a name for it, and locks it.
    private static func begin(
        _ locks: borrowing Descriptor, _ name: inout String
    ) throws(Errno) -> Descriptor {
        while true {
            name = prefix + String(UInt64.random(in: (1 << 60)...UInt64.max), radix: 16)
            let file = try locks.open(name: name, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
            // Before it was locked, a cleaner may have taken it for that of a dead session.
            if try file.tryLock(), try file.facts().links == 1 { return file }
        }
    }

    /// Checks on the session's own file what every object needs of the file system.
    private static func probe(
        _ file: borrowing Descriptor, _ name: String, _ locks: borrowing Descriptor, _ path: String
    ) throws(DriverError) {
        let advice = "use a directory on ext4, XFS or Btrfs, or the sqlite driver"
        let value: [UInt8] = [0x68, 0x66]
        do throws(Errno) {
            try file.setStamp(value)
            guard try file.stamp() == value else { throw Errno(number: EOPNOTSUPP) }
        } catch {
            throw DriverError(
                .unsupported,
                "the file system of '\(path)' keeps no extended attributes (user.*), "
                    + "\(error.text); \(advice)",
                vendorCode: Int64(error.number), vendorName: error.name)
        }
        if (try? locks.facts(of: name.uppercased())) != nil {
            throw DriverError(
                .unsupported,
                "the file system of '\(path)' takes upper and lower case for the same; \(advice)")
        }
    }

    // MARK: - Cleaning up

    /// Removes the files of sessions that no live process holds.
    private static func clean(
        _ locks: borrowing Descriptor, _ temporary: borrowing Descriptor
    ) throws(Errno) {
        for name in try strays(locks, temporary, removingDead: true) {
            _ = unsafe unlinkat(temporary.number, String(decoding: name, as: UTF8.self), 0)
        }
    }

    /// The temporary files that no live process is writing.
    func strays() throws(Errno) -> [String] {
        try Self.strays(locks, temporary, removingDead: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// Removes one of ``strays()``.
    func removeStray(_ name: String) throws(Errno) {
        try checked(unsafe unlinkat(temporary.number, name, 0))
    }

    private static func strays(
        _ locks: borrowing Descriptor, _ temporary: borrowing Descriptor, removingDead: Bool
    ) throws(Errno) -> [[UInt8]] {
        // Before the sessions are looked at: one that begins meanwhile has none of these files.
        let files = try temporary.names().filter { $0.type != Int32(DT_DIR) }.map(\.name)
        var live: Set<[UInt8]> = []
        for (name, _) in try locks.names() where name.starts(with: prefix.utf8) {
            if try !isDead(String(decoding: name, as: UTF8.self), locks, removing: removingDead) {
                live.insert(Array(name.dropFirst(prefix.utf8.count)))
            }
        }
        return files.filter { name in
            let session = name.split(separator: UInt8(ascii: "-"), maxSplits: 1).first ?? []
            return !live.contains(Array(session))
        }
    }

    /// Whether no process lives that holds a session; then its file is removed where that is asked for.
    private static func isDead(
        _ name: String, _ locks: borrowing Descriptor, removing: Bool
    ) throws(Errno) -> Bool {
        do throws(Errno) {
            let file = try locks.open(name: name, flags: O_RDWR)
            guard try file.tryLock() else { return false }
            if removing { _ = unsafe unlinkat(locks.number, name, 0) }
            return true
        } catch {
            guard error.number == ENOENT else { throw error }
            return true
        }
    }
}
