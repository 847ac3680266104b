/// A driver's folder as it was found; nothing of it was run.
package struct InstalledDriver: Sendable {
    /// The driver's id: its folder's name.
    package var id: String
    /// The folder.
    package var folder: String
    /// What `driver.toml` says; `nil` when it cannot be read.
    package var manifest: Manifest?
    /// Why it cannot be used; `nil` when it can.
    package var problem: HostError?
    /// The folder that is used instead because it comes earlier; `nil` when this one counts.
    package var shadowedBy: String?
    /// The pin that counts for it; `nil` when no lock file pins it.
    package var pin: DriverPin?

    /// The parts of `driver.toml` that people ask for.
    package struct Manifest: Sendable, Hashable {
        /// The driver's name for people.
        package var name: String
        /// Its version.
        package var version: String
        /// Who publishes it.
        package var publisher: String
        /// Its licence, as an SPDX expression.
        package var license: String
        /// One sentence.
        package var summary: String
    }
}
