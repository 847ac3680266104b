internal import Glibc
internal import HoldfastLoader

/// What `driver install` was given: a driver's folder, or the library in one.
struct DriverSource {
    /// The folder.
    let folder: String
    /// The library's name, when it was that what was given.
    let library: String?

    init(_ path: String) throws(HostError) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw .system("cannot read \(path)") }
            throw HostError(
                .notFound, "\(path) does not exist",
                advice: "name a driver's folder, or its library with driver.toml beside it")
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            folder = absolute(path)
            library = nil
        case S_IFREG where lastPart(path) != "driver.toml":
            folder = parent(of: absolute(path))
            library = lastPart(path)
        default:
            throw HostError(
                .driverRefused, "\(path) is neither a folder nor a driver's library",
                advice: "name a driver's folder, or its library with driver.toml beside it")
        }
    }

    /// Checks that the folder holds the driver and nothing else.
    ///
    /// A library that was named may lie among other files, as it does where it was built.
    func checkContents(_ manifest: DriverManifest) throws(HostError) {
        if let library, library != manifest.library {
            throw HostError(
                .driverRefused,
                "\(folder)/driver.toml is about \(shown(manifest.library)), not \(shown(library))",
                advice: "name the library that its manifest names", driver: manifest.id,
                vendorName: "name")
        }
        guard library == nil else { return }
        try Self.checkNothingElse(
            folder, library: manifest.library, driver: manifest.id,
            advice: "a driver is its library and driver.toml: remove the rest, or name the library")
    }

    /// Refuses a folder with other files than a driver's two.
    static func checkNothingElse(
        _ folder: String, library: String, driver: String, advice: String
    ) throws(HostError) {
        guard let names = directoryNames(folder) else { throw .system("cannot read \(folder)") }
        let others = names.filter { $0 != library && $0 != "driver.toml" }
        guard others.isEmpty else {
            let list = others.prefix(3).map(shown).joined(separator: ", ")
            throw HostError(
                .driverRefused,
                "\(folder) holds \(others.count) more than a driver's files: \(list)",
                advice: advice, driver: driver, vendorName: "contents")
        }
    }
}
