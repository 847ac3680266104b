internal import Glibc
internal import HoldfastConfiguration
internal import Host
internal import Logging
internal import State
internal import Synchronization

/// What a command works with, made when it is first needed: `version` needs none of it.
final class Context {
    let console: Console
    let interruption = Interruption()
    /// How the process ends when the command did not fail.
    var status = ExitStatus.ok
    private let options: CommonOptions
    private var loadedHost: Host?
    private var quarantinePolicy = QuarantinePolicy.standard
    private var restartDelays = RestartDelays.standard

    init(_ options: CommonOptions, _ console: Console) {
        self.options = options
        self.console = console
    }

    // MARK: - Configuration

    /// What the configuration says, with the flags of this command on top.
    func configuration(
        service: String? = nil, store: String? = nil
    ) throws(ConfigurationError) -> Configuration {
        var request = ConfigurationRequest.ofProcess()
        request.file = options.config
        request.workspace = options.workspace
        request.store = store ?? options.store
        request.service = service
        let configuration = try Configuration.load(request)
        for notice in configuration.notices { console.notice(notice) }
        quarantinePolicy = configuration.drivers.quarantinePolicy
        restartDelays = configuration.drivers.restartDelays
        return configuration
    }

    // MARK: - Drivers and stores

    /// The host; nothing is loaded by making it.
    var host: Host {
        if let loadedHost { return loadedHost }
        let search = DriverSearchPath(
            explicit: options.driverPath, environment: ProcessSurroundings.environment,
            executablePath: Self.executablePath)
        let locks = DriverLockPlaces(
            explicit: options.lockFile, environment: ProcessSurroundings.environment,
            executablePath: Self.executablePath)
        let host = Host(
            search: search, locks: locks, logger: console.logger,
            hostVersion: HoldfastVersion.current,
            isolation: IsolationSetup(
                executablePath: Self.executablePath, quarantine: quarantine,
                delays: restartDelays),
            allowsFaults: options.allowFaults)
        loadedHost = host
        return host
    }

    /// Which drivers crashed too often.
    var quarantine: Quarantine {
        Quarantine(environment: ProcessSurroundings.environment, policy: quarantinePolicy)
    }

    /// Asks the host about one driver, without running any of it.
    func asked<Answer>(
        _ body: (Host) throws(HostError) -> Answer
    ) throws(Failure) -> Answer {
        let host = host
        return try Failure.ofDriver { () throws(HostError) in try body(host) }
    }

    /// Runs a call against the host, within the time that the user allows.
    ///
    /// The body runs on a thread of its own, so that a driver that hangs costs the time limit and
    /// not the whole evening.
    func call<R: Sendable>(
        for length: CallLength = .short, _ body: @escaping @Sendable (Host, Call) throws -> R
    ) throws -> R {
        let timeout = options.timeout.map(\.duration) ?? length.timeout
        let call = Call(timeout: timeout)
        interruption.watch(for: call)
        let host = host
        let pool = BlockingPool(threads: 4)
        return try pool.runBlocking(.normal, call) { try body(host, call) }
    }

    /// Opens the store that the user chose and runs a call against it.
    ///
    /// Only a command that writes a new state makes the store; `missing` says so.
    func withStore<R: Sendable>(
        _ action: String, on address: StateAddress? = nil, named name: String? = nil,
        for length: CallLength = .short,
        service: String? = nil, ifMissing missing: MissingStore<R> = .isNotFound,
        _ body: @escaping @Sendable (OpenedStore, Call) throws -> R
    ) throws -> R {
        let chosen = try configuration(service: service, store: name).selected()
        let place = PlaceBox()
        do {
            let answer = try call(for: length) { host, call in
                try missing.open(chosen.specification, host, call) { store in
                    let opened = OpenedStore(store, chosen, host)
                    place.set(opened.place)
                    return try body(opened, call)
                }
            }
            if let notice = place.value?.notice { console.notice(notice) }
            return answer
        } catch {
            throw Failure(any: error, interruption: nil).during(
                action, store: chosen.name, address: address?.description ?? "")
        }
    }

    /// Lets go of what was loaded.
    func close() { loadedHost?.shutdown() }

    /// The path of this program, for drivers that are installed beside it.
    static var executablePath: String {
        guard let path = unsafe realpath("/proc/self/exe", nil) else { return "" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }
}

/// How long a call takes by its nature, when the user set no limit.
enum CallLength {
    /// A few small objects.
    case short
    /// A state of any size.
    case transfer

    /// The limit that goes with it.
    var timeout: Duration {
        switch self {
        case .short: .seconds(30)
        case .transfer: .seconds(15 * 60)
        }
    }
}

/// An open store with the workspace that its keys carry, and the way to its locks.
struct OpenedStore: Sendable {
    let place: StatePlace

    init(_ store: Store, _ configuration: StoreConfiguration, _ host: Host) {
        place = StatePlace(
            store: store, workspace: configuration.workspace(for: store.addressing),
            locks: configuration.locks.map { LockStoreChoice($0, host) })
    }

    /// The store of the bytes.
    var store: Store { place.store }

    /// The states of one kind.
    func states(_ kind: StateKind) -> StateRepository { StateRepository(place, kind: kind) }

    /// The receipts.
    var receipts: ReceiptRepository { ReceiptRepository(place) }

    /// The error for a state that is not there, with the nearest that is.
    func notFound(_ address: StateAddress, _ call: Call) -> Failure {
        var failure = Failure.noSuchState(hint: "holdfast state list shows what is there")
        let page = try? states(address.kind).list(
            prefix: "", startAfter: "", limit: 1000, call)
        let addresses = (page ?? []).map {
            StateAddress(kind: address.kind, path: $0.path).description
        }
        if let nearest = DidYouMean.closest(to: address.description, among: addresses) {
            failure.hint = "did you mean \(nearest)?"
        }
        return failure
    }
}

/// What the thread of a call hands to the one that speaks to people.
private final class PlaceBox: Sendable {
    private let content = Mutex<StatePlace?>(nil)

    var value: StatePlace? { content.withLock { $0 } }

    func set(_ place: StatePlace) { content.withLock { $0 = place } }
}

extension LockStoreChoice {
    /// The configured store for another's locks, opened by `host` when it is needed.
    init(_ locks: LocksConfiguration, _ host: Host) {
        self.init(name: locks.name, origin: locks.origin) { mustExist, call throws(HostError) in
            let specification: StoreSpecification
            do throws(ConfigurationError) { specification = try locks.specification() } catch {
                throw HostError(.invalid, "\(error)", advice: error.advice)
            }
            return try host.open(specification, mustExist: mustExist, call)
        }
    }
}
