internal import Glibc
internal import HoldfastLoader

/// One removal of a driver that was installed by command.
struct DriverRemoval {
    let search: DriverSearchPath
    let locks: DriverLockPlaces
    let directory: String

    func run(_ id: String) throws(HostError) -> DriverChange {
        let target = "\(directory)/\(id)"
        var status = stat()
        guard isDriverID(id), unsafe lstat(target, &status) == 0 else { throw missing(id) }
        try DriverInstallation.checkNotProvided(id, in: directory, locks)
        let inspection = LibraryInspection.inspect(folder: target)
        try DriverSource.checkNothingElse(
            target, library: inspection.manifest?.library ?? "driver.so", driver: id,
            advice: "move what holdfast driver install did not put there away first")
        let isUnpinned = try remove(id)
        return DriverChange(
            id: id, version: inspection.manifest?.version ?? "", folder: target,
            lockFile: locks.own?.path ?? "", changedEarlier: isUnpinned,
            shadowedBy: try? search.folder(of: id))
    }

    /// Takes the driver's name away first: a driver without a pin could be loaded.
    private func remove(_ id: String) throws(HostError) -> Bool {
        let drivers = try ManagedDirectory.held(directory)
        let removed = ".\(id).removed"
        try drivers.removeDirectory(removed)
        try drivers.rename(id, to: removed)
        var isUnpinned = false
        do throws(HostError) {
            if let own = locks.forWriting.own, try DriverTrust.read(own)?.pins[id] != nil {
                try DriversLockFile(place: own, heldDirectory: directory).set(id, to: nil)
                isUnpinned = true
            }
        } catch {
            try drivers.rename(removed, to: id)
            throw error
        }
        try drivers.sync()
        try drivers.removeDirectory(removed)
        return isUnpinned
    }

    private func missing(_ id: String) -> HostError {
        let elsewhere = try? search.folder(of: id)
        return HostError(
            .notFound,
            "there is no driver \(shown(id)) in \(directory)"
                + (elsewhere.map { "; the one in use is \($0)" } ?? ""),
            advice: elsewhere == nil
                ? "holdfast driver list shows what is installed"
                : "remove that by what installed it, or give its --directory", driver: id)
    }
}
