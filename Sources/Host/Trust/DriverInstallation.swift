internal import Glibc
internal import HoldfastLoader

/// What an installation or removal did.
package struct DriverChange: Sendable {
    /// The driver's id.
    package var id: String
    /// Its version; empty when its manifest cannot be read.
    package var version: String
    /// Its folder.
    package var folder: String
    /// The hashes of its files; `nil` after a removal.
    package var digests: DriverDigests?
    /// The lock file that pins it, or did.
    package var lockFile: String
    /// Whether something was replaced, or a pin was removed.
    package var changedEarlier: Bool
    /// The folder of another driver of the id that is used instead; `nil` for none.
    package var shadowedBy: String?
}

/// One installation: everything is checked first, then the files are copied, then they are pinned,
/// and only then do they get their name.
struct DriverInstallation {
    let search: DriverSearchPath
    let locks: DriverLockPlaces
    let directory: String
    let replaces: Bool

    func run(_ path: String) throws(HostError) -> DriverChange {
        let source = try DriverSource(path)
        let trust = DriverTrust(locks.forWriting)
        let driver = ExaminedDriver(
            id: nil, folder: source.folder, trust: trust, pins: .areIgnored, wantsDigests: true)
        if let refusal = driver.refusal { throw refusal }
        guard let manifest = driver.candidate.inspection.manifest, let own = locks.own else {
            throw HostError(.driverRefused, "\(path) was not examined")
        }
        try source.checkContents(manifest)
        try checkNotProvided(driver.id)
        let target = "\(directory)/\(driver.id)"
        let isThere = try checkReplaced(target, driver.id)
        if let pin = trust.pin(of: driver.id, in: [target]), !replaces,
            pin.digests != driver.digests
        {
            throw HostError(
                .driverMismatch,
                "\(pin.file):\(pin.line) pins another \(driver.id), of sha256 \(pin.digests.library); "
                    + "this one has \(driver.digests.library)",
                advice: "get the pinned one, or take this one and its pin with --replace",
                driver: driver.id, vendorName: "pin")
        }
        let shadowedBy = try checkShadowed(driver)
        try publish(
            driver, manifest, over: isThere, DriversLockFile(place: own, heldDirectory: directory))
        return DriverChange(
            id: driver.id, version: manifest.version, folder: target, digests: driver.digests,
            lockFile: own.path, changedEarlier: isThere,
            shadowedBy: shadowedBy)
    }

    /// Refuses to install what would not be used and whose pin would stop what is used.
    private func checkShadowed(
        _ driver: borrowing ExaminedDriver
    ) throws(HostError) -> String? {
        guard let other = search.folder(of: driver.id, insteadOfOneIn: directory) else {
            return nil
        }
        guard DriverDigests(CandidateLibrary(folder: other)) != driver.digests else { return other }
        throw HostError(
            .conflict,
            "\(other) holds another driver \(driver.id) and comes before \(directory), so that it "
                + "would be used, and be refused by the new pin",
            advice: "remove it, or give --driver-path \(directory) here and wherever it is used",
            driver: driver.id)
    }

    /// Refuses what came with the program: its package would no longer know its own files.
    private func checkNotProvided(_ id: String) throws(HostError) {
        try DriverInstallation.checkNotProvided(id, in: directory, locks)
    }

    /// Whether a driver is there that may be replaced.
    private func checkReplaced(_ target: String, _ id: String) throws(HostError) -> Bool {
        var status = stat()
        guard unsafe lstat(target, &status) == 0 else { return false }
        guard replaces else {
            let version = LibraryInspection.inspect(folder: target).manifest?.version
            throw HostError(
                .conflict,
                "\(target) holds the driver \(id)\(version.map { " \($0)" } ?? "") already",
                advice: "replace it with --replace", driver: id)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw HostError(
                .driverRefused, "\(target) is not a folder",
                advice: "look into it and move it away",
                driver: id)
        }
        try DriverSource.checkNothingElse(
            target, library: Self.library(in: target), driver: id,
            advice: "move what holdfast driver install did not put there away first")
        return true
    }

    /// The name of the library in a driver's folder, also when its manifest cannot be read.
    static func library(in folder: String) -> String {
        LibraryInspection.inspect(folder: folder).manifest?.library ?? "driver.so"
    }

    static func checkNotProvided(
        _ id: String, in directory: String, _ locks: DriverLockPlaces
    ) throws(HostError) {
        for place in locks.places {
            guard let scope = place.scope, resolved(scope) == resolved(directory),
                try DriverTrust.read(place)?.pins[id] != nil
            else { continue }
            throw HostError(
                .conflict, "\(directory)/\(id) came with the program",
                advice: "change it by what installed the program, or give another --directory",
                driver: id)
        }
    }

    private func publish(
        _ driver: borrowing ExaminedDriver, _ manifest: DriverManifest, over isThere: Bool,
        _ lock: DriversLockFile
    ) throws(HostError) {
        let drivers = try ManagedDirectory.held(directory)
        // Nobody else is at work here, so what has this name is what a crash left.
        let staged = ".\(driver.id).new"
        var replaced: String?
        try drivers.removeDirectory(staged)
        do throws(HostError) {
            try copy(driver, manifest, into: drivers, staged)
            let old = try lock.set(driver.id, to: driver.digests)
            do throws(HostError) {
                if isThere {
                    replaced = try drivers.replaceDirectory(driver.id, by: staged)
                } else {
                    try drivers.rename(staged, to: driver.id)
                }
            } catch {
                try lock.restore(old)
                throw error
            }
        } catch {
            try? drivers.removeDirectory(staged)
            throw error
        }
        try drivers.sync()
        if let replaced { try? drivers.removeDirectory(replaced) }
    }

    private func copy(
        _ driver: borrowing ExaminedDriver, _ manifest: DriverManifest,
        into drivers: borrowing ManagedDirectory, _ name: String
    ) throws(HostError) {
        let folder = try drivers.makeDirectory(name)
        let bytes = driver.candidate.manifestBytes ?? []
        try folder.write("driver.toml") { (write) throws(HostError) in try write(bytes) }
        try copyLibrary(of: driver.candidate, into: folder, manifest.library)
        try folder.sync()
        // Read back from the disk's side of things, with the target's own folders.
        let copy = ExaminedDriver(
            id: nil, folder: folder.path, trust: DriverTrust(.none), pins: .areIgnored,
            wantsDigests: true)
        if let refusal = copy.refusal { throw refusal }
        guard copy.digests == driver.digests else {
            throw HostError(
                .io, "\(folder.path): the copy differs from the original",
                advice: "install it again when nobody changes the original", driver: driver.id)
        }
    }

    private func copyLibrary(
        of candidate: borrowing CandidateLibrary, into folder: borrowing ManagedDirectory,
        _ name: String
    ) throws(HostError) {
        try folder.write(name) { (write) throws(HostError) in
            var failure: HostError?
            do throws(LoaderError) {
                try candidate.readLibrary { (piece) throws(LoaderError) in
                    guard failure == nil else { return }
                    do throws(HostError) { try write(piece) } catch { failure = error }
                }
            } catch {
                throw HostError(error, driver: "")
            }
            if let failure { throw failure }
        }
    }
}
