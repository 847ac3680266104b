internal import HoldfastDriver

/// Keeps objects as block blobs of one container.
struct AzureBlobDriver: Driver {
    static let description = DriverDescription(
        id: "azblob", version: "0.1.0", vendor: "Holdfast",
        summary: "One container of an Azure storage account, shared by any number of machines.",
        threadModel: .parallel, addressing: .place, options: StoreOptions.descriptions,
        capabilities: capabilities)

    /// What every open store can do.
    static let capabilities = [
        Capability("condition.absent", .native, note: "If-None-Match"),
        Capability("condition.version", .native, note: "If-Match, by the blob's ETag"),
        Capability("range", .native),
        Capability("list.attributes", .native),
        Capability(
            "value", .native, limit: AzureBlobStore.maximumByteCount,
            note: "64 GiB; over 4 MiB in blocks"),
        Capability("concurrency", .native, limit: 64, note: "connections of its own for each call"),
    ]

    static let operations = [identity, policy]

    init(host: HostServices) throws(DriverError) {}

    func open(_ options: Options, _ call: Call) throws(DriverError) -> AzureBlobStore {
        let settings = try StoreOptions(options)
        let store = AzureBlobStore(try settings.service(), settings.names)
        try store.prepare(call)
        return store
    }
}
