internal import HoldfastConfiguration
internal import Host
internal import Logging
internal import NIOCore

/// What the daemon was asked to do, checked.
struct DaemonSettings: Sendable {
    let address: String
    let port: Int
    let apiKey: String?
    let trustedProxies: [AddressRange]
    let allowedHosts: [String]
    /// The store of requests that name none.
    let store: StoreConfiguration
    /// The others that requests may name.
    let moreStores: [StoreConfiguration]
    let drivers: DriversConfiguration
    let driverPath: [String]
    let allowsFaults: Bool
    let lockFile: String?
    let bodyLimit: UInt64
    let connectionCount: Int
    let logLevel: Logger.Level
    /// What to ask the configuration again, for a key that has changed.
    let configurationRequest: ConfigurationRequest
    /// What the operator should hear before the daemon serves.
    let notices: [String]

    /// Puts flags, environment and files together; blocks on files.
    ///
    /// - Throws: ``StartupFailure`` with status 2.
    init(_ command: DaemonCommand) throws(StartupFailure) {
        let configuration: Configuration
        configurationRequest = Self.request(command)
        do throws(ConfigurationError) {
            configuration = try Configuration.load(configurationRequest)
            store = try configuration.store(named: command.store)
            var more: [StoreConfiguration] = []
            for name in configuration.daemon.stores.value where name != command.store {
                more.append(try configuration.store(named: name))
            }
            moreStores = more
        } catch {
            throw StartupFailure(error)
        }
        drivers = configuration.drivers
        let daemon = configuration.daemon
        address = try Self.address(daemon.address.value)
        port = daemon.port.value
        apiKey = daemon.apiKey?.value
        trustedProxies = try Self.ranges(daemon.trustedProxies.value)
        allowedHosts = daemon.allowedHosts.value
        driverPath = command.driverPath
        allowsFaults = command.allowFaults
        lockFile = command.lockFile
        bodyLimit = command.bodyLimit.count
        connectionCount = command.maxConnections
        logLevel = command.logLevel.level
        let warning = try ExposureRule.check(
            address: address, hasKey: apiKey != nil, isInsecure: daemon.insecure.value)
        notices = configuration.notices + (warning.map { [$0] } ?? [])
    }

    private static func request(_ command: DaemonCommand) -> ConfigurationRequest {
        var request = ConfigurationRequest.ofProcess()
        request.file = command.config
        request.workspace = command.workspace
        request.daemon.address = command.address
        request.daemon.port = command.port
        request.daemon.apiKey = command.apiKey
        request.daemon.apiKeyFile = command.apiKeyFile
        request.daemon.insecure = command.insecure ? true : nil
        request.daemon.trustedProxies = command.trustedProxy.isEmpty ? nil : command.trustedProxy
        request.daemon.allowedHosts = command.allowedHost.isEmpty ? nil : command.allowedHost
        request.daemon.stores = command.serve.isEmpty ? nil : command.serve
        return request
    }

    private static func address(_ text: String) throws(StartupFailure) -> String {
        let bare =
            text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        guard bare == "localhost" || IPAddress(bare) != nil else {
            throw StartupFailure(
                status: 2, "the address '\(text)' is not an IP address or localhost",
                advice: "give the address of one interface, or 0.0.0.0 for all")
        }
        return bare
    }

    private static func ranges(_ texts: [String]) throws(StartupFailure) -> [AddressRange] {
        var ranges: [AddressRange] = []
        for text in texts {
            guard let range = AddressRange(text) else {
                throw StartupFailure(
                    status: 2, "the trusted proxy '\(text)' is not an IP address or CIDR range",
                    advice: "write it as 10.0.0.5 or 10.0.0.0/8")
            }
            ranges.append(range)
        }
        return ranges
    }
}
