internal import Host

/// One entry of the `stores:` block.
struct StoreBlock {
    static let keys = ["driver", "options", "layers", "faults", "isolation", "locks"]

    let name: String
    let location: SourceLocation
    let driver: Sourced<String>
    let options: [String: Sourced<String>]
    let layers: Sourced<[String]>?
    let faults: [FaultRule]
    let isolation: Sourced<Isolation>?
    let locks: Sourced<String>?

    /// Every store of the block, in file order.
    static func all(
        in value: YAMLValue, _ file: FileReading
    ) throws(ConfigurationError) -> [StoreBlock] {
        let block = try Block("stores", value, file)
        var stores: [StoreBlock] = []
        for entry in block.entries { stores.append(try StoreBlock(entry, file)) }
        return stores
    }

    private init(_ entry: YAMLEntry, _ file: FileReading) throws(ConfigurationError) {
        name = entry.key
        location = entry.location
        try Self.check(entry)
        let block = try Block("stores.\(name)", entry.value, file)
        try block.allow(only: Self.keys)
        guard let driver = try block.driverID("driver") else {
            throw ConfigurationError(
                .invalid, at: entry.location, "`stores.\(name)` names no `driver`",
                advice: "holdfast driver list shows those installed")
        }
        self.driver = driver
        options =
            try block["options"].map { entry throws(ConfigurationError) in
                try block.options(entry)
            } ?? [:]
        layers = try block.list("layers")
        faults = try Self.faults(of: block)
        isolation = try block.isolation()
        locks = try block.text("locks")
    }

    private static func check(_ entry: YAMLEntry) throws(ConfigurationError) {
        if entry.key == "default" {
            throw ConfigurationError(
                .conflict, at: entry.location,
                "`stores.default` would be a second store of that name",
                advice: "the `backend` block is the store named default; choose another name here")
        }
        let isName =
            (1...64).contains(entry.key.utf8.count)
            && entry.key.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0)
                    || (0x30...0x39).contains($0) || "-_".utf8.contains($0)
            }
        guard isName else {
            throw ConfigurationError(
                .invalid, at: entry.location,
                "\"\(printable(entry.key))\" is no name for a store",
                advice: "a name has 1 to 64 letters, digits, hyphens and underscores")
        }
    }

    private static func faults(of block: Block) throws(ConfigurationError) -> [FaultRule] {
        guard let list = try block.list("faults") else { return [] }
        var rules: [FaultRule] = []
        for text in list.value {
            do throws(HostError) { rules.append(try FaultRule(text)) } catch {
                throw ConfigurationError(
                    .invalid, at: block["faults"]?.value.location ?? block.location,
                    "`\(block.name).faults`: \(error.message)", advice: error.advice)
            }
        }
        return rules
    }
}
