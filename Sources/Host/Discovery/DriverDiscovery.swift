internal import Glibc
internal import HoldfastLoader

extension DriverSearchPath {
    /// Every driver's folder in the search path, in its order; nothing of them is run.
    ///
    /// The first folder of an id counts, even when it is refused: falling through to another would
    /// run a driver that nobody chose.
    func installedDrivers(_ trust: DriverTrust) -> [InstalledDriver] {
        var counted: [String: String] = [:]
        var result: [InstalledDriver] = []
        for directory in directories {
            for name in subfolders(of: directory.path) {
                var driver = InstalledDriver(
                    id: name, folder: "\(directory.path)/\(name)", trust)
                driver.shadowedBy = counted[name]
                if counted[name] == nil { counted[name] = driver.folder }
                result.append(driver)
            }
        }
        return result
    }

    /// The folders that count, by id.
    func countingFolders() -> [(id: String, folder: String)] {
        var counted: [String: String] = [:]
        for directory in directories {
            for name in subfolders(of: directory.path) where counted[name] == nil {
                counted[name] = "\(directory.path)/\(name)"
            }
        }
        return counted.sorted { $0.key < $1.key }.map { (id: $0.key, folder: $0.value) }
    }

    /// The folder of the driver `id` that counts.
    ///
    /// - Throws: ``HostError`` with code `driverMissing`: what is installed, where it was looked
    ///   for and how to add one.
    func folder(of id: String) throws(HostError) -> String {
        // An id is a folder's name, so nothing else may be made into a path.
        if isDriverID(id) {
            for directory in directories {
                let folder = "\(directory.path)/\(id)"
                if exists(folder) { return folder }
            }
        }
        throw missing(id)
    }

    /// The folder that would count for `id` although `directory` held one, too; `nil` for none.
    func folder(of id: String, insteadOfOneIn directory: String) -> String? {
        for candidate in directories {
            if resolved(candidate.path) == resolved(directory) { return nil }
            let folder = "\(candidate.path)/\(id)"
            if exists(folder) { return folder }
        }
        return nil
    }

    private func missing(_ id: String) -> HostError {
        let installed = Set(directories.flatMap { subfolders(of: $0.path) }).sorted()
        let list =
            installed.isEmpty
            ? "no drivers are installed" : "installed are \(installed.joined(separator: ", "))"
        let places = directories.map { "\($0.path) (\($0.origin))" }.joined(separator: ", ")
        return HostError(
            .driverMissing,
            "there is no driver \(shown(id))" + DidYouMean.hint(for: id, among: installed)
                + "; \(list); looked in \(places)",
            advice:
                "put the driver's folder, named after its id, into one of these directories, or "
                + "give the directory that holds it by --driver-path or \(Self.variable)",
            driver: id)
    }
}

extension InstalledDriver {
    /// Looks at a driver's folder: its manifest and what can be checked without running it.
    fileprivate init(id: String, folder: String, _ trust: DriverTrust) {
        let driver = ExaminedDriver(id: id, folder: folder, trust: trust)
        self.init(
            id: id, folder: folder,
            manifest: driver.candidate.inspection.manifest.map(Manifest.init),
            problem: driver.refusal, shadowedBy: nil, pin: driver.pin)
    }
}

extension InstalledDriver.Manifest {
    init(_ manifest: DriverManifest) {
        self.init(
            name: manifest.name, version: manifest.version, publisher: manifest.publisher,
            license: manifest.license, summary: manifest.summary)
    }
}

extension DriverInspection {
    /// What an examination found.
    init(_ driver: borrowing ExaminedDriver) {
        let inspection = driver.candidate.inspection
        self.init(
            folder: inspection.folder, libraryPath: inspection.libraryPath ?? "",
            manifest: inspection.manifest.map(InstalledDriver.Manifest.init),
            id: inspection.manifest?.id ?? "", neededLibraries: inspection.image?.needed ?? [],
            exportedSymbols: inspection.image?.exports.map(\.name) ?? [],
            digests: driver.digests, pin: driver.pin, problems: driver.problems)
    }
}

/// Whether a text can be a driver's id, and with it a folder's name.
package func isDriverID(_ text: String) -> Bool {
    let bytes = text.utf8
    guard let first = bytes.first, (1...32).contains(bytes.count) else { return false }
    return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first)
        && bytes.allSatisfy { isLowercaseWordByte($0) }
}

private func exists(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0
}

/// The names in a directory that a driver's folder could have, sorted.
private func subfolders(of path: String) -> [String] {
    (directoryNames(path) ?? []).filter { name in
        var status = stat()
        let isThere = unsafe stat("\(path)/\(name)", &status) == 0
        return isThere && isDriverID(name) && status.st_mode & S_IFMT == S_IFDIR
    }
}
