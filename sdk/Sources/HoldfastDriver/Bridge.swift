internal import CHoldfast
internal import Synchronization

// The only file that knows both the C table and the Swift protocols. Objects cross the boundary as
// retained references: `start` and `open` retain, `stop` and `close` release, all else borrows.

/// Makes a driver type known to the library's entry.
public enum DriverRegistration {
    /// Registers the library's driver.
    ///
    /// Call it from `holdfast_swift_register`; a repeat is harmless.
    ///
    /// - Parameter type: The driver.
    public static func register<D: Driver>(_ type: D.Type) {
        registered.withLock { bridge in
            if bridge == nil { bridge = TypedBridge<D>() }
        }
    }
}

private let registered = Mutex<(any DriverBridge)?>(nil)

/// The library's bridge; only missing when a driver forgot to register.
private var bridge: (any DriverBridge)? { registered.withLock { $0 } }

/// The operations of the library's driver, if it has any.
var operationBridge: OperationBridge? { bridge?.operations }

/// The C entry behind `holdfast_driver_main_v1`.
///
/// Not for authors.
///
/// - Parameters:
///   - offer: What the host offers.
///   - driver: Receives the address of the library's table.
/// - Returns: `HOLDFAST_OK`, or `HOLDFAST_UNSUPPORTED` when the draft numbers differ.
@c(holdfast_swift_main)
public func _holdfastMain(
    _ offer: UnsafeRawPointer, _ driver: UnsafeMutablePointer<UnsafeRawPointer?>
)
    -> Int32
{
    let offered = unsafe offer.assumingMemoryBound(to: holdfast_offer.self).pointee
    guard unsafe offered.draft == HOLDFAST_DRAFT, let bridge else { return HOLDFAST_UNSUPPORTED }
    unsafe driver.pointee = UnsafeRawPointer(bridge.table)
    return HOLDFAST_OK
}

/// A driver type behind the C table.
protocol DriverBridge: Sendable {
    var table: UnsafePointer<holdfast_driver> { get }
    var description: DriverDescription { get }
    var operations: OperationBridge? { get }
    /// Whether the stores change several objects at once.
    var isTransactional: Bool { get }
    /// Whether the stores can be watched: only where a call may block for long beside others.
    var isWatchable: Bool { get }
    func start(_ host: HostServices) throws(DriverError) -> any DriverBox
}

/// A started driver behind the C table.
protocol DriverBox: AnyObject, Sendable {
    func open(_ options: Options, _ call: Call) throws(DriverError) -> StoreBox
}

@safe private final class TypedBridge<D: Driver>: DriverBridge {
    let description = D.description
    let operations = OperationBridge(D.operations)
    // SAFETY: allocated once and never changed or freed; the host reads it for the process's life.
    nonisolated(unsafe) let table: UnsafePointer<holdfast_driver>

    var isTransactional: Bool { D.Store.self is any TransactionalStore.Type }
    var isWatchable: Bool {
        description.threadModel == .parallel && D.Store.self is any WatchableStore.Type
    }

    init() { unsafe table = makeTable(D.description) }

    func start(_ host: HostServices) throws(DriverError) -> any DriverBox {
        TypedBox(driver: try D(host: host), host: host)
    }
}

private final class TypedBox<D: Driver>: DriverBox {
    private let driver: D
    private let host: HostServices

    init(driver: D, host: HostServices) {
        self.driver = driver
        self.host = host
    }

    func open(_ options: Options, _ call: Call) throws(DriverError) -> StoreBox {
        StoreBox(store: try driver.open(options, call), host: host)
    }
}

/// An open store, as the C side holds it.
final class StoreBox: Sendable {
    let store: any DriverStore
    let host: HostServices

    init(store: any DriverStore, host: HostServices) {
        self.store = store
        self.host = host
    }
}

/// The host's table, for `start`; set once, by the first start.
private let startedHost = Mutex<HostServices?>(nil)

// MARK: - The table

