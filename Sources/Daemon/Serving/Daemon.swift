internal import Glibc
internal import HoldfastConfiguration
internal import Host
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import Metrics
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import State
internal import Synchronization
internal import UnixSignals

/// The daemon: its stores, the endpoints over them, and the server in front.
final class Daemon: Sendable {
    private let settings: DaemonSettings
    private let sink: LogSink
    private let logger: Logger
    private let metrics = PrometheusMetrics()
    private let pool = BlockingPool()
    /// For long transfers, whose threads wait for their clients most of the time: so many that a few
    /// slow ones do not keep the others waiting.
    private let transferPool = BlockingPool(threads: 34)
    private let host: Host
    /// How long running requests may take to finish once the daemon is asked to end.
    private static let drainTime = Duration.seconds(30)

    init(_ settings: DaemonSettings, sink: LogSink) {
        self.settings = settings
        self.sink = sink
        let level = settings.logLevel
        LoggingSystem.bootstrap { JSONLogHandler(label: $0, level: level, sink: sink) }
        MetricsSystem.bootstrap(metrics)
        logger = Logger(label: "holdfastd")
        host = Host(
            search: DriverSearchPath(
                explicit: settings.driverPath, environment: Process.environment,
                executablePath: Process.executablePath),
            locks: DriverLockPlaces(
                explicit: settings.lockFile, environment: Process.environment,
                executablePath: Process.executablePath),
            logger: logger, hostVersion: HoldfastVersion.current,
            isolation: IsolationSetup(
                executablePath: Process.executablePath,
                quarantine: Quarantine(
                    environment: Process.environment, policy: settings.drivers.quarantinePolicy),
                delays: settings.drivers.restartDelays),
            allowsFaults: settings.allowsFaults)
    }

    /// Serves until the process is asked to end.
    ///
    /// - Throws: ``StartupFailure`` when it cannot start.
    func run() async throws(StartupFailure) {
        for notice in settings.notices { logger.warning("\(notice)") }
        try await PortCheck.check(settings)
        let place = try await openPlace()
        let store = place.store
        let readiness = Readiness(place: place, pool: pool)
        let frontDoor = frontDoor(place, readiness)
        let group = ServiceGroup(configuration: services(frontDoor, readiness))
        do {
            try await group.run()
        } catch is CancellationError {
            logger.warning("some requests were still running and were cut off")
        } catch {
            throw PortCheck.failure(error, settings)
        }
        await close(store)
        logger.info("ended")
    }

    // MARK: Parts

    private func openPlace() async throws(StartupFailure) -> StatePlace {
        let call = Call(timeout: .seconds(30))
        do {
            return try await pool.run(.normal, on: nil, call) { [host, logger, settings] in
                try Self.open(settings.store, host, logger, call)
            }
        } catch let error as HostError {
            throw StartupFailure(error)
        } catch let error as StateError {
            throw StartupFailure(error, store: settings.store.name)
        } catch {
            throw StartupFailure(status: 1, "the store could not be opened: \(error)")
        }
    }

    /// Opens a store, and the one of its locks where it needs another; blocks.
    private static func open(
        _ configuration: StoreConfiguration, _ host: Host, _ logger: Logger, _ call: Call
    ) throws -> StatePlace {
        let store = try host.open(configuration.specification, call)
        let place = StatePlace(
            store: store, workspace: configuration.workspace(for: store.addressing),
            locks: configuration.locks.map { LockStoreChoice($0, host) })
        do throws(StateError) { try place.prepare(call) } catch {
            store.close(Call(timeout: .seconds(5)))
            throw error
        }
        if let notice = place.notice { logger.warning("\(notice)") }
        if let lockStore = place.unfencedLockStore {
            logger.warning(
                "the locks are not fenced",
                metadata: ["store": "\(store.name)", "lock_store": "\(lockStore)"])
        }
        return place
    }

    /// Closing may wait for the store; the process ends either way.
    private func close(_ store: Store) async {
        let call = Call(timeout: .seconds(5))
        do {
            try await pool.run(.control, on: nil, call) { [host] in
                store.close(call)
                host.shutdown()
            }
        } catch {
            logger.warning("the store did not close in time")
        }
    }

    private func frontDoor(_ place: StatePlace, _ readiness: Readiness) -> FrontDoor {
        FrontDoor(
            hostRule: HostRule(
                boundAddress: settings.address, allowedNames: settings.allowedHosts),
            clientRule: ClientRule(trustedProxies: settings.trustedProxies),
            keyGuard: settings.apiKey.map(KeyGuard.init(key:)),
            stores: servedStores(place),
            operations: OperationsEndpoint(readiness: readiness, metrics: metrics),
            observer: RequestObserver(logger: logger))
    }

    private func servedStores(_ place: StatePlace) -> ServedStores {
        let (pool, transferPool, bodyLimit) = (pool, transferPool, settings.bodyLimit)
        let endpoint = { @Sendable (place: StatePlace) in
            TerraformEndpoint(
                repository: StateRepository(place, kind: .terraform),
                pool: pool, transferPool: transferPool, bodyLimit: bodyLimit)
        }
        return ServedStores(own: endpoint(place), others: settings.moreStores, pool: pool) {
            [host, logger] configuration, call in
            endpoint(try Self.open(configuration, host, logger, call))
        }
    }

    private func services(
        _ frontDoor: FrontDoor, _ readiness: Readiness
    ) -> ServiceGroupConfiguration {
        var limits = ConnectionLimits()
        limits.connectionCount = FileLimit.connections(atMost: settings.connectionCount)
        let connectionLimits = limits
        let counts = ConnectionCounts()
        let application = Application(
            responder: frontDoor,
            server: HTTPServerBuilder { responder in
                GuardedHTTPChannel(responder: responder, limits: connectionLimits, counts: counts)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(settings.address, port: settings.port), backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connectionCount)),
            onServerRunning: { [self] channel in announce(channel) },
            logger: Self.quiet(logger))
        let serving = ServingService(
            application: application, readiness: readiness, drainTime: Self.drainTime, sink: sink,
            logger: logger)
        var configuration = ServiceGroupConfiguration(
            services: [keyReload(frontDoor), serving],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Self.quiet(logger))
        configuration.maximumGracefulShutdownDuration = Self.drainTime
        return configuration
    }

    private func keyReload(_ frontDoor: FrontDoor) -> KeyReload {
        KeyReload(
            keyGuard: frontDoor.keyGuard, request: settings.configurationRequest, pool: pool,
            logger: logger)
    }

    /// The framework's own lines say nothing that ours do not, unless something is to be debugged.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        if logger.logLevel > .debug { logger.logLevel = max(logger.logLevel, .error) }
        return logger
    }

    // MARK: What the operator sees

    private func announce(_ channel: any Channel) {
        let port = channel.localAddress?.port ?? settings.port
        let name = settings.address.contains(":") ? "[\(settings.address)]" : settings.address
        sink.write(Array("holdfastd listening on http://\(name):\(port)\n".utf8))
        logger.info(
            "listening",
            metadata: [
                "address": "\(settings.address)", "port": "\(port)",
                "version": "\(HoldfastVersion.current)",
            ])
    }
}
