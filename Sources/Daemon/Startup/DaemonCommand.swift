internal import ArgumentParser
internal import Host
internal import Logging

/// The flags of `holdfastd`.
struct DaemonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfastd",
        abstract: "Serves the state of deployments over HTTP, from any store.",
        discussion: """
            EXAMPLES
              holdfastd                                     the project in this folder
              holdfastd -c /srv/project/holdfast.yml -p 0   any free port
              holdfastd --address 0.0.0.0 --api-key-file /etc/holdfast/key

            Terraform and OpenTofu use http://ADDRESS:PORT/terraform/<path> with their http backend.
            SIGTERM and SIGINT let running requests finish and end with status 0.

            EXIT STATUS
              0 ended on request · 1 failed, such as a port in use · 2 usage or configuration
              6 a driver is not the one that was pinned · 7 the store does not answer
            """,
        version: HoldfastVersion.current)

    @Option(help: "The address to listen on. (default: 127.0.0.1)")
    var address: String?

    @Option(name: .shortAndLong, help: "The port; 0 takes any free one. (default: 8766)")
    var port: Int?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("The project's root folder.", valueName: "folder"))
    var workspace: String?

    @Option(help: ArgumentHelp("The store that holds the states.", valueName: "name"))
    var store = "default"

    @Option(
        help: ArgumentHelp(
            "A further store, which requests name with ?store=NAME; repeatable.",
            valueName: "name"))
    var serve: [String] = []

    @Option(
        help: ArgumentHelp(
            "The key that clients must send. Other users of this machine can read it in the list of "
                + "processes: prefer --api-key-file or HOLDFAST_API_KEY.", valueName: "key"))
    var apiKey: String?

    @Option(
        help: ArgumentHelp(
            "A file with that key, readable by its owner alone.", valueName: "file"))
    var apiKeyFile: String?

    @Flag(help: "Serve another address than loopback with neither a key nor TLS.")
    var insecure = false

    @Option(
        help: ArgumentHelp(
            "A proxy whose X-Forwarded-For is believed, as an address or CIDR; repeatable.",
            valueName: "cidr"))
    var trustedProxy: [String] = []

    @Option(
        help: ArgumentHelp(
            "A further name that clients may call this daemon by; repeatable.",
            valueName: "name"))
    var allowedHost: [String] = []

    @Option(
        help: ArgumentHelp(
            "A folder to look for drivers in before all others; repeatable.",
            valueName: "folder"))
    var driverPath: [String] = []

    @Option(
        help: ArgumentHelp(
            "The lock file that pins drivers. (default: the user's and the system's)",
            valueName: "file"))
    var lockFile: String?

    @Option(
        help: ArgumentHelp(
            "The most bytes of a state, such as 512MiB.", valueName: "size"))
    var bodyLimit: ByteSize = ByteSize(count: 4 << 30)

    @Option(help: ArgumentHelp("The most connections at one time.", valueName: "count"))
    var maxConnections = 1024

    @Option(
        help: ArgumentHelp(
            "From which level on to log: trace, debug, info, notice, warning, error or critical.",
            valueName: "level"))
    var logLevel = LogLevel(level: .info)

    @Flag(help: "Let stores show the faults of their configuration; where no state matters.")
    var allowFaults = false

    @Flag(help: "Reserved for the dashboard, which this version does not have.")
    var dashboard = false

    func validate() throws {
        if dashboard {
            throw ValidationError("this version has no dashboard; leave out --dashboard")
        }
        guard (1...65_536).contains(maxConnections) else {
            throw ValidationError("--max-connections must be from 1 to 65536")
        }
    }
}

/// A number of bytes as a flag gives it.
struct ByteSize: ExpressibleByArgument {
    let count: UInt64

    var defaultValueDescription: String { "\(count >> 30)GiB" }

    init(count: UInt64) { self.count = count }

    /// Digits, with KiB, MiB or GiB behind them if need be; at least one byte, at most 4 GiB, which is
    /// the limit of the stored format.
    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard let number = UInt64(digits),
            let unit = Self.units[argument.dropFirst(digits.count).lowercased()]
        else { return nil }
        let (count, overflow) = number.multipliedReportingOverflow(by: unit)
        guard !overflow, (1...(4 << 30)).contains(count) else { return nil }
        self.count = count
    }

    private static let units: [String: UInt64] = [
        "": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
    ]
}

/// A log level as a flag gives it.
struct LogLevel: ExpressibleByArgument {
    let level: Logger.Level

    var defaultValueDescription: String { level.rawValue }

    init(level: Logger.Level) { self.level = level }

    init?(argument: String) {
        guard let level = Logger.Level(rawValue: argument.lowercased()) else { return nil }
        self.level = level
    }
}