private func makeTable(_ description: DriverDescription) -> UnsafePointer<holdfast_driver> {
    let table = UnsafeMutablePointer<holdfast_driver>.allocate(capacity: 1)
    unsafe table.initialize(
        to: holdfast_driver(
            size: UInt32(MemoryLayout<holdfast_driver>.size), flags: 0,
            abi_minor: HOLDFAST_ABI_MINOR, draft: HOLDFAST_DRAFT, behaviour: HOLDFAST_BEHAVIOUR,
            thread_model: description.threadModel.rawValue, id: permanent(description.id),
            version: permanent(description.version), vendor: permanent(description.vendor),
            start: { unsafe bridgeStart($0, $1, $2) }, stop: { unsafe bridgeStop($0, $1) },
            describe: { unsafe bridgeDescribe($0, $1, $2) },
            extension: { unsafe bridgeExtension($1) },
            open: { unsafe bridgeOpen($0, $1, $2, $3) }, close: { unsafe bridgeClose($0, $1) },
            capabilities: { unsafe bridgeCapabilities($0, $1, $2) },
            head: { unsafe bridgeHead($0, $1, $2, $3) },
            get: { unsafe bridgeGet($0, $1, $2, $3, $4) },
            put: { unsafe bridgePut($0, $1, $2, $3, $4) },
            remove: { unsafe bridgeRemove($0, $1, $2) },
            list: { unsafe bridgeList($0, $1, $2, $3) },
            ping: { unsafe bridgePing($0, $1, $2) }))
    return unsafe UnsafePointer(table)
}

private func bridgeExtension(_ id: holdfast_text) -> UnsafeRawPointer? {
    guard let bridge else { return nil }
    switch unsafe String(text: id) {
    case HOLDFAST_OPERATIONS_ID: return unsafe bridge.operations.map { unsafe .init($0.table) }
    case HOLDFAST_TRANSACTION_ID where bridge.isTransactional:
        return unsafe UnsafeRawPointer(transactionTable)
    case HOLDFAST_WATCH_ID where bridge.isWatchable: return unsafe UnsafeRawPointer(watchTable)
    default: return nil
    }
}

/// Copies text into memory that lives as long as the process.
func permanent(_ string: String) -> holdfast_text {
    let bytes = Array(string.utf8)
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: max(1, bytes.count))
    for (index, byte) in bytes.enumerated() { unsafe copy[index] = CChar(bitPattern: byte) }
    return unsafe holdfast_text(data: copy, size: UInt64(bytes.count))
}

// MARK: - Driver calls

typealias CallPointer = UnsafePointer<holdfast_call>

