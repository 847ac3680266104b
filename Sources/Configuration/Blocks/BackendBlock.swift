internal import Host

/// The `backend:` block: the store named `default`.
struct BackendBlock {
    static let ownKeys = ["kind", "workspaceId", "options", "isolation", "locks"]
    /// The flat keys of the kinds that every project file may name.
    ///
    /// They are known here so that a file is judged alike whichever drivers are installed. Keys of
    /// any other kind are its driver's to know, and the host checks them against the driver's
    /// description.
    static let flatKeys = [
        "local": ["localPath"],
        "sqlite": ["sqlitePath"],
        "postgres": ["postgresConnectionStringEnv", "postgresTable"],
        "dynamodb": ["receiptTable", "lockTable"],
        "s3": ["s3Bucket", "s3Prefix", "lockTable"],
        "gcs": ["gcsBucket", "gcsPrefix"],
        "azblob": ["azblobContainer", "azblobPrefix"],
        "controller": ["controllerUrl", "controllerTokenEnv"],
    ]

    let location: SourceLocation
    let kind: Sourced<String>?
    let workspaceID: Sourced<String>?
    let isolation: Sourced<Isolation>?
    /// The store that keeps the locks where the backend has no conditional writes.
    let locks: Sourced<String>?
    /// The table of DynamoDB that does so; only of an s3 backend.
    let lockTable: Sourced<String>?
    /// The options and how their keys name them.
    let options: [String: Sourced<String>]
    let keyStyle: StoreSpecification.KeyStyle

    init(_ value: YAMLValue, _ file: FileReading) throws(ConfigurationError) {
        let block = try Block("backend", value, file)
        location = block.entries.first?.location ?? block.location
        kind = try block.driverID("kind")
        workspaceID = try block.workspaceID()
        isolation = try block.isolation()
        locks = try block.text("locks")
        var flat = try Self.flatOptions(of: block, kind: kind?.value ?? "local")
        // The host's to act on, not the driver's; of dynamodb it is an option.
        lockTable = kind?.value == "s3" ? flat.removeValue(forKey: "lockTable") : nil
        if let locks, lockTable != nil {
            throw ConfigurationError(
                .conflict, at: locks.origin.location,
                "`backend` has both `locks` and `lockTable`", advice: "give only one of them")
        }
        guard let entry = block["options"] else {
            options = flat
            keyStyle = .flatKeys
            return
        }
        if let key = flat.keys.min(), let stray = block[key] {
            throw ConfigurationError(
                .conflict, at: stray.location,
                "`backend` has both `options` and the key \"\(key)\"",
                advice: "put every option of the driver under `options`")
        }
        options = try block.options(entry)
        keyStyle = .names
    }

    private static func flatOptions(
        of block: Block, kind: String
    ) throws(ConfigurationError) -> [String: Sourced<String>] {
        var options: [String: Sourced<String>] = [:]
        for entry in block.entries where !ownKeys.contains(entry.key) {
            if let known = flatKeys[kind], !known.contains(entry.key) {
                throw block.unknown(entry, among: ownKeys + known)
            }
            try refuseMisspelling(entry, in: block)
            options[entry.key] = try block.text(entry.key)
        }
        return options
    }

    /// `kidn: s3` must not pass for an option: the default kind would quietly be used instead.
    private static func refuseMisspelling(
        _ entry: YAMLEntry, in block: Block
    ) throws(ConfigurationError) {
        let missing = ownKeys.filter { block[$0] == nil }
        guard DidYouMean.closest(to: entry.key, among: missing) != nil else { return }
        throw block.unknown(entry, among: missing)
    }
}

extension Block {
    /// The driver's id under a key.
    func driverID(_ key: String) throws(ConfigurationError) -> Sourced<String>? {
        guard let entry = self[key], let id = try text(key) else { return nil }
        let isID =
            (1...32).contains(id.value.utf8.count)
            && id.value.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
            }
        guard isID else {
            throw ConfigurationError(
                .invalid, at: entry.value.location,
                "`\(name).\(key)` is \"\(printable(id.value))\", which is no driver's id",
                advice: "an id has 1 to 32 lower-case letters, digits and hyphens, such as sqlite")
        }
        return id
    }

    /// The options in a block of them.
    func options(_ entry: YAMLEntry) throws(ConfigurationError) -> [String: Sourced<String>] {
        let inner = try Block("\(name).options", entry.value, file)
        var options: [String: Sourced<String>] = [:]
        for option in inner.entries { options[option.key] = try inner.text(option.key) }
        return options
    }

    fileprivate func workspaceID() throws(ConfigurationError) -> Sourced<String>? {
        guard let entry = self["workspaceId"], let id = try text("workspaceId") else { return nil }
        let isPrintable = printable(id.value) == String(id.value.prefix(80)) || id.value.count > 80
        guard (1...Limits.workspaceBytes).contains(id.value.utf8.count), isPrintable else {
            throw ConfigurationError(
                .invalid, at: entry.value.location,
                "`backend.workspaceId` must have 1 to \(Limits.workspaceBytes) printable bytes")
        }
        return id
    }
}
