package import Logging

/// Finds, checks, loads and starts drivers, and opens stores with them.
package final class Host: Sendable {
    /// Where drivers are looked for.
    package let search: DriverSearchPath

    /// Makes a host; nothing is searched or loaded yet.
    package init(search: DriverSearchPath, logger: Logger, hostVersion: String) {
        self.search = search
    }

    /// What is installed, by manifest; nothing of it is run.
    package func installedDrivers() -> [InstalledDriver] { [] }

    /// What a driver says of itself; loads and starts it.
    package func driver(_ id: String) throws(HostError) -> DriverDescriptor {
        throw HostError(.driverMissing, "no driver \(id) is installed", driver: id)
    }

    /// Opens a store with its layers.
    package func open(_ specification: StoreSpecification, _ call: Call) throws(HostError) -> Store
    {
        throw HostError(.driverMissing, "no driver is installed", driver: specification.driver)
    }

    /// Runs every check on a driver's folder, and no code of the driver.
    package func inspect(path: String) -> DriverInspection {
        DriverInspection(
            folder: path, libraryPath: "", manifest: nil, id: "", neededLibraries: [],
            exportedSymbols: [], problems: [])
    }

    /// Closes every store and stops every driver.
    package func shutdown() {}
}