private func bridgeStart(
    _ host: UnsafePointer<holdfast_host>?, _ call: CallPointer?,
    _ driver: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> holdfast_status {
    guard let host = unsafe host, let call = unsafe call, let driver = unsafe driver, let bridge
    else {
        return HOLDFAST_INVALID
    }
    let services = unsafe HostServices(table: host)
    startedHost.withLock { $0 = services }
    return unsafe report(call) { () throws(DriverError) in
        let box = try bridge.start(services) as AnyObject
        unsafe driver.pointee = Unmanaged.passRetained(box).toOpaque()
    }
}

private func bridgeStop(_ driver: UnsafeMutableRawPointer?, _ call: CallPointer?) -> holdfast_status
{
    guard let driver = unsafe driver else { return HOLDFAST_INVALID }
    unsafe Unmanaged<AnyObject>.fromOpaque(driver).release()
    return HOLDFAST_OK
}

private func bridgeDescribe(
    _ driver: UnsafeMutableRawPointer?, _ call: CallPointer?, _ sink: UnsafePointer<holdfast_sink>?
) -> holdfast_status {
    guard let sink = unsafe sink, let bridge else { return HOLDFAST_INVALID }
    return unsafe Array(describe(bridge.description).utf8).withUnsafeBufferPointer { bytes in
        unsafe sink.pointee.write(sink.pointee.context, bytes.baseAddress, UInt64(bytes.count))
    }
}

private func bridgeOpen(
    _ driver: UnsafeMutableRawPointer?, _ call: CallPointer?,
    _ options: UnsafePointer<holdfast_options>?,
    _ store: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> holdfast_status {
    guard let driver = unsafe driver, let call = unsafe call, let options = unsafe options,
        let store = unsafe store,
        let box = unsafe Unmanaged<AnyObject>.fromOpaque(driver).takeUnretainedValue()
            as? any DriverBox,
        let host = startedHost.withLock({ $0 })
    else { return HOLDFAST_INVALID }
    return unsafe report(call) { () throws(DriverError) in
        let opened = unsafe try box.open(
            try known(options), Call(pointer: call, host: host.table))
        unsafe store.pointee = Unmanaged.passRetained(opened).toOpaque()
    }
}

// MARK: - Store calls

private func bridgeClose(_ store: UnsafeMutableRawPointer?, _ call: CallPointer?) -> holdfast_status
{
    guard let store = unsafe store, let call = unsafe call else { return HOLDFAST_INVALID }
    let box = unsafe Unmanaged<StoreBox>.fromOpaque(store).takeRetainedValue()
    unsafe box.store.close(Call(pointer: call, host: box.host.table))
    return HOLDFAST_OK
}

private func bridgeCapabilities(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer?,
    _ sink: UnsafePointer<holdfast_capability_sink>?
) -> holdfast_status {
    guard let sink = unsafe sink else { return HOLDFAST_INVALID }
    return unsafe withStore(store, call) { (store, call) throws(DriverError) in
        for capability in try store.capabilities(call) {
            let status = unsafe capability.send(sink)
            if status != HOLDFAST_OK { throw sinkError(status) }
        }
    }
}

private func bridgeHead(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer?, _ key: UnsafePointer<holdfast_key>?,
    _ info: UnsafePointer<holdfast_info_sink>?
) -> holdfast_status {
    guard let key = unsafe key, let info = unsafe info else { return HOLDFAST_INVALID }
    return unsafe withStore(store, call) { (store, call) throws(DriverError) in
        let object = unsafe try store.head(ObjectKey(key.pointee), call)
        try unsafe ObjectSink(info: info, bytes: nil).begin(object)
    }
}

private func bridgeGet(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer?,
    _ request: UnsafePointer<holdfast_get>?,
    _ info: UnsafePointer<holdfast_info_sink>?, _ sink: UnsafePointer<holdfast_sink>?
) -> holdfast_status {
    guard let request = unsafe request, let key = unsafe request.pointee.key,
        let info = unsafe info, let sink = unsafe sink
    else { return HOLDFAST_INVALID }
    return unsafe withStore(store, call) { (store, call) throws(DriverError) in
        let range = unsafe ByteRange(
            offset: request.pointee.offset, length: request.pointee.length)
        try unsafe store.get(
            ObjectKey(key.pointee), range, into: ObjectSink(info: info, bytes: sink), call)
    }
}

private func bridgePut(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer?,
    _ request: UnsafePointer<holdfast_put>?,
    _ source: UnsafePointer<holdfast_source>?, _ info: UnsafePointer<holdfast_info_sink>?
) -> holdfast_status {
    guard let request = unsafe request?.pointee, let key = unsafe request.key,
        let condition = unsafe request.condition, let source = unsafe source, let info = unsafe info
    else { return HOLDFAST_INVALID }
    return unsafe withStore(store, call) { (store, call) throws(DriverError) in
        let put = unsafe PutRequest(
            key: ObjectKey(key.pointee), condition: try known(condition),
            attributes: Array(
                request.attributes, count: request.attribute_count,
                stride: request.attribute_stride),
            isUnique: request.flags & HOLDFAST_PUT_UNIQUE != 0)
        let object = try unsafe store.put(put, from: ObjectSource(source), call)
        try unsafe ObjectSink(info: info, bytes: nil).begin(object)
    }
}

private func bridgeRemove(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer?,
    _ request: UnsafePointer<holdfast_remove>?
) -> holdfast_status {
    guard let request = unsafe request, let key = unsafe request.pointee.key,
        let condition = unsafe request.pointee.condition
    else { return HOLDFAST_INVALID }
    return unsafe withStore(store, call) { (store, call) throws(DriverError) in
        try unsafe store.remove(ObjectKey(key.pointee), try known(condition), call)
    }
}

private func bridgeList(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer?,
    _ request: UnsafePointer<holdfast_list>?,
    _ sink: UnsafePointer<holdfast_entry_sink>?
) -> holdfast_status {
    guard let request = unsafe request?.pointee, let sink = unsafe sink else {
        return HOLDFAST_INVALID
    }
    return unsafe withStore(store, call) { (store, call) throws(DriverError) in
        let list = unsafe ListRequest(
            collection: String(text: request.collection),
            workspace: String(text: request.workspace), prefix: String(text: request.prefix),
            startAfter: String(text: request.start_after), limit: Int(request.limit),
            wantsAttributes: request.flags & HOLDFAST_LIST_ATTRIBUTES != 0)
        try unsafe store.list(list, into: EntrySink(sink), call)
    }
}

private func bridgePing(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer?,
    _ sink: UnsafePointer<holdfast_clock_sink>?
) -> holdfast_status {
    guard let sink = unsafe sink else { return HOLDFAST_INVALID }
    return unsafe withStore(store, call) { (store, call) throws(DriverError) in
        let clock =
            try store.ping(call)
            ?? StoreClock(domain: "", nowNanoseconds: 0, uncertaintyNanoseconds: 0)
        let status = unsafe clock.send(sink)
        if status != HOLDFAST_OK { throw sinkError(status) }
    }
}

// MARK: - Helpers

/// Runs a store call and turns what it throws into an outcome.
func withStore(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer?,
    _ body: (any DriverStore, Call) throws(DriverError) -> Void
) -> holdfast_status {
    guard let store = unsafe store, let call = unsafe call else { return HOLDFAST_INVALID }
    // The host keeps the store open until the call returns: nothing here has to hold it as well.
    return unsafe Unmanaged<StoreBox>.fromOpaque(store)._withUnsafeGuaranteedRef { box in
        unsafe report(call) { () throws(DriverError) in
            try body(box.store, unsafe Call(pointer: call, host: box.host.table))
        }
    }
}

/// Runs `body`; reports what it throws to the host.
private func report(_ call: CallPointer, _ body: () throws(DriverError) -> Void) -> holdfast_status
{
    do throws(DriverError) {
        try body()
        return HOLDFAST_OK
    } catch {
        // The consumer already knows why it ended the call.
        if error.code == .sinkStopped {
            return holdfast_status(truncatingIfNeeded: error.vendorCode)
        }
        if let host = startedHost.withLock({ $0 }) { unsafe error.send(call, host.table) }
        return error.code.status
    }
}

func sinkError(_ status: holdfast_status) -> DriverError {
    DriverError(.sinkStopped, "the consumer ended the call", vendorCode: Int64(status))
}

func known(_ condition: UnsafePointer<holdfast_condition>) throws(DriverError) -> Condition {
    guard let condition = unsafe Condition(condition.pointee) else {
        throw DriverError(.unsupported, "the condition's kind is not known to this driver")
    }
    return condition
}

/// The options, unless they carry a flag that cannot be honoured here.
private func known(_ options: UnsafePointer<holdfast_options>) throws(DriverError) -> Options {
    let unknown = unsafe options.pointee.flags & ~HOLDFAST_OPEN_EXISTING
    guard unknown == 0 else {
        throw DriverError(
            .unsupported,
            "the flags 0x\(String(unknown, radix: 16)) of opening are not known to this driver")
    }
    return unsafe Options(options.pointee)
}

extension Options {
    init(_ options: holdfast_options) {
        var values: [String: Value] = [:]
        for index in 0..<Int(unsafe options.count) {
            guard let items = unsafe options.items else { break }
            let item = unsafe items.advanced(by: index * Int(options.stride))
                .assumingMemoryBound(to: holdfast_option.self).pointee
            let isNumber = unsafe (HOLDFAST_OPTION_INTEGER...HOLDFAST_OPTION_SIZE).contains(
                item.type)
            values[unsafe String(text: item.name)] =
                unsafe isNumber ? .number(item.number) : .text(String(text: item.text))
        }
        self.init(values, mustExist: unsafe options.flags & HOLDFAST_OPEN_EXISTING != 0)
    }
}

extension Capability {
    fileprivate func send(_ sink: UnsafePointer<holdfast_capability_sink>) -> holdfast_status {
        unsafe id.withText { id in
            unsafe note.withText { note in
                var value = unsafe holdfast_capability(
                    size: UInt32(MemoryLayout<holdfast_capability>.size), flags: 0, id: id,
                    level: level.rawValue, reserved: 0, limit: limit, note: note)
                return unsafe sink.pointee.capability(sink.pointee.context, &value)
            }
        }
    }
}

extension StoreClock {
    fileprivate func send(_ sink: UnsafePointer<holdfast_clock_sink>) -> holdfast_status {
        unsafe domain.withText { domain in
            var value = unsafe holdfast_clock(
                size: UInt32(MemoryLayout<holdfast_clock>.size), flags: 0, domain: domain,
                now_ns: nowNanoseconds, uncertainty_ns: uncertaintyNanoseconds)
            return unsafe sink.pointee.clock(sink.pointee.context, &value)
        }
    }
}

extension DriverError {
    fileprivate func send(_ call: CallPointer, _ host: UnsafePointer<holdfast_host>) {
        unsafe message.withText { message in
            unsafe vendorName.withText { name in
                unsafe (currentVersion?.token ?? []).withText { version in
                    var value = unsafe holdfast_error()
                    unsafe value.size = UInt32(MemoryLayout<holdfast_error>.size)
                    unsafe value.status = code.status
                    unsafe value.applied = applied.rawValue
                    (unsafe value.retry, unsafe value.retry_after_ns) = retry.numbers
                    unsafe value.change = change
                    unsafe value.vendor_code = vendorCode
                    unsafe value.vendor_name = name
                    unsafe value.message = message
                    unsafe value.current_version = version
                    unsafe host.pointee.fail(call, &value)
                }
            }
        }
    }
}

extension DriverError.Retry {
    fileprivate var numbers: (holdfast_retry, UInt64) {
        switch self {
        case .never: (HOLDFAST_RETRY_NEVER, 0)
        case .same(let nanoseconds): (HOLDFAST_RETRY_SAME, nanoseconds)
        case .reopen: (HOLDFAST_RETRY_REOPEN, 0)
        }
    }
}
