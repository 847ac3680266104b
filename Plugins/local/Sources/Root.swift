internal import Glibc
internal import HoldfastDriver

/// The store's directory, opened once: every path is looked up below this descriptor.
final class Root: Sendable {
    /// Its path, for messages and to notice that it was moved away.
    let path: String
    let directory: Descriptor
    /// What writing needs; without it, why there is none: then the store can only be read.
    let session: Result<Session, DriverError>
    private let identity: Facts

    /// Opens the directory, makes it when it is missing, and removes what crashed writers left.
    ///
    /// - Parameters:
    ///   - path: An absolute path.
    ///   - mustExist: Makes no directory; a missing one is not found.
    ///   - log: Receives warnings for the operator.
    /// - Throws: `DriverError` when the directory cannot keep objects safely, or is missing and may
    ///   not be made.
    init(opening path: String, mustExist: Bool, log: (String) -> Void) throws(DriverError) {
        let directory = try Self.openOrMake(path, mustExist: mustExist)
        let identity = try naming("look at '\(path)'") { () throws(Errno) in
            try directory.facts()
        }
        try Self.refuseOpenDoors(identity, path, log)
        do throws(DriverError) {
            session = .success(try Session(in: directory, identity.device, path))
        } catch {
            // A full or read-only disk, or another user's, can still be read.
            let number = Int32(truncatingIfNeeded: error.vendorCode)
            guard [EROFS, EACCES, ENOSPC, EDQUOT].contains(number) else { throw error }
            log("the store '\(path)' can only be read: \(error.message)")
            var obstacle = error
            obstacle.retry = .reopen
            session = .failure(obstacle)
        }
        self.path = path
        self.identity = identity
        self.directory = directory
    }

    /// Throws when the path leads elsewhere by now: others who open the path would not see what is
    /// written here, nor this store's locks.
    func checkIdentity() throws(DriverError) {
        let now: Facts
        do throws(Errno) {
            now = try Facts(path: path)
        } catch {
            throw DriverError(
                .unavailable,
                "the store's directory '\(path)' is not there any more: \(error.text)",
                retry: .reopen, vendorCode: Int64(error.number), vendorName: error.name)
        }
        guard now.isSameFile(as: identity) else {
            throw DriverError(
                .unavailable, "another directory has taken the place of '\(path)'", retry: .reopen)
        }
    }

    /// Ends this opening of the store.
    func close() { try? session.get().end() }

    // MARK: - Opening

    private static let flags = O_RDONLY | O_DIRECTORY

    private static func openOrMake(
        _ path: String, mustExist: Bool
    ) throws(DriverError) -> Descriptor {
        do throws(Errno) {
            return try Descriptor(path: path, flags: flags)
        } catch {
            guard error.number == ENOENT else {
                throw DriverError(error, "open the directory '\(path)'")
            }
            if mustExist { throw DriverError(.notFound, "there is no directory '\(path)'") }
        }
        return try naming("make the directory '\(path)'") { () throws(Errno) in
            try make(path)
            return try Descriptor(path: path, flags: flags)
        }
    }

    /// Makes a directory and those above it that are missing.
    ///
    /// Nothing above the nearest that is there is opened: it may be closed to this process.
    private static func make(_ path: String) throws(Errno) {
        var names = path.split(separator: "/").map(String.init)
        var missing: [String] = []
        var directory = try nearest(&names, &missing)
        while let name = missing.popLast() {
            if try directory.makeDirectory(name) { try directory.synchronize() }
            names.append(name)
            directory = try Descriptor(path: "/" + names.joined(separator: "/"), flags: flags)
        }
    }

    /// Opens the nearest directory that is there, and moves what lies below it to `missing`.
    private static func nearest(
        _ names: inout [String], _ missing: inout [String]
    ) throws(Errno) -> Descriptor {
        while true {
            do throws(Errno) {
                return try Descriptor(path: "/" + names.joined(separator: "/"), flags: flags)
            } catch {
                guard error.number == ENOENT, let name = names.popLast() else { throw error }
                missing.append(name)
            }
        }
    }

    private static func refuseOpenDoors(
        _ facts: Facts, _ path: String, _ log: (String) -> Void
    ) throws(DriverError) {
        if facts.mode & S_IWOTH != 0 {
            throw DriverError(
                .forbidden,
                "every user may write to the store's directory '\(path)': run chmod o-w on it")
        }
        if facts.mode & S_IWGRP != 0 {
            log("a group may write to the store's directory '\(path)': chmod g-w it")
        }
    }
}
