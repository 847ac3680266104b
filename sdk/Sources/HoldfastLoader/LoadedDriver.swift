internal import CHoldfast
internal import Synchronization

/// Who loads drivers, as they may name it in messages.
public struct HostIdentity: Sendable, Hashable {
    /// The program's name.
    public var name: String
    /// The program's version.
    public var version: String

    /// Makes an identity.
    public init(name: String, version: String) {
        self.name = name
        self.version = version
    }
}

/// A driver in this process.
///
/// It stays for the process's life; there is one for each library file.
@safe public final class LoadedDriver: Sendable {
    /// What was found out before it was loaded.
    public let inspection: LibraryInspection
    /// Its manifest.
    public let manifest: DriverManifest
    let table: DriverTable
    /// Why nothing is known of the operations of a driver in another process.
    let refusal: @Sendable () -> DriverFailure?

    // SAFETY: the driver's own object; the interface allows calls with it from any thread.
    @safe private struct Handle: @unchecked Sendable { let pointer: UnsafeMutableRawPointer }

    private enum State: Sendable {
        case loaded
        case started(Handle)
        case failed(DriverFailure)
        case stopped
    }

    private let state = Mutex<State>(.loaded)
    /// The operations, once they were asked for.
    let operationTable = Mutex<Result<OperationTable?, DriverFailure>?>(nil)
    /// The other extensions that this host knows.
    let tables = ExtensionTables()

    init(
        inspection: LibraryInspection, manifest: DriverManifest, table: DriverTable,
        refusal: @escaping @Sendable () -> DriverFailure? = { nil }
    ) {
        self.inspection = inspection
        self.manifest = manifest
        self.table = table
        self.refusal = refusal
    }

    /// The driver's id.
    public var id: String { table.id }
    /// The driver's version, by its own table.
    public var version: String { table.version }
    /// Who made the driver, by its own table.
    public var vendor: String { table.vendor }
    /// How many calls it takes at once.
    public var threadModel: ThreadModel { table.threadModel }
    /// The interface revision that it was built for.
    public var abiMinor: UInt32 { unsafe table.pointer.pointee.abi_minor }
    /// The level of the interface's meaning that it keeps.
    public var behaviour: UInt32 { unsafe table.pointer.pointee.behaviour }

    // MARK: - Life

    /// Starts the driver.
    ///
    /// A repeat does nothing, or throws again what the first call threw, because a driver is
    /// started at most once in a process.
    ///
    /// - Parameter context: The call's context.
    /// - Throws: ``DriverFailure``.
    public func start(_ context: CallContext) throws(DriverFailure) {
        try state.withLock { state throws(DriverFailure) in
            switch state {
            case .started: return
            case .failed(let failure): throw failure
            case .stopped: throw DriverFailure(.invalid, "the driver \(id) was stopped already")
            case .loaded: break
            }
            do throws(DriverFailure) {
                state = .started(try makeDriver(context))
            } catch {
                state = .failed(error)
                throw error
            }
        }
    }

    private func makeDriver(_ context: CallContext) throws(DriverFailure) -> Handle {
        context.forgetReport()
        var made = unsafe table.seed
        let status = unsafe context.withC { call in
            unsafe table.pointer.pointee.start(HostTable.shared.pointer, call, &made)
        }
        try outcome("start").check(status, context)
        guard let made = unsafe made else { throw outcome("start").failure(Defect("made nothing")) }
        return unsafe Handle(pointer: made)
    }

    /// Stops the driver.
    ///
    /// Call it once, when no store is open; nothing can be opened afterwards.
    ///
    /// - Parameter context: The call's context.
    /// - Throws: ``DriverFailure``.
    public func stop(_ context: CallContext) throws(DriverFailure) {
        context.forgetReport()
        let handle = try state.withLock { state throws(DriverFailure) in
            guard case .started(let handle) = state else { throw notStarted }
            state = .stopped
            return handle
        }
        let status = unsafe context.withC { call in
            unsafe table.pointer.pointee.stop(handle.pointer, call)
        }
        try outcome("stop").check(status, context)
    }

