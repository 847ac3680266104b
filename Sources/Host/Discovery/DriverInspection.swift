/// What every check that runs no code of a driver found.
package struct DriverInspection: Sendable {
    /// One thing that keeps the driver from being loaded.
    package struct Problem: Sendable, Hashable {
        /// The kind, a stable word such as `writable`.
        package var code: String
        /// The file concerned.
        package var path: String
        /// What is wrong.
        package var message: String
        /// What to do.
        package var remedy: String
    }

    /// The folder.
    package var folder: String
    /// The library's path; empty when the manifest names none.
    package var libraryPath: String
    /// What `driver.toml` says; `nil` when it cannot be read.
    package var manifest: InstalledDriver.Manifest?
    /// The driver's id in the manifest; empty when it cannot be read.
    package var id: String
    /// The shared libraries that it needs.
    package var neededLibraries: [String]
    /// The symbols that it exports.
    package var exportedSymbols: [String]
    /// The hashes of its two files.
    package var digests: DriverDigests
    /// The pin that counts for it; `nil` when no lock file pins it.
    package var pin: DriverPin?
    /// Everything that keeps it from being loaded; empty when nothing does.
    package var problems: [Problem]
}
