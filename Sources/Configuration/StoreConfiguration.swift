package import Host

/// A store as configured, ready to be opened.
package struct StoreConfiguration: Sendable {
    /// The store's name.
    package let name: String
    /// The driver's id.
    package let driver: Sourced<String>
    /// Whose rows are meant in a store that serves many projects.
    package let workspaceID: Sourced<String>
    /// The options as given, by the name or flat key that they were given under.
    package let options: [String: Sourced<String>]
    /// Where the driver's code runs; `nil` where its trust decides.
    package let isolation: Sourced<Isolation>?
    /// What `Host.open` takes.
    package let specification: StoreSpecification
    /// The store that keeps the locks where this one has no conditional writes.
    package internal(set) var locks: LocksConfiguration?

    /// The workspace that keys carry: none where the place itself is the workspace.
    package func workspace(for addressing: Addressing) -> String {
        switch addressing {
        case .place: ""
        case .rows: workspaceID.value
        }
    }
}

/// Makes stores' configurations out of blocks.
struct StoreAssembly {
    let root: String
    let workspaceID: Sourced<String>
    let environment: [String: String]
    let region: Sourced<String>?

    /// The store named `default`.
    func backend(_ block: BackendBlock?) throws(ConfigurationError) -> StoreConfiguration {
        let kind = block?.kind ?? Sourced("local", .standard("default"))
        var options = block?.options ?? [:]
        let keyStyle = block?.keyStyle ?? .flatKeys
        if let place = Self.places[kind.value] {
            let key = keyStyle == .flatKeys ? place.flatKey : "path"
            if options[key] == nil {
                let folder = try DataFolder(root: root)
                options[key] = Sourced(folder.name + place.suffix, folder.origin)
            }
        }
        return assemble(
            "default", kind, options, keyStyle, layers: nil, faults: [],
            isolation: block?.isolation, location: block?.location,
            locks: lockTable(of: block)
                ?? block?.locks.map { LocksConfiguration(named: $0, of: "default") })
    }

    /// A store of the `stores` block.
    func named(_ block: StoreBlock) -> StoreConfiguration {
        assemble(
            block.name, block.driver, block.options, .names, layers: block.layers?.value,
            faults: block.faults, isolation: block.isolation, location: block.location,
            locks: block.locks.map { LocksConfiguration(named: $0, of: block.name) })
    }

    /// Where the built-in kinds keep a project's state, inside its data folder.
    private static let places = [
        "local": (flatKey: "localPath", suffix: ""),
        "sqlite": (flatKey: "sqlitePath", suffix: "/state.db"),
    ]

    private func assemble(
        _ name: String, _ driver: Sourced<String>, _ options: [String: Sourced<String>],
        _ keyStyle: StoreSpecification.KeyStyle, layers: [String]?, faults: [FaultRule],
        isolation: Sourced<Isolation>?, location: SourceLocation?, locks: LocksConfiguration?
    ) -> StoreConfiguration {
        StoreConfiguration(
            name: name, driver: driver, workspaceID: workspaceID, options: options,
            isolation: isolation,
            specification: StoreSpecification(
                name: name, driver: driver.value, options: options.mapValues(Self.input),
                keyStyle: keyStyle,
                projectRoot: root, layers: layers, faults: faults, isolation: isolation?.value,
                location: location?.description, environment: environment,
                projectValues: regionValues),
            locks: locks)
    }

    private var regionValues: [String: OptionInput] {
        region.map { ["region": Self.input($0)] } ?? [:]
    }

    /// The table that keeps an s3 backend's locks, as a store of its own: of the same region, with what
    /// credentials the same environment gives.
    private func lockTable(of block: BackendBlock?) -> LocksConfiguration? {
        guard let table = block?.lockTable else { return nil }
        return LocksConfiguration(
            table: table,
            StoreSpecification(
                name: "lockTable:\(table.value)", driver: "dynamodb",
                options: ["table": Self.input(table)], projectRoot: root,
                location: table.origin.location?.description, environment: environment,
                projectValues: regionValues))
    }

    private static func input(_ option: Sourced<String>) -> OptionInput {
        OptionInput(
            option.value, location: option.origin.location?.description,
            origin: option.origin.description)
    }
}
