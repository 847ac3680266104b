internal import HoldfastLoader
package import Logging
internal import Synchronization

/// Finds, checks, loads and starts drivers, and opens stores with them.
///
/// Make one in a process: drivers are never unloaded, and their messages go to one logger.
package final class Host: Sendable {
    /// A driver may run in this process for one store and in its own for another.
    private struct DriverPlace: Hashable {
        var id: String
        var isolation: Isolation
    }

    private struct State {
        var drivers: [DriverPlace: RunningDriver] = [:]
        /// Where a driver runs for stores that do not say, once that was decided.
        var standards: [String: Isolation] = [:]
        var stores: [DriverStore] = []
        var isShutDown = false
    }

    /// Where drivers are looked for.
    package let search: DriverSearchPath
    /// Where it is said which drivers are trusted.
    package let locks: DriverLockPlaces
    private let logger: Logger
    private let hostVersion: String
    private let allowsFaults: Bool
    private let isolation: IsolationSetup?
    private let state = Mutex(State())
    /// One load at a time, apart from `state`, so that a slow one does not hold up open stores.
    private let loading = Mutex(())

    /// Makes a host; nothing is searched or loaded yet.
    ///
    /// - Parameters:
    ///   - search: Where drivers are looked for.
    ///   - locks: Where it is said which drivers are trusted.
    ///   - logger: Where the host and the drivers report to.
    ///   - hostVersion: What drivers are told.
    ///   - isolation: What drivers need to run in processes of their own; `nil` where every driver
    ///     is loaded into this one, trusted or not.
    ///   - allowsFaults: Whether stores may show the faults of their configuration.
    package init(
        search: DriverSearchPath, locks: DriverLockPlaces = .none, logger: Logger,
        hostVersion: String, isolation: IsolationSetup? = nil, allowsFaults: Bool = false
    ) {
        self.isolation = isolation
        self.allowsFaults = allowsFaults
        self.search = search
        self.locks = locks
        self.logger = logger
        self.hostVersion = hostVersion
        DriverEvents.setHandler { severity, message, call in
            let metadata: Logger.Metadata = call.map { ["call": "\($0)"] } ?? [:]
            logger.log(
                level: Logger.Level(severity), "\(message)", metadata: metadata, source: "driver")
        }
    }

    // MARK: - Drivers

    /// What is installed, by manifest; nothing of it is run.
    package func installedDrivers() -> [InstalledDriver] {
        search.installedDrivers(DriverTrust(locks))
    }

    /// Runs every check on a driver's folder, and no code of the driver.
    package func inspect(path: String) -> DriverInspection {
        DriverInspection(
            ExaminedDriver(id: nil, folder: path, trust: DriverTrust(locks), wantsDigests: true))
    }

    /// What a driver says of itself; loads and starts it.
    ///
    /// - Throws: ``HostError``: `driverMissing` with what is installed and how to add one,
    ///   `driverRefused` with the check that it failed, `driverMismatch` when it is not the one that
    ///   was pinned, `driversLock`, or what the driver reports.
    package func driver(_ id: String) throws(HostError) -> DriverDescriptor {
        try running(id, nil).descriptor
    }

    /// Where a driver runs when a store does not say, and what holds it in; loads and starts it.
    ///
    /// - Throws: What ``driver(_:)`` throws.
    package func confinement(of id: String) throws(HostError) -> DriverConfinement {
        let driver = try running(id, nil)
        return DriverConfinement(driver.isolation, driver.processes?.sandbox)
    }

    /// The pin that counts for a driver; `nil` when no lock file pins it.
    ///
    /// - Throws: ``HostError`` with code `driverMissing` or `driversLock`.
    package func pin(of id: String) throws(HostError) -> DriverPin? {
        let trust = DriverTrust(locks)
        if let failure = trust.failure { throw failure }
        return trust.pin(of: id, in: [try search.folder(of: id)])
    }

    /// The driver of a store as it runs for that store; loads and starts it.
    ///
    /// - Throws: What ``driver(_:)`` throws.
    package func standing(for store: StoreSpecification) throws(HostError) -> DriverStanding {
        let driver = try running(store.driver, store.isolation)
        return DriverStanding(
            descriptor: driver.descriptor, folder: try search.folder(of: store.driver),
            pin: try pin(of: store.driver),
            confinement: DriverConfinement(driver.isolation, driver.processes?.sandbox))
    }

    private func running(_ id: String, _ wanted: Isolation?) throws(HostError) -> RunningDriver {
        try loading.withLock { _ throws(HostError) in
            let known = try state.withLock { state throws(HostError) -> RunningDriver? in
                guard !state.isShutDown else { throw HostError(.invalid, "the host is shut down") }
                // What another store asked for by name decides nothing for one that does not say.
                guard let place = wanted ?? state.standards[id] else { return nil }
                return state.drivers[DriverPlace(id: id, isolation: place)]
            }
            // What runs stays, also when its folder was moved away in the meantime.
            if let known { return known }
            let driver = try load(id, wanted)
            state.withLock { state in
                state.drivers[DriverPlace(id: id, isolation: driver.isolation)] = driver
                if wanted == nil { state.standards[id] = driver.isolation }
            }
            return driver
        }
    }

    private func load(_ id: String, _ wanted: Isolation?) throws(HostError) -> RunningDriver {
        let examined = ExaminedDriver(
            id: id, folder: try search.folder(of: id), trust: DriverTrust(locks),
            // By their hashes drivers are in quarantine.
            wantsDigests: isolation != nil)
        let place = try place(wanted, of: examined)
        let running = state.withLock { $0.drivers[DriverPlace(id: id, isolation: place)] }
        if let running { return running }
        let library = examined.digests.library
        if let refusal = isolation?.quarantine.refusal(library: library) { throw refusal }
        return try RunningDriver(
            examined, in: place == .process ? isolation : nil, hostVersion: hostVersion,
            logger: logger)
    }

    /// Where a driver is to run.
    private func place(
        _ wanted: Isolation?, of driver: borrowing ExaminedDriver
    ) throws(HostError) -> Isolation {
        guard isolation != nil else {
            guard wanted != .process else { throw .cannotIsolate }
            return .inProcess
        }
        let place = wanted ?? .standard(isPinned: driver.pin != nil, asked: driver.isolation)
        guard place == .inProcess, let rival = rival(of: driver) else { return place }
        guard wanted == nil else { throw .singletons(driver.id, rival) }
        return .process
    }

    /// A driver in this process with which another cannot share it, by what both declare.
    ///
    /// Two copies of SQLite in one process, for one, break each other's locks on a file.
    private func rival(of driver: borrowing ExaminedDriver) -> String? {
        let (id, singletons) = (driver.id, Set(driver.singletons))
        return state.withLock { state in
            state.drivers.first { place, running in
                place.isolation == .inProcess && place.id != id
                    && !singletons.isDisjoint(with: running.loaded.manifest.singletons)
            }?.key.id
        }
    }

    // MARK: - Stores

    /// Opens a store with its layers.
    ///
    /// - Parameters:
    ///   - specification: Which store, and how.
    ///   - mustExist: Opens only a store that is there and makes nothing; otherwise the driver makes
    ///     what is missing of it.
    ///   - call: The call's deadline and cancellation.
    /// - Returns: The store; close it.
    /// - Throws: ``HostError``: `notFound` when the store must exist and does not, `invalid` with
    ///   the place in the configuration, what ``driver(_:)`` throws, or why the driver could not
    ///   open it.
    package func open(
        _ specification: StoreSpecification, mustExist: Bool = false, _ call: Call
    ) throws(HostError) -> Store {
        do throws(HostError) {
            return try openStore(specification, mustExist: mustExist, call)
        } catch {
            var error = error
            if mustExist, error.code == .notFound {
                error.advice = "the first write makes it; if it was written to, check its options"
            }
            if error.store.isEmpty { error.store = specification.name }
            if error.driver.isEmpty { error.driver = specification.driver }
            throw error
        }
    }

    private func openStore(
        _ specification: StoreSpecification, mustExist: Bool, _ call: Call
    ) throws(HostError) -> Store {
        try call.check()
        try checkFaults(of: specification)
        let driver = try running(specification.driver, specification.isolation)
        let options = try OptionResolver(driver.descriptor, specification).resolve()
        let base = try driver.open(options, mustExist: mustExist, call)
        do throws(HostError) {
            let record = CapabilityRecord(
                declared: driver.descriptor.capabilities, probed: try base.capabilities(call))
            let layered = try LayerStack.wrap(
                faulty(base, specification), in: specification.layers ?? LayerStack.usual,
                store: specification.name,
                driver: driver.descriptor.id)
            try keep(base)
            return Store(
                name: specification.name, driverID: driver.descriptor.id,
                addressing: driver.descriptor.addressing, capabilityRecord: record,
                grace: driver.descriptor.grace, operations: layered)
        } catch {
            base.close(Call(timeout: .seconds(5)))
            throw error
        }
    }

    private func checkFaults(of specification: StoreSpecification) throws(HostError) {
        guard !specification.faults.isEmpty, !allowsFaults else { return }
        throw HostError(
            .invalid,
            "\(specification.location.map { "\($0): " } ?? "")the store \(shown(specification.name)) has "
                + "faults, which this process does not inject",
            advice: "remove `faults`, or allow them with --allow-faults where no state matters")
    }

    private func faulty(
        _ base: DriverStore, _ specification: StoreSpecification
    ) -> any StoreOperations {
        guard !specification.faults.isEmpty else { return base }
        let plan = FaultPlan(specification.faults)
        logger.warning(
            "the store injects faults",
            metadata: [
                "store": "\(specification.name)", "seed": "\(plan.seed)",
                "faults": "\(plan.rules.map(\.text).joined(separator: "; "))",
            ])
        return FaultLayer(base: base, plan: plan)
    }

    private func keep(_ store: DriverStore) throws(HostError) {
        try state.withLock { state throws(HostError) in
            guard !state.isShutDown else { throw HostError(.invalid, "the host is shut down") }
            state.stores.removeAll(where: \.isClosed)
            state.stores.append(store)
        }
    }

    // MARK: - The end

    /// Closes every store and stops every driver whose stores could all be closed.
    package func shutdown() {
        let (stores, drivers) = state.withLock { state in
            defer { state = State(isShutDown: true) }
            return (state.stores, state.drivers.values)
        }
        for store in stores { store.close(Call(timeout: .seconds(5))) }
        let stuck = Set(stores.filter { !$0.isClosed }.map(\.driverID))
        for driver in drivers {
            let id = driver.descriptor.id
            guard !stuck.contains(id) else {
                logger.warning("a call still runs in the driver", metadata: ["driver": "\(id)"])
                continue
            }
            do throws(HostError) { try driver.stop() } catch {
                logger.warning(
                    "the driver did not stop cleanly",
                    metadata: ["driver": "\(id)", "reason": "\(error.message)"])
            }
        }
    }
}

extension HostError {
    fileprivate static var cannotIsolate: HostError {
        HostError(
            .unsupported, "this program cannot run drivers in processes of their own",
            advice: "remove `isolation: process`")
    }

    fileprivate static func singletons(_ id: String, _ rival: String) -> HostError {
        HostError(
            .driverRefused,
            "the driver \(id) cannot share a process with \(rival): both bring a library of which a "
                + "process can have only one",
            advice: "remove `isolation: in-process`", driver: id, vendorName: "singletons")
    }
}

extension Logger.Level {
    fileprivate init(_ severity: DriverEvents.Severity) {
        switch severity {
        case .debug: self = .debug
        case .notice: self = .notice
        case .warning: self = .warning
        }
    }
}
