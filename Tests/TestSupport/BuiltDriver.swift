package import Foundation
package import Host

/// A driver of this repository, as the build made it.
package struct BuiltDriver: Sendable, CustomStringConvertible {
    /// Its id.
    package let id: String
    private let library: String
    private let options: @Sendable (_ place: String) -> [String: OptionInput]

    package var description: String { id }

    /// Every driver that the tests run against.
    package static let all = [
        BuiltDriver(id: "local", library: "libLocalDriver.so") { ["path": OptionInput($0)] },
        BuiltDriver(id: "sqlite", library: "libSQLiteDriver.so") {
            ["path": OptionInput("\($0)/state.db")]
        },
    ]

    /// Puts the driver into `drivers`, as an installation does.
    package func install(into drivers: String) throws {
        let files = FileManager.default
        let folder = "\(drivers)/\(id)"
        try TemporaryFolder.makeFolder(folder)
        let built = try files.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let source = URL(filePath: built).deletingLastPathComponent().appending(path: library)
        try files.copyItem(atPath: source.path, toPath: "\(folder)/driver.so")
        let manifest = Self.repository.appending(path: "Plugins/\(id)/driver.toml")
        try files.copyItem(atPath: manifest.path, toPath: "\(folder)/driver.toml")
        for name in ["driver.so", "driver.toml"] {
            try files.setAttributes(
                [.posixPermissions: 0o644], ofItemAtPath: "\(folder)/\(name)")
        }
    }

    /// What opens a store of this driver in the folder `place`.
    package func specification(
        at place: String, name: String = "default", layers: [String]? = nil
    ) -> StoreSpecification {
        StoreSpecification(
            name: name, driver: id, options: options(place), projectRoot: place, layers: layers)
    }

    /// The repository's folder.
    package static let repository = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
