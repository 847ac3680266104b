internal import HoldfastLoader

// What operators do about trust: install, remove, verify, pin and unpin.

extension Host {
    /// Checks a driver, copies it to where drivers are looked for and pins it; runs none of its code.
    ///
    /// - Parameters:
    ///   - path: A driver's folder, or its library with `driver.toml` beside it.
    ///   - directory: Where to; `nil` for the user's or the system's directory of drivers.
    ///   - replaces: Whether an installed one, or its pin, may be replaced.
    /// - Returns: What was done.
    /// - Throws: ``HostError`` with the check that failed; nothing has changed then.
    package func installDriver(
        _ path: String, into directory: String?, replaces: Bool
    ) throws(HostError) -> DriverChange {
        try DriverInstallation(
            search: search, locks: locks, directory: managed(directory), replaces: replaces
        ).run(path)
    }

    /// Removes a driver that was installed by command, and its pin.
    ///
    /// - Parameters:
    ///   - id: The driver's id.
    ///   - directory: Where from; `nil` for the user's or the system's directory of drivers.
    /// - Returns: What was done.
    /// - Throws: ``HostError``; nothing has changed then.
    package func removeDriver(
        _ id: String, from directory: String?
    ) throws(HostError) -> DriverChange {
        try DriverRemoval(search: search, locks: locks, directory: managed(directory)).run(id)
    }

    private func managed(_ directory: String?) -> String {
        let path = absolute(directory ?? search.managed)
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// Compares the installed drivers that count with their pins.
    ///
    /// - Parameter id: One driver's id; `nil` for all.
    /// - Returns: The comparisons by id; pins in the operator's lock file that nothing is installed
    ///   for are among them.
    /// - Throws: ``HostError`` when the driver is not installed.
    package func verifyDrivers(_ id: String?) throws(HostError) -> [DriverVerification] {
        let trust = DriverTrust(locks)
        if let id {
            return [DriverVerification(id: id, folder: try search.folder(of: id), trust)]
        }
        var found = search.countingFolders().map { id, folder in
            DriverVerification(id: id, folder: folder, trust)
        }
        let ids = Set(found.map(\.id))
        for lock in trust.locks {
            for (id, pin) in lock.pins where !ids.contains(id) {
                guard !found.contains(where: { $0.id == id }) else { continue }
                found.append(DriverVerification(missing: pin, id: id))
            }
        }
        return found.sorted { $0.id < $1.id }
    }

    /// Pins an installed driver as it is in the operator's lock file.
    ///
    /// - Parameter id: The driver's id.
    /// - Returns: The driver, and whether another pin of it was replaced.
    /// - Throws: ``HostError`` when it is not installed or refused for another reason than its pin.
    package func pinDriver(_ id: String) throws(HostError) -> DriverChange {
        let folder = try search.folder(of: id)
        let driver = ExaminedDriver(
            id: id, folder: folder, trust: DriverTrust(locks.forWriting), pins: .areIgnored,
            wantsDigests: true)
        if let refusal = driver.refusal { throw refusal }
        let own = try operatorsLock()
        let earlier = try DriverTrust.read(own)?.pins[id]?.digests
        try DriversLockFile(place: own).set(id, to: driver.digests)
        return DriverChange(
            id: id, version: driver.candidate.inspection.manifest?.version ?? "", folder: folder,
            digests: driver.digests, lockFile: own.path,
            changedEarlier: earlier != nil && earlier != driver.digests)
    }

    /// Removes the pin of a driver from the operator's lock file.
    ///
    /// - Parameter id: The driver's id; it need not be installed.
    /// - Returns: The pin of another lock file that counts from now on, if any.
    /// - Throws: ``HostError`` with code `notFound` when that file does not pin it.
    package func unpinDriver(_ id: String) throws(HostError) -> (file: String, other: DriverPin?) {
        let own = try operatorsLock()
        guard try DriverTrust.read(own)?.pins[id] != nil else {
            throw HostError(
                .notFound, "\(own.path) does not pin the driver \(shown(id))",
                advice: "holdfast driver list shows which lock file pins a driver", driver: id)
        }
        try DriversLockFile(place: own).set(id, to: nil)
        let folder = try? search.folder(of: id)
        return (own.path, DriverTrust(locks).pin(of: id, in: folder.map { [$0] } ?? []))
    }

    private func operatorsLock() throws(HostError) -> DriverLockPlaces.Place {
        if let own = locks.forWriting.own { return own }
        throw .driversLock("cannot be found: there is no home folder", advice: "give --lock-file")
    }
}
