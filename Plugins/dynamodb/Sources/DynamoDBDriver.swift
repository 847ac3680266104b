internal import HoldfastDriver

/// Keeps objects as items of one DynamoDB table.
struct DynamoDBDriver: Driver {
    static let description = DriverDescription(
        id: "dynamodb", version: "0.1.0", vendor: "Holdfast",
        summary: "One Amazon DynamoDB table, shared by any number of machines.",
        threadModel: .parallel, addressing: .rows, options: StoreOptions.descriptions,
        capabilities: capabilities)

    /// What every open store can do.
    static let capabilities = [
        Capability("condition.absent", .native),
        Capability("condition.version", .native),
        Capability("range", .native),
        Capability("list.attributes", .native),
        Capability(
            "transaction", .native, limit: UInt64(DynamoDBStore.changeCount),
            note: "TransactWriteItems"),
        Capability(
            "value", .native, limit: DynamoDBStore.maximumByteCount,
            note: "64 GiB; over 350 KiB in chunks"),
        Capability("concurrency", .native, limit: 64, note: "one connection for each call"),
    ]

    static let operations = [identity, policy]

    init(host: HostServices) throws(DriverError) {}

    func open(_ options: Options, _ call: Call) throws(DriverError) -> DynamoDBStore {
        let settings = try StoreOptions(options)
        let service = try settings.service(call)
        try Table(service).prepare(
            bootstrap: settings.bootstrap, mustExist: options.mustExist, call)
        return DynamoDBStore(service, bootstrap: settings.bootstrap)
    }
}
