internal import HoldfastDriver

/// The options of a store, checked.
struct Settings: Sendable {
    /// Whether statements stay prepared on a connection.
    enum Preparing: String { case auto, on, off }

    /// How to reach the server.
    let connection: ConnectionString
    /// The tables.
    let names: TableNames
    /// Whether tables may be made.
    let mayBootstrap: Bool
    /// The most connections.
    let poolSize: Int
    /// Whether statements stay prepared.
    let preparing: Preparing
    /// The longest time to connect to one address.
    let connectNanoseconds: Int64

    /// Checks the options.
    ///
    /// - Throws: ``DriverError``, without a word of the connection string.
    init(_ options: Options) throws(DriverError) {
        guard let url = options.text("url"), !url.isEmpty else {
            throw DriverError(
                .invalid,
                "the option url is missing: give the connection string in the environment variable "
                    + "HOLDFAST_STATE_POSTGRES_URL, or the name of another one in url_source")
        }
        var overrides: [String: String] = [:]
        for name in ["sslmode", "sslrootcert", "sslcert", "sslkey"] {
            if let text = options.text(name) { overrides[name] = text }
        }
        connection = try ConnectionString(url, overrides)
        names = try TableNames(
            table: options.text("table") ?? "runfabric_receipts", schema: options.text("schema"))
        mayBootstrap = options.flag("bootstrap") ?? true
        poolSize = Int(options.number("pool_size") ?? 16)
        preparing = options.text("prepared_statements").flatMap(Preparing.init) ?? .auto
        let wanted = options.number("connect_timeout") ?? 10_000_000_000
        guard wanted > 0 else {
            throw DriverError(.invalid, "the option connect_timeout must be longer than 0")
        }
        // A day is as good as for ever, and can be added to a time.
        connectNanoseconds = min(
            wanted, connection.connectNanoseconds ?? .max, 86_400_000_000_000)
    }
}
