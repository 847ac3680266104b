internal import CHoldfast
internal import Glibc
public import HoldfastLoader
internal import Synchronization

extension LoadedDriver {
    /// Loads a driver that was inspected into a process of its own.
    ///
    /// It is used like one in this process. Each store that is opened gets a process of its own as
    /// well, which is started anew after it has died.
    ///
    /// - Parameters:
    ///   - candidate: The driver.
    ///   - host: Who loads it.
    ///   - settings: How its processes run.
    /// - Returns: The driver, not started.
    /// - Throws: ``LoaderError``, the first of ``LibraryInspection/problems`` where there are any.
    public static func isolated(
        _ candidate: consuming CandidateLibrary, host: HostIdentity, settings: IsolationSettings
    ) throws(LoaderError) -> LoadedDriver {
        let library = try HandedLibrary(candidate)
        let driver = IsolatedDriver(
            Launch(settings: settings, library: library, host: host) { severity, text in
                unsafe text.withText { text in
                    unsafe HostTable.shared.pointer.pointee.event(nil, severity, text)
                }
            })
        let welcome = try driver.load()
        let seed = unsafe Unmanaged.passRetained(driver).toOpaque()
        return try unsafe library.driver(
            ProxyTable.make(welcome), seed: seed, refusal: { driver.operations.failure })
    }
}

/// A driver that runs in other processes: one to ask what it is, then one for each open store.
final class IsolatedDriver: Sendable {
    let launch: Launch

    private struct State: Sendable {
        /// The process that loaded the driver first; it ends when everything was asked.
        var first: DriverProcess?
        var descriptor: [UInt8] = []
        var failure: WireFailure?
        var grace = Grace.usual * 1_000_000
        var operations = ProxyOperations()
        var extensions: UInt32 = 0
    }

    private let state = Mutex(State())

    init(_ launch: Launch) { self.launch = launch }

    /// How long a call may stay past its deadline.
    var graceNanoseconds: Int64 { state.withLock { $0.grace } }

    /// What the driver declares, as soon as it is started.
    var operations: ProxyOperations { state.withLock { $0.operations } }

    /// Which other extensions the driver has, as soon as it is started.
    var extensions: UInt32 { state.withLock { $0.extensions } }

    /// Loads the driver, to learn who it is.
    func load() throws(LoaderError) -> WireWelcome {
        let (process, welcome) = try DriverProcess.start(launch)
        state.withLock { $0.first = process }
        return welcome
    }

    /// Starts the driver, asks for its descriptor and operations and ends that process.
    func start(_ call: UnsafePointer<holdfast_call>?) -> CallEnd {
        guard let process = state.withLock({ $0.first.take() }) else {
            return .failed(HOLDFAST_INVALID, "the driver was started already")
        }
        defer { unsafe stop(process, call) }
        let end = unsafe startDriver(process, call)
        guard end.status == HOLDFAST_OK else { return end }
        var collected: [UInt8] = []
        let described = unsafe describe(process, call, &collected)
        let grace = Grace.nanoseconds(collected)
        let operations = unsafe askForOperations(process, call)
        let extensions = unsafe askForExtensions(process, call)
        state.withLock { state in
            state.descriptor = collected
            state.failure = described.failure
            state.grace = grace
            state.operations = operations
            state.extensions = extensions
        }
        return .ok
    }

    /// Calls `start` of the driver in a new process.
    func startDriver(
        _ process: DriverProcess, _ call: UnsafePointer<holdfast_call>?
    ) -> CallEnd {
        var run = unsafe CallRun(process, call, "start", graceNanoseconds: graceNanoseconds)
        return run.run { _, _ in
            var request = WireStartCall()
            request.call = unsafe WireCall(call)
            return .startCall(request)
        }
    }

    /// Stops the driver in a process and ends the process.
    func stop(_ process: DriverProcess, _ call: UnsafePointer<holdfast_call>?) {
        if process.end == nil {
            var run = unsafe CallRun(process, call, "stop", graceNanoseconds: graceNanoseconds)
            _ = run.run { _, _ in
                var request = WireStopCall()
                request.call = unsafe WireCall(call)
                return .stopCall(request)
            }
        }
        process.finish()
    }

    private func describe(
        _ process: DriverProcess, _ call: UnsafePointer<holdfast_call>?,
        _ collected: inout [UInt8]
    ) -> CallEnd {
        unsafe withUnsafeMutablePointer(to: &collected) { collected in
            var sink = unsafe holdfast_sink(
                size: UInt32(MemoryLayout<holdfast_sink>.size), flags: 0, context: collected,
                write: { context, bytes, count in
                    guard let document = unsafe context?.assumingMemoryBound(to: [UInt8].self),
                        unsafe document.pointee.count <= 1 << 20
                    else { return HOLDFAST_INTERNAL }
                    unsafe document.pointee.append(
                        contentsOf: UnsafeBufferPointer(start: bytes, count: Int(count)))
                    return HOLDFAST_OK
                })
            var run = unsafe CallRun(process, call, "describe", graceNanoseconds: graceNanoseconds)
            return unsafe withUnsafePointer(to: &sink) { sink in
                unsafe run.replies.streams.bytes = sink
                return run.run { _, _ in
                    var request = WireDescribeCall()
                    request.call = unsafe WireCall(call)
                    return .describeCall(request)
                }
            }
        }
    }

    private func askForOperations(
        _ process: DriverProcess, _ call: UnsafePointer<holdfast_call>?
    ) -> ProxyOperations {
        var run = unsafe CallRun(
            process, call, "its operations", graceNanoseconds: graceNanoseconds)
        run.replies.streams.operations = []
        let end = run.run { _, _ in
            var request = WireOperationsCall()
            request.call = unsafe WireCall(call)
            return .operationsCall(request)
        }
        return ProxyOperations(run.replies.streams.operations ?? [], end)
    }

    private func askForExtensions(
        _ process: DriverProcess, _ call: UnsafePointer<holdfast_call>?
    ) -> UInt32 {
        var run = unsafe CallRun(
            process, call, "its extensions", graceNanoseconds: graceNanoseconds)
        run.replies.streams.extensions = 0
        _ = run.run { _, _ in
            var request = WireExtensionsCall()
            request.call = unsafe WireCall(call)
            return .extensionsCall(request)
        }
        return run.replies.streams.extensions ?? 0
    }

    /// Writes the descriptor, which is always the same.
    func describe(_ sink: UnsafePointer<holdfast_sink>) -> CallEnd {
        let (descriptor, failure) = state.withLock { ($0.descriptor, $0.failure) }
        if let failure { return CallEnd(status: failure.status, failure: failure) }
        let status = unsafe descriptor.withUnsafeBufferPointer { bytes in
            unsafe sink.pointee.write(
                sink.pointee.context, bytes.baseAddress, UInt64(bytes.count))
        }
        return CallEnd(status: status, failure: nil)
    }
}
