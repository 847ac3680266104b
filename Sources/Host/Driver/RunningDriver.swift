internal import HoldfastIsolation
internal import HoldfastLoader
internal import Logging

/// A driver that was loaded and started, with what it says of itself.
struct RunningDriver: Sendable {
    let loaded: LoadedDriver
    let descriptor: DriverDescriptor
    /// The gate of all its stores, for a driver that takes one call at a time.
    let gate: CallGate
    /// Its processes; `nil` when it runs in this one.
    let processes: DriverProcesses?

    /// Loads and starts a driver, if nothing speaks against it.
    ///
    /// - Parameters:
    ///   - examined: The driver.
    ///   - setup: What runs it in processes of its own; `nil` to load it into this one.
    ///   - hostVersion: What it is told.
    ///   - logger: Where it is reported.
    /// - Throws: ``HostError`` with the check that it failed, or what the driver failed with.
    init(
        _ examined: consuming ExaminedDriver, in setup: IsolationSetup?, hostVersion: String,
        logger: Logger
    ) throws(HostError) {
        let (id, folder) = (examined.id, examined.candidate.inspection.folder)
        let library = examined.digests.library
        var settings: IsolationSettings?
        if let setup {
            let made = DriverProcesses(
                driver: id, library: library, quarantine: setup.quarantine, logger: logger)
            settings = made.settings(setup)
            processes = made
        } else {
            processes = nil
        }
        loaded = try examined.load(in: settings, hostVersion: hostVersion)
        guard loaded.id == id else {
            throw HostError(
                .driverRefused, "\(folder): the driver there is \(shown(loaded.id))",
                advice: "name the folder after the driver's id", driver: id)
        }
        descriptor = try DriverDescriptor(json: try Self.start(loaded), driver: id)
        gate = CallGate()
        log(logger, folder)
    }

    /// Where it runs.
    var isolation: Isolation { processes == nil ? .inProcess : .process }

    /// Starts the driver; its descriptor.
    private static func start(_ loaded: LoadedDriver) throws(HostError) -> [UInt8] {
        do throws(DriverFailure) {
            try loaded.start(lifeContext)
            return try loaded.describe(lifeContext)
        } catch {
            throw HostError(error, driver: loaded.id)
        }
    }

    /// Opens a store; with `mustExist` only one that is there.
    func open(
        _ options: [ResolvedOption], mustExist: Bool, _ call: Call
    ) throws(HostError) -> DriverStore {
        let context = CallContext(
            deadlineNanoseconds: call.deadlineNanoseconds == .max ? nil : call.deadlineNanoseconds,
            traceParent: call.traceParent)
        let values = options.map(OptionValue.init)
        do throws(DriverFailure) {
            let store = try call.withCancellationHandler({ context.cancel() }) {
                () throws(DriverFailure) in
                try loaded.open(values, mustExist: mustExist, context)
            }
            return DriverStore(store, driverGate: gate)
        } catch {
            throw HostError(error, driver: descriptor.id)
        }
    }

    /// Stops the driver; no store of it may be open.
    func stop() throws(HostError) {
        do throws(DriverFailure) { try loaded.stop(Self.lifeContext) } catch {
            throw HostError(error, driver: descriptor.id)
        }
    }

    /// Starting and stopping are short by contract.
    private static var lifeContext: CallContext {
        CallContext(deadlineNanoseconds: Monotonic.now(plus: .seconds(10)))
    }

    private func log(_ logger: Logger, _ folder: String) {
        logger.info(
            "driver loaded",
            metadata: [
                "driver": "\(loaded.id)", "version": "\(loaded.version)",
                "vendor": "\(loaded.vendor)", "folder": "\(folder)",
                "behaviour": "\(loaded.behaviour)", "threads": "\(loaded.threadModel)",
                "isolation": "\(isolation.rawValue)",
            ])
    }
}

extension OptionValue {
    fileprivate init(_ option: ResolvedOption) {
        let type: OptionType =
            switch option.descriptor.kind {
            case .string: .string
            case .secret: .secret
            case .integer: .integer
            case .boolean: .boolean
            case .duration: .duration
            case .size: .size
            case .path: .path
            case .choice: .choice
            // Resolved to the option that it speaks of; a driver never sees one.
            case .variable: .string
            }
        let value: Value =
            switch option.value {
            case .text(let text): .text(text)
            case .number(let number): .number(number)
            }
        self.init(name: option.descriptor.name, type: type, value: value)
    }
}
