internal import CHoldfast
internal import HoldfastLoader
internal import Synchronization

/// The driver of this process, and its one store.
final class ServedDriver: Sendable {
    let driver: LoadedDriver
    let events: EventRoute
    private let opened = Mutex<OpenStore?>(nil)

    init(_ driver: LoadedDriver, _ events: EventRoute) {
        self.driver = driver
        self.events = events
    }

    /// The store.
    ///
    /// - Throws: ``DriverFailure`` when none is open.
    func store() throws(DriverFailure) -> OpenStore {
        guard let store = opened.withLock({ $0 }) else {
            throw DriverFailure(.invalid, "no store of the driver \(driver.id) is open")
        }
        return store
    }

    func open(_ request: WireOpenCall, _ context: CallContext) throws(DriverFailure) {
        let options = request.options.compactMap(OptionValue.init)
        guard options.count == request.options.count else {
            throw DriverFailure(.unsupported, "an option has a type that is not known")
        }
        let store = try driver.open(options, flags: request.flags, context)
        opened.withLock { $0 = store }
    }

    func close(_ context: CallContext) throws(DriverFailure) {
        let store = try store()
        opened.withLock { $0 = nil }
        try store.close(context)
    }
}

extension LoadedDriver {
    /// Which extensions this driver has, as `ExtensionsCall` is answered.
    var extensionBits: UInt32 {
        let transactions = unsafe extensionTable(HOLDFAST_TRANSACTION_ID) != nil
        let watches = unsafe extensionTable(HOLDFAST_WATCH_ID) != nil
        return (transactions ? ExtensionBits.transactions : 0)
            | (watches ? ExtensionBits.watches : 0)
    }
}
