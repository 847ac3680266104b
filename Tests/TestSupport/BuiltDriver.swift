package import Foundation
package import Host

/// A driver of this repository, as the build made it, and where its tests keep their stores.
package struct BuiltDriver: Sendable, CustomStringConvertible {
    /// Its id.
    package let id: String
    private let library: URL
    private let manifest: URL
    private let options: @Sendable (_ place: String) -> [String: OptionInput]
    private var environment: [String: String] = [:]

    package var description: String { id }

    /// The drivers whose stores need nothing but a folder.
    package static let all = [
        BuiltDriver("local", "libLocalDriver.so") { ["path": OptionInput($0)] },
        BuiltDriver("sqlite", "libSQLiteDriver.so") {
            ["path": OptionInput("\($0)/state.db")]
        },
    ]

    /// Those, and the drivers for whose servers `HOLDFAST_TEST_STORES` says where they are.
    ///
    /// The variable names a JSON file: `{"ID": {"folder": …, "options": {…}, "environment": {…}}}`.
    /// `folder` holds the driver's `driver.so` and `driver.toml`; the values of `options` are texts, in
    /// which `{place}` stands for a name of its own for each place, of a-z and 0-9; `environment`, which
    /// may be left out, is what the driver's options find as the environment.
    package static let everywhere = all + served

    private static var served: [BuiltDriver] {
        guard let file = ProcessInfo.processInfo.environment["HOLDFAST_TEST_STORES"] else {
            return []
        }
        do {
            let data = try Data(contentsOf: URL(filePath: file))
            let stores = try JSONDecoder().decode([String: ServedStore].self, from: data)
            return stores.sorted { $0.key < $1.key }.map { BuiltDriver($0.key, $0.value) }
        } catch {
            // A run without what it was promised is no run.
            fatalError("HOLDFAST_TEST_STORES names \(file), which cannot be used: \(error)")
        }
    }

    private struct ServedStore: Decodable {
        var folder: String
        var options: [String: String]
        var environment: [String: String]?
    }

    private init(
        _ id: String, _ library: String,
        _ options: @escaping @Sendable (_ place: String) -> [String: OptionInput]
    ) {
        self.id = id
        self.library = Self.buildFolder.appending(path: library)
        manifest = Self.repository.appending(path: "Plugins/\(id)/driver.toml")
        self.options = options
    }

    private init(_ id: String, _ served: ServedStore) {
        self.id = id
        library = URL(filePath: served.folder).appending(path: "driver.so")
        manifest = URL(filePath: served.folder).appending(path: "driver.toml")
        environment = served.environment ?? [:]
        options = { place in
            let letters = place.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
            return served.options.mapValues {
                OptionInput($0.replacing("{place}", with: "t" + letters.suffix(16)))
            }
        }
    }

    /// Where the build puts what it makes.
    private static var buildFolder: URL {
        let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: program ?? "").deletingLastPathComponent()
    }

    /// Puts the driver into `drivers`, as an installation does.
    package func install(into drivers: String) throws {
        let files = FileManager.default
        let folder = "\(drivers)/\(id)"
        try TemporaryFolder.makeFolder(folder)
        try files.copyItem(atPath: library.path, toPath: "\(folder)/driver.so")
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
            name: name, driver: id, options: options(place), projectRoot: place, layers: layers,
            environment: environment)
    }

    /// The repository's folder.
    package static let repository = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