    // MARK: - Calls

    /// The driver's descriptor, a JSON document.
    ///
    /// - Parameter context: The call's context.
    /// - Returns: The document's bytes, at most 1 MiB.
    /// - Throws: ``DriverFailure``.
    public func describe(_ context: CallContext) throws(DriverFailure) -> [UInt8] {
        let handle = try use(context)
        var document = Document()
        let status = unsafe withUnsafeMutablePointer(to: &document) { document in
            var sink = unsafe holdfast_sink(
                size: UInt32(MemoryLayout<holdfast_sink>.size), flags: 0, context: document,
                write: { context, bytes, count in
                    unsafe upcall(context, Document.self) { unsafe $0.append(bytes, count) }
                })
            return unsafe context.withC { call in
                unsafe table.pointer.pointee.describe(handle.pointer, call, &sink)
            }
        }
        if let defect = document.defect { throw outcome("describe").failure(defect) }
        try outcome("describe").check(status, context)
        return document.bytes
    }

    /// Whether the driver is started and not stopped.
    var isStarted: Bool {
        if case .started = state.withLock({ $0 }) { return true }
        return false
    }

    /// The constant table of an extension.
    ///
    /// Its type is that of the id's header.
    ///
    /// - Parameter id: The extension's id, such as `holdfast.transaction/1`.
    /// - Returns: The table, valid for the process's life, or `nil` when the driver does not have it
    ///   or is not started.
    @unsafe public func extensionTable(_ id: String) -> UnsafeRawPointer? {
        guard case .started(let handle) = state.withLock({ $0 }),
            let find = unsafe table.pointer.pointee.extension
        else { return nil }
        return unsafe id.withText { unsafe find(handle.pointer, $0) }
    }

    /// Opens a store.
    ///
    /// - Parameters:
    ///   - options: Every option that was given or has a default, each once, checked by the host.
    ///   - mustExist: Whether the driver may make nothing and opens only a store that is there.
    ///   - context: The call's context.
    /// - Returns: The store; close it.
    /// - Throws: ``DriverFailure``, with code `notFound` when the store must exist and does not.
    public func open(
        _ options: [OptionValue], mustExist: Bool = false, _ context: CallContext
    ) throws(DriverFailure) -> OpenStore {
        try open(options, flags: mustExist ? HOLDFAST_OPEN_EXISTING : 0, context)
    }

    /// Opens a store with the flags as the interface numbers them.
    package func open(
        _ options: [OptionValue], flags: UInt32, _ context: CallContext
    ) throws(DriverFailure) -> OpenStore {
        let handle = try use(context)
        var made: UnsafeMutableRawPointer?
        let status = unsafe options.withC(flags: flags) { options in
            unsafe context.withC { call in
                unsafe table.pointer.pointee.open(handle.pointer, call, options, &made)
            }
        }
        try outcome("open").check(status, context)
        guard let made = unsafe made else { throw outcome("open").failure(Defect("made nothing")) }
        return unsafe OpenStore(driver: self, handle: made)
    }

    private func use(_ context: CallContext) throws(DriverFailure) -> Handle {
        guard case .started(let handle) = state.withLock({ $0 }) else {
            throw notStarted
        }
        context.forgetReport()
        return handle
    }

    private var notStarted: DriverFailure {
        DriverFailure(.invalid, "the driver \(id) is not started")
    }

    private func outcome(_ function: StaticString) -> CallOutcome {
        CallOutcome(driver: self, function: function, isWrite: false)
    }
}

/// A descriptor that is being received.
private struct Document {
    private(set) var bytes: [UInt8] = []
    private(set) var defect: Defect?

    private static let mostBytes = 1 << 20

    mutating func append(_ data: UnsafePointer<UInt8>?, _ count: UInt64) -> holdfast_status {
        guard count <= Self.mostBytes - bytes.count, let data = unsafe data else {
            defect = Defect("wrote a descriptor of more than 1 MiB, or at no address")
            return HOLDFAST_INTERNAL
        }
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: data, count: Int(count)))
        return HOLDFAST_OK
    }
}
