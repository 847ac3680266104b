internal import Glibc
internal import HoldfastIsolation
public import HoldfastLoader
internal import Synchronization

/// What one check works with: the driver, a folder of its own and a sequence of random numbers.
///
/// It is used on the one thread of the check's process.
public final class CheckRun {
    /// The folder that holds `driver.toml` and the library.
    public let driverFolder: String
    /// An empty folder that is removed after the check; also the working directory.
    public let folder: String
    /// The seed of the whole run.
    public let seed: UInt64
    /// The driver's grace, where a raw session has read it.
    var rawGrace: Int64 = 1000
    /// What could not be looked at although the check passes.
    public var note = ""

    var random: SeededGenerator
    let optionsFile: OptionsFile
    let inspection: LibraryInspection
    /// The path of `holdfast-driver-host`, when the driver is to be isolated.
    let driverHost: String?
    private let isolated = ProcessList()
    private var loaded: LoadedDriver?
    private var isStarted = false
    private var isStopped = false
    private var described: Descriptor?
    private var stores: [OpenStore] = []
    private var shared: Bench?
    private var levels: [CapabilityReport]?

    init(
        check: String, driverFolder: String, folder: String, seed: UInt64, optionsFile: OptionsFile,
        driverHost: String? = nil
    ) {
        self.driverHost = driverHost
        self.driverFolder = driverFolder
        self.folder = folder
        self.seed = seed
        self.optionsFile = optionsFile
        random = SeededGenerator(seed: seed, name: check)
        inspection = LibraryInspection.inspect(folder: driverFolder)
    }

    // MARK: - The driver

    /// The driver, loaded but perhaps not started.
    ///
    /// - Returns: The one driver of this process.
    /// - Throws: ``CheckFailure``.
    public func load() throws(CheckFailure) -> LoadedDriver {
        if let loaded { return loaded }
        do throws(LoaderError) {
            let host = HostIdentity(name: "holdfast-conformance", version: "1")
            let candidate = CandidateLibrary(folder: driverFolder)
            let driver =
                if let driverHost {
                    try LoadedDriver.isolated(
                        candidate, host: host,
                        settings: IsolationSettings(
                            executable: driverHost, onEvent: { [isolated] in isolated.note($0) }))
                } else {
                    try LoadedDriver.load(candidate, host: host)
                }
            loaded = driver
            return driver
        } catch {
            throw CheckFailure("the driver does not load: \(error.message)", do: error.remedy)
        }
    }

    /// The processes that the driver's code runs in.
    var driverProcesses: [pid_t] { driverHost == nil ? [getpid()] : isolated.all }

    /// The driver, started.
    ///
    /// - Returns: The one driver of this process.
    /// - Throws: ``CheckFailure``.
    public func driver() throws(CheckFailure) -> LoadedDriver {
        let driver = try load()
        guard !isStarted else { return driver }
        try mustWork("start") { () throws(DriverFailure) in try driver.start(CallContext()) }
        isStarted = true
        return driver
    }

    /// Stops the driver after closing its stores; nothing can be opened afterwards.
    func stop() throws(CheckFailure) {
        guard isStarted, !isStopped, let loaded else { return }
        isStopped = true
        try closeAll()
        try mustWork("stop") { () throws(DriverFailure) in try loaded.stop(CallContext()) }
    }

    /// What the driver says of itself.
    func descriptor() throws(CheckFailure) -> Descriptor {
        if let described { return described }
        let driver = try driver()
        let bytes = try mustWork("describe") { () throws(DriverFailure) in
            try driver.describe(CallContext())
        }
        let descriptor = try Descriptor(bytes)
        described = descriptor
        return descriptor
    }

    // MARK: - Stores

    /// The options to open a store with.
    ///
    /// - Returns: Every option that was given or has a default.
    /// - Throws: ``CheckFailure``.
    public func options() throws(CheckFailure) -> [OptionValue] {
        try optionsFile.resolved(try descriptor().options, folder: folder)
    }

    /// Opens one more store, which the end of the check closes.
    ///
    /// - Returns: The store.
    /// - Throws: ``CheckFailure``.
    public func open() throws(CheckFailure) -> OpenStore {
        let options = try options()
        let driver = try driver()
        let store = try mustWork("open") { () throws(DriverFailure) in
            try driver.open(options, CallContext())
        }
        stores.append(store)
        return store
    }

    /// Closes a store before the end of the check.
    ///
    /// - Parameter store: One that ``open()`` returned.
    /// - Throws: ``CheckFailure``.
    public func close(_ store: OpenStore) throws(CheckFailure) {
        stores.removeAll { $0 === store }
        if shared?.store === store { shared = nil }
        try mustWork("close") { () throws(DriverFailure) in try store.close(CallContext()) }
    }

