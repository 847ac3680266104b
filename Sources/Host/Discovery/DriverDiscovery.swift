internal import Glibc
internal import HoldfastLoader

extension DriverSearchPath {
    /// Every driver's folder in the search path, in its order; nothing of them is run.
    ///
    /// The first folder of an id counts, even when it is refused: falling through to another would
    /// run a driver that nobody chose.
    func installedDrivers() -> [InstalledDriver] {
        var counted: [String: String] = [:]
        var result: [InstalledDriver] = []
        for directory in directories {
            for name in subfolders(of: directory.path) {
                var driver = InstalledDriver(id: name, folder: "\(directory.path)/\(name)")
                driver.shadowedBy = counted[name]
                if counted[name] == nil { counted[name] = driver.folder }
                result.append(driver)
            }
        }
        return result
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
    fileprivate init(id: String, folder: String) {
        let inspection = LibraryInspection.inspect(folder: folder)
        self.init(
            id: id, folder: folder, manifest: inspection.manifest.map(Manifest.init), problem: nil,
            shadowedBy: nil)
        if let refusal = inspection.problems.first {
            problem = HostError(refusal, driver: id)
        } else if let named = inspection.manifest?.id, named != id {
            problem = misnamed(named)
        }
    }

    private func misnamed(_ named: String) -> HostError {
        HostError(
            .driverRefused, "\(folder): the manifest is of the driver \(shown(named))",
            advice: "name the folder after the driver's id", driver: id)
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
    init(_ inspection: LibraryInspection) {
        self.init(
            folder: inspection.folder, libraryPath: inspection.libraryPath ?? "",
            manifest: inspection.manifest.map(InstalledDriver.Manifest.init),
            id: inspection.manifest?.id ?? "", neededLibraries: inspection.image?.needed ?? [],
            exportedSymbols: inspection.image?.exports.map(\.name) ?? [],
            problems: inspection.problems.map {
                Problem(
                    code: $0.code.name, path: $0.path, message: $0.message, remedy: $0.remedy)
            })
    }
}

private func isDriverID(_ text: String) -> Bool {
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
    guard let directory = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
        let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        var status = stat()
        let isFolder =
            unsafe stat("\(path)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        if isFolder, isDriverID(name) { names.append(name) }
    }
    return names.sorted()
}
