internal import HoldfastDriver

/// Keeps objects in a bucket of Amazon S3 or of a service that resembles it.
struct S3Driver: Driver {
    static let description = DriverDescription(
        id: "s3", version: "0.1.0", vendor: "Holdfast",
        summary: "A bucket of Amazon S3 or of a service like it, shared by any number of machines.",
        threadModel: .parallel, addressing: .place, options: StoreOptions.descriptions,
        capabilities: capabilities)

    /// What a store can do on a service that honours conditions.
    static let capabilities = [
        Capability("condition.absent", .native, note: "If-None-Match, tried out in the bucket"),
        Capability(
            "condition.version", .native,
            note:
                "If-Match and a random token; bytes that come back within one write look unchanged"),
        Capability(
            "condition.unique", .native,
            note: "records of states have bytes of their own, so that they never look unchanged"),
        Capability("range", .native),
        Capability(
            "value", .native, limit: S3Store.maximumByteCount,
            note: "64 GiB; over 8 MiB in parts that are sent side by side"),
        Capability("concurrency", .native, limit: 64, note: "one connection for each call"),
    ]

    static let operations = [presign, versions, place, identity, policy]

    init(host: HostServices) throws(DriverError) {}

    func open(_ options: Options, _ call: Call) throws(DriverError) -> S3Store {
        let settings = try StoreOptions(options)
        let service = try settings.service()
        try Bucket(service).prepare(
            bootstrap: settings.bootstrap, mustExist: options.mustExist, call)
        return S3Store(
            service, try Verdict.find(service, again: settings.probesAgain, call),
            bootstrap: settings.bootstrap)
    }
}