    private func closeAll() throws(CheckFailure) {
        for store in stores { try close(store) }
    }

    /// A store with a collection of its own, opened at the first use.
    ///
    /// - Returns: The same store each time, until it is closed.
    /// - Throws: ``CheckFailure``.
    public func bench() throws(CheckFailure) -> Bench {
        if let shared { return shared }
        let bench = Bench(store: try open(), space: try space())
        shared = bench
        return bench
    }

    /// The same, with the driver's own failure where opening fails.
    ///
    /// - Returns: The same store as ``bench()``.
    /// - Throws: `DriverFailure` of open, or ``CheckFailure``.
    func openBench() throws -> Bench {
        if let shared { return shared }
        let (options, driver, space) = (try options(), try driver(), try space())
        let store = try driver.open(options, CallContext())
        stores.append(store)
        let bench = Bench(store: store, space: space)
        shared = bench
        return bench
    }

    /// The collection and workspace that only this check of this run uses.
    ///
    /// They are drawn from the folder's name as well, because a store that is not new may still hold
    /// what an earlier run with the same seed left.
    func space() throws(CheckFailure) -> Bench.Space {
        space(isPlace: try descriptor().isPlace)
    }

    /// The same, for a driver whose descriptor was read in another way.
    func space(isPlace: Bool) -> Bench.Space {
        var random = SeededGenerator(seed: seed, name: folder)
        return Bench.Space(
            collection: "kit-\(random.word(12))",
            workspace: isPlace ? "" : "kit-\(random.word(12))")
    }

    /// What the store says that it can do.
    func level(_ capability: String) throws(CheckFailure) -> CapabilityReport {
        let all: [CapabilityReport]
        if let levels {
            all = levels
        } else {
            let store = try bench().store
            all = try mustWork("capabilities") { () throws(DriverFailure) in
                try store.capabilities(CallContext())
            }
            levels = all
        }
        return all.first { $0.id == capability } ?? CapabilityReport(id: capability, level: .none)
    }

    /// A number of bytes, or the most that the store takes where that is less.
    func capped(_ count: Int) throws(CheckFailure) -> Int {
        let limit = try level("value").limit
        return limit == 0 ? count : min(count, Int(clamping: limit))
    }

    /// Goes on where the store has a capability; ends the check where it lacks and refuses it.
    ///
    /// - Parameters:
    ///   - capability: The capability's id.
    ///   - attempt: A call that needs it.
    ///   - after: Looks whether the refused call changed anything.
    /// - Throws: ``Refused``, or ``CheckFailure`` when the attempt was not refused.
    public func needs(
        _ capability: String, attempt: () throws -> Void, after: () throws -> Void = {}
    ) throws {
        guard try level(capability).level == .none else { return }
        let failure = try failure(
            attempt,
            orFound: "the store does not report \(capability), yet a call that needs it succeeded",
            do: "report the capability, or refuse such calls with HOLDFAST_UNSUPPORTED")
        try require(
            failure.code == .unsupported,
            "the store does not report \(capability) and answers \"\(failure)\" to a call that needs it",
            do: "answer HOLDFAST_UNSUPPORTED")
        try after()
        throw Refused(capability)
    }

    /// Closes and stops what is still open.
    func finish() throws(CheckFailure) {
        try closeAll()
        try stop()
    }
}

/// Runs a call that must succeed.
///
/// - Parameters:
///   - name: The call, for the message.
///   - body: The call.
/// - Returns: What the call returned.
/// - Throws: ``CheckFailure`` with the driver's reason.
@discardableResult public func mustWork<Value>(
    _ name: String, _ body: () throws(DriverFailure) -> Value
) throws(CheckFailure) -> Value {
    do throws(DriverFailure) {
        return try body()
    } catch {
        throw CheckFailure("\(name) failed: \(error)")
    }
}

/// Runs a call that must fail.
///
/// - Parameters:
///   - body: The call.
///   - found: What is wrong when it succeeds.
///   - remedy: What to do about that.
/// - Returns: The driver's failure.
/// - Throws: ``CheckFailure`` when the call succeeds, or what else the call threw.
public func failure(
    _ body: () throws -> Void, orFound found: @autoclosure () -> String,
    do remedy: @autoclosure () -> String = ""
) throws -> DriverFailure {
    do {
        try body()
    } catch let failure as DriverFailure {
        return failure
    }
    throw CheckFailure(found(), do: remedy())
}
