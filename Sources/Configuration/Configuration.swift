internal import Host

/// Everything that was configured, each value with its origin.
///
/// The order is flag, environment, project file, user file, default. Scalars and the keys of
/// `daemon` count one by one; `backend` and each store count whole, because half of one store's
/// options and half of another's make a third that nobody configured.
package struct Configuration: Sendable {
    /// The project's root: absolute, no slash at its end.
    package let projectRoot: Sourced<String>
    /// The project's file, absolute; `nil` when there is none.
    package let file: Sourced<String>?
    /// The user's own file; `nil` when there is none.
    package let userFile: String?
    /// Whose receipts are meant; `nil` when nobody said.
    package let service: Sourced<String>?
    /// Where the project's provider is, for drivers that need a region; `nil` when the project does
    /// not say.
    package let region: Sourced<String>?
    /// The store that commands use.
    package let selectedStore: Sourced<String>
    /// Every store: `default` first, the others by name.
    package let stores: [StoreConfiguration]
    /// The daemon's settings.
    package let daemon: DaemonConfiguration
    /// What happens when processes of drivers crash.
    package let drivers: DriversConfiguration
    /// What people should be told, though nothing is wrong.
    package let notices: [String]

    /// Reads the files and puts everything together.
    ///
    /// Blocks on file reads.
    ///
    /// - Throws: ``ConfigurationError``.
    package static func load(
        _ request: ConfigurationRequest
    ) throws(ConfigurationError) -> Configuration {
        try Configuration(request, ConfigurationPlaces(request))
    }

    private init(
        _ request: ConfigurationRequest, _ places: ConfigurationPlaces
    ) throws(ConfigurationError) {
        let project = try places.readProjectFile(request.environment)
        let user = try places.readUserFile(request.environment)
        projectRoot = places.root
        file = project == nil ? nil : places.projectFile
        userFile = user == nil ? nil : places.userFile
        notices = (project?.notices ?? []) + (user?.notices ?? [])
        service =
            request.given("--service", request.service, variables: ["HOLDFAST_SERVICE"])
            ?? project?.service ?? user?.service
        region = project?.region
        selectedStore =
            request.given("--store", request.store, variables: ["HOLDFAST_STORE"])
            ?? Sourced("default", .standard("default"))
        daemon = try DaemonConfiguration(
            request, project: project?.daemon, user: user?.daemon, root: places.root.value)

        drivers = try DriversConfiguration(project: project?.drivers, user: user?.drivers)

        let backend = project?.backend ?? user?.backend
        let assembly = StoreAssembly(
            root: places.root.value,
            workspaceID: backend?.workspaceID
                ?? Sourced(places.root.value, .standard("the project's root")),
            environment: request.environment, region: project?.region)
        var named = Dictionary(
            (user?.stores ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for store in project?.stores ?? [] { named[store.name] = store }
        stores = try LocksConfiguration.resolve(
            [try assembly.backend(backend)]
                + named.values.sorted { $0.name < $1.name }.map(assembly.named))
    }

    /// The store of a name.
    ///
    /// - Throws: ``ConfigurationError`` that lists the names there are.
    package func store(named name: String) throws(ConfigurationError) -> StoreConfiguration {
        if let store = stores.first(where: { $0.name == name }) { return store }
        let names = stores.map(\.name)
        throw ConfigurationError(
            .invalid, "no store is named \"\(printable(name))\"",
            advice: DidYouMean.closest(to: name, among: names).map { "did you mean \"\($0)\"?" }
                ?? "configured: \(names.joined(separator: ", "))")
    }

    /// The store that commands use.
    package func selected() throws(ConfigurationError) -> StoreConfiguration {
        try store(named: selectedStore.value)
    }
}
