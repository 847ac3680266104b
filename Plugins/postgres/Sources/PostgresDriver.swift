internal import CPostgres
internal import HoldfastDriver

/// Keeps objects as rows of one PostgreSQL database.
struct PostgresDriver: Driver {
    static let description = DriverDescription(
        id: "postgres", version: "0.1.0", vendor: "Holdfast",
        summary: "Tables of one PostgreSQL database, shared by any number of machines.",
        threadModel: .parallel, addressing: .rows, options: options, capabilities: capabilities)

    /// What every open store can do.
    static let capabilities = [
        Capability("condition.absent", .native),
        Capability("condition.version", .native),
        Capability("range", .native),
        Capability("list.attributes", .native),
        Capability("clock", .native, note: "the server's clock_timestamp()"),
        Capability(
            "value", .native, limit: PostgresStore.maximumByteCount,
            note: "1 TiB; over 1 MiB in chunks of 1 MiB"),
        Capability(
            "transaction", .native, limit: UInt64(PostgresStore.maximumChangeCount),
            note: "one transaction of the server, in one round trip"),
        Capability(
            "watch", .native,
            note: "by LISTEN and NOTIFY; behind a pooler by looking twice a second"),
        Capability(
            "concurrency", .native, limit: 16, note: "the option pool_size: calls at once"),
    ]

    static let operations = [identity, policy]

    init(host: HostServices) throws(DriverError) {
        guard PQisthreadsafe() != 0 else {
            throw DriverError(.unsupported, "the installed libpq was built without thread safety")
        }
        guard PQlibVersion() >= 140_000 else {
            throw DriverError(
                .unsupported,
                "the installed libpq is \(PQlibVersion() / 10_000); 14 or newer is needed")
        }
    }

    func open(_ options: Options, _ call: Call) throws(DriverError) -> PostgresStore {
        try PostgresStore(try Settings(options), mustExist: options.mustExist, call)
    }

    private static let options = [
        OptionDescription(
            "url", .secret,
            "The connection string, as a URI (postgresql://…) or as keywords (host=… dbname=…).",
            environment: ["HOLDFAST_STATE_POSTGRES_URL", "RUNFABRIC_STATE_POSTGRES_URL"]),
        OptionDescription(
            "url_source", .variable(of: "url"),
            "The name of the environment variable that holds the connection string."),
        OptionDescription(
            "connection_string_env", .variable(of: "url"),
            "The name of the environment variable that holds the connection string.",
            flatKeys: ["postgresConnectionStringEnv"]),
        OptionDescription(
            "table", .string,
            "The table of the deploy receipts; the names of the other tables start with it.",
            default: "runfabric_receipts", flatKeys: ["postgresTable"]),
        OptionDescription(
            "schema", .string,
            "The schema of the tables; without it the first of the role's search_path."),
        OptionDescription(
            "bootstrap", .boolean,
            "Makes and updates the tables where that is needed; otherwise they must be there.",
            default: "true"),
        OptionDescription(
            "sslmode",
            .choice(["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]),
            "How the connection is encrypted; by default as the connection string says."),
        OptionDescription(
            "sslrootcert", .path, "The certificates of the authorities that the server is held to."),
        OptionDescription("sslcert", .path, "The client's certificate."),
        OptionDescription("sslkey", .path, "The client's private key."),
        OptionDescription(
            "pool_size", .integer(1...1000), "The most connections that are open at once.",
            default: "16"),
        OptionDescription(
            "prepared_statements", .choice(["auto", "on", "off"]),
            "Whether statements stay prepared on a connection: not behind a pooler of transactions.",
            default: "auto"),
        OptionDescription(
            "connect_timeout", .duration, "The longest time to connect to one address.",
            default: "10s"),
    ]
}
