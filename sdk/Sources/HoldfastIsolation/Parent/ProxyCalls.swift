internal import CHoldfast
internal import HoldfastLoader

// The functions of the proxy's table. Their pointers come from the loader, as the interface says.

typealias CallPointer = UnsafePointer<holdfast_call>?

/// The object behind a handle of the proxy.
func object<Object: AnyObject>(
    _ handle: UnsafeMutableRawPointer?, _ type: Object.Type
) -> Object? {
    unsafe handle.map { unsafe Unmanaged<Object>.fromOpaque($0).takeUnretainedValue() }
}

let noHandle = CallEnd.failed(HOLDFAST_INVALID, "there is no such driver or store")

func proxyStart(
    _ call: CallPointer, _ driver: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> holdfast_status {
    // The loader left the table's own object where the driver's is to be put.
    let found = unsafe object(driver?.pointee, IsolatedDriver.self)
    return unsafe (found?.start(call) ?? noHandle).report(call)
}

func proxyDescribe(
    _ driver: UnsafeMutableRawPointer?, _ call: CallPointer, _ sink: UnsafePointer<holdfast_sink>?
) -> holdfast_status {
    guard let driver = unsafe object(driver, IsolatedDriver.self), let sink = unsafe sink else {
        return unsafe noHandle.report(call)
    }
    return unsafe driver.describe(sink).report(call)
}

func proxyOpen(
    _ driver: UnsafeMutableRawPointer?, _ call: CallPointer,
    _ options: UnsafePointer<holdfast_options>?,
    _ store: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> holdfast_status {
    guard let driver = unsafe object(driver, IsolatedDriver.self), let options = unsafe options
    else { return unsafe noHandle.report(call) }
    var opening = WireOpenCall()
    unsafe opening.flags = options.pointee.flags
    unsafe opening.options = WireOption.all(options)
    let made = IsolatedStore(driver, opening)
    let end = unsafe made.open(call)
    if end.status == HOLDFAST_OK {
        unsafe store?.pointee = Unmanaged.passRetained(made).toOpaque()
    }
    return unsafe end.report(call)
}

func proxyClose(_ store: UnsafeMutableRawPointer?, _ call: CallPointer) -> holdfast_status {
    guard let store = unsafe store else { return unsafe noHandle.report(call) }
    let owned = unsafe Unmanaged<IsolatedStore>.fromOpaque(store).takeRetainedValue()
    return unsafe owned.close(call).report(call)
}

func proxyCapabilities(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer,
    _ sink: UnsafePointer<holdfast_capability_sink>?
) -> holdfast_status {
    var streams = CallStreams()
    unsafe streams.capabilities = sink
    return unsafe make(store, call, "capabilities", streams) { _, _ in
        var request = WireCapabilitiesCall()
        request.call = unsafe WireCall(call)
        return .capabilitiesCall(request)
    }
}

func proxyHead(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer, _ key: UnsafePointer<holdfast_key>?,
    _ info: UnsafePointer<holdfast_info_sink>?
) -> holdfast_status {
    guard let key = unsafe key else { return unsafe noHandle.report(call) }
    var streams = CallStreams()
    unsafe streams.info = info
    return unsafe make(store, call, "head", streams) { _, _ in
        var request = WireHeadCall()
        request.call = unsafe WireCall(call)
        request.key = unsafe WireKey(key)
        return .headCall(request)
    }
}

func proxyGet(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer, _ get: UnsafePointer<holdfast_get>?,
    _ info: UnsafePointer<holdfast_info_sink>?, _ sink: UnsafePointer<holdfast_sink>?
) -> holdfast_status {
    guard let get = unsafe get, let key = unsafe get.pointee.key else {
        return unsafe noHandle.report(call)
    }
    var streams = CallStreams()
    unsafe streams.info = info
    unsafe streams.bytes = sink
    return unsafe make(store, call, "get", streams) { _, _ in
        var request = WireGetCall()
        request.call = unsafe WireCall(call)
        request.key = unsafe WireKey(key)
        unsafe request.offset = get.pointee.offset
        unsafe request.length = get.pointee.length
        return .getCall(request)
    }
}

func proxyPut(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer, _ put: UnsafePointer<holdfast_put>?,
    _ source: UnsafePointer<holdfast_source>?, _ info: UnsafePointer<holdfast_info_sink>?
) -> holdfast_status {
    guard let put = unsafe put, let key = unsafe put.pointee.key,
        let condition = unsafe put.pointee.condition, let source = unsafe source
    else { return unsafe noHandle.report(call) }
    guard let condition = unsafe WireCondition(condition) else {
        return unsafe unknownCondition.report(call)
    }
    var streams = CallStreams()
    unsafe streams.info = info
    unsafe streams.source = source
    return unsafe make(store, call, "put", isWrite: true, streams) { streams, connection in
        var request = WirePutCall()
        request.call = unsafe WireCall(call)
        request.key = unsafe WireKey(key)
        request.condition = condition
        request.attributes = unsafe WireAttribute.all(put)
        unsafe request.length = source.pointee.length
        unsafe request.isUnique = put.pointee.flags & HOLDFAST_PUT_UNIQUE != 0
        request.filling = unsafe streams.begin(connection.copy)
        connection.put(request.filling, 0)
        return .putCall(request)
    }
}

func proxyRemove(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer,
    _ remove: UnsafePointer<holdfast_remove>?
) -> holdfast_status {
    guard let remove = unsafe remove, let key = unsafe remove.pointee.key,
        let condition = unsafe remove.pointee.condition
    else { return unsafe noHandle.report(call) }
    guard let condition = unsafe WireCondition(condition) else {
        return unsafe unknownCondition.report(call)
    }
    return unsafe make(store, call, "remove", isWrite: true) { _, _ in
        var request = WireRemoveCall()
        request.call = unsafe WireCall(call)
        request.key = unsafe WireKey(key)
        request.condition = condition
        return .removeCall(request)
    }
}

func proxyList(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer, _ list: UnsafePointer<holdfast_list>?,
    _ sink: UnsafePointer<holdfast_entry_sink>?
) -> holdfast_status {
    guard let list = unsafe list else { return unsafe noHandle.report(call) }
    var streams = CallStreams()
    unsafe streams.entries = sink
    return unsafe make(store, call, "list", streams) { _, _ in
        var request = WireListCall()
        request.call = unsafe WireCall(call)
        unsafe request.collection = list.pointee.collection.string
        unsafe request.workspace = list.pointee.workspace.string
        unsafe request.prefix = list.pointee.prefix.string
        unsafe request.startAfter = list.pointee.start_after.string
        unsafe request.limit = list.pointee.limit
        unsafe request.wantsAttributes = list.pointee.flags & HOLDFAST_LIST_ATTRIBUTES != 0
        return .listCall(request)
    }
}

func proxyPing(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer,
    _ clock: UnsafePointer<holdfast_clock_sink>?
) -> holdfast_status {
    var streams = CallStreams()
    unsafe streams.clock = clock
    return unsafe make(store, call, "ping", streams) { _, _ in
        var request = WirePingCall()
        request.call = unsafe WireCall(call)
        return .pingCall(request)
    }
}

let unknownCondition = CallEnd.failed(
    HOLDFAST_UNSUPPORTED, "the condition is of a kind that is not known")

/// Makes a call of the store behind a handle.
func make(
    _ store: UnsafeMutableRawPointer?, _ call: CallPointer, _ function: String,
    isWrite: Bool = false, _ streams: CallStreams = CallStreams(),
    _ request: (inout CallStreams, Connection) -> Message
) -> holdfast_status {
    guard let store = unsafe object(store, IsolatedStore.self) else {
        return unsafe noHandle.report(call)
    }
    let end = unsafe store.call(call, function, isWrite: isWrite, streams, request)
    return unsafe end.report(call)
}
