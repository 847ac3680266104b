internal import HoldfastDriver

/// Keeps objects as objects of one Google Cloud Storage bucket.
struct GCSDriver: Driver {
    static let description = DriverDescription(
        id: "gcs", version: "0.1.0", vendor: "Holdfast",
        summary: "One Google Cloud Storage bucket, shared by any number of machines.",
        threadModel: .parallel, addressing: .place, options: StoreOptions.descriptions,
        capabilities: capabilities)

    /// What every open store can do.
    static let capabilities = [
        Capability("condition.absent", .native),
        Capability("condition.version", .native, note: "the service's generations"),
        Capability("range", .native),
        Capability("list.attributes", .native),
        Capability(
            "value", .native, limit: GCSStore.maximumByteCount,
            note: "5 TiB; over 8 MiB in a resumable upload"),
        Capability(
            "concurrency", .native, limit: 64,
            note: "about one write a second to each object"),
    ]

    static let operations = [identity, policy]

    init(host: HostServices) throws(DriverError) {}

    func open(_ options: Options, _ call: Call) throws(DriverError) -> GCSStore {
        let settings = try StoreOptions(options)
        let service = try settings.service()
        try Bucket(service, settings.names).prepare(settings, mustExist: options.mustExist, call)
        return GCSStore(service, settings.names, bootstrap: settings.bootstrap)
    }
}
