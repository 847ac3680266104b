internal import Host

/// One file, with the blocks that Holdfast owns taken out of it.
struct ConfigurationFile {
    /// The names of the blocks and keys that Holdfast owns.
    static let ownedNames = ["backend", "stores", "service", "daemon", "drivers"]
    /// Blocks of Holdfast's that this version does not have.
    static let laterNames = ["profiles", "defaults", "reconcile", "providers"]

    var backend: BackendBlock?
    var stores: [StoreBlock] = []
    var service: Sourced<String>?
    var daemon: DaemonBlock?
    var drivers: DriversBlock?
    /// The region of the `provider` block, which is another program's.
    var region: Sourced<String>?
    var notices: [String] = []

    /// Reads a file.
    ///
    /// - Returns: `nil` when there is none.
    static func read(
        _ path: String, label: String, owner: FileReading.Owner, environment: [String: String]
    ) throws(ConfigurationError) -> ConfigurationFile? {
        let contents = try TextFile.read(
            path, label: label, byteCountMax: YAMLDocument.byteCountMax)
        guard let contents else { return nil }
        let document = try YAMLDocument(try YAMLText(contents.bytes, label: label))
        let reading = FileReading(
            owner: owner, binding: EnvironmentBinding(environment: environment))
        let isForeign = FilePath.name(of: path).hasPrefix("runfabric.")
        return try ConfigurationFile(document, reading, isForeign: isForeign)
    }

    private init(
        _ document: YAMLDocument, _ file: FileReading, isForeign: Bool
    ) throws(ConfigurationError) {
        for entry in document.entries {
            switch entry.key {
            case "backend": backend = try BackendBlock(entry.value, file)
            case "stores": stores = try StoreBlock.all(in: entry.value, file)
            case "service": service = try Self.service(entry.value, file)
            case "daemon": daemon = try DaemonBlock(entry.value, file)
            case "provider": region = Self.region(entry.value, file)
            case _ where isForeign: break
            case "drivers": drivers = try DriversBlock(entry.value, file)
            case _ where Self.laterNames.contains(entry.key): throw notYet(entry)
            default: note(entry)
            }
        }
    }

    private static func service(
        _ value: YAMLValue, _ file: FileReading
    ) throws(ConfigurationError) -> Sourced<String> {
        let service = try file.text(value, of: "service")
        guard !service.value.isEmpty, !service.value.contains("/"),
            service.value.utf8.count <= Limits.partBytes
        else {
            throw ConfigurationError(
                .invalid, at: value.location,
                "`service` must be a name of 1 to \(Limits.partBytes) bytes without slashes")
        }
        return service
    }

    /// What cannot be read of another program's block is as if it were not there.
    private static func region(_ value: YAMLValue, _ file: FileReading) -> Sourced<String>? {
        let entries = try? value.entries(of: "`provider`")
        guard let entry = entries?.first(where: { $0.key == "region" }) else { return nil }
        let region = try? file.text(entry.value, of: "provider.region")
        return region?.value.isEmpty == true ? nil : region
    }

    private func notYet(_ entry: YAMLEntry) -> ConfigurationError {
        ConfigurationError(
            .notImplemented, at: entry.location,
            "`\(entry.key)` is a block of Holdfast's that this version does not have",
            advice: "remove it: it would have no effect")
    }

    /// A top-level key may be another program's, so a near miss is said and not refused.
    private mutating func note(_ entry: YAMLEntry) {
        guard let nearest = DidYouMean.closest(to: entry.key, among: Self.ownedNames) else {
            return
        }
        notices.append(
            "\(entry.location): \"\(printable(entry.key))\" is not read by Holdfast; "
                + "did you mean \"\(nearest)\"?")
    }
}
