internal import CHoldfast
internal import HoldfastLoader
internal import Synchronization

/// A store whose driver runs in another process, which is replaced after it has died.
final class IsolatedStore: Sendable {
    let driver: IsolatedDriver
    /// What opens the store; the call in it is each time another.
    private let opening: WireOpenCall

    private enum Phase: Sendable {
        case down
        case starting
        case running(DriverProcess)
        case closed
    }

    private struct State: Sendable {
        var phase = Phase.down
        /// How many processes in a row did not last.
        var ends = 0
        /// Why and when there was no process left.
        var reason = ""
        var notBefore: Int64 = .min
    }

    private let state = Mutex(State())

    init(_ driver: IsolatedDriver, _ opening: WireOpenCall) {
        self.driver = driver
        self.opening = opening
    }

    /// Opens the store for the first time.
    func open(_ call: UnsafePointer<holdfast_call>?) -> CallEnd {
        state.withLock { $0.phase = .starting }
        let (process, end) = unsafe startProcess(call)
        state.withLock { $0.phase = process.map(Phase.running) ?? .closed }
        return end
    }

    /// Closes the store, and ends its process in order.
    func close(_ call: UnsafePointer<holdfast_call>?) -> CallEnd {
        let phase = state.withLock { state in
            defer { state.phase = .closed }
            return state.phase
        }
        // Nothing is open where no process is left.
        guard case .running(let process) = phase, process.end == nil else { return .ok }
        var run = unsafe CallRun(
            process, call, "close", graceNanoseconds: driver.graceNanoseconds)
        let end = run.run { _, _ in
            var request = WireCloseCall()
            request.call = unsafe WireCall(call)
            return .closeCall(request)
        }
        unsafe driver.stop(process, call)
        return end
    }

    /// Makes a call in the store's process, a new one where that has died.
    func call(
        _ call: UnsafePointer<holdfast_call>?, _ function: String, isWrite: Bool = false,
        _ streams: CallStreams = CallStreams(),
        _ request: (inout CallStreams, Connection) -> Message
    ) -> CallEnd {
        let process: DriverProcess
        switch unsafe running(call) {
        case .success(let found): process = found
        case .failure(let refusal): return refusal.end
        }
        var run = unsafe CallRun(
            process, call, function, isWrite: isWrite, graceNanoseconds: driver.graceNanoseconds)
        run.replies.streams = streams
        var end = run.run(request)
        guard process.end != nil else { return end }
        let wait = state.withLock { state in
            note(process, &state)
            return state.notBefore - CallContext.monotonicNanoseconds()
        }
        if end.failure?.retry == HOLDFAST_RETRY_SAME {
            end.failure?.retryAfter = UInt64(max(0, wait))
        }
        return end
    }

    // MARK: - The process

    private struct Refusal: Error { var end: CallEnd }

    private enum Step {
        case use(DriverProcess)
        case start
        case wait
        case refuse(CallEnd)
    }

    /// The store's process, started anew where that is needed and may be.
    private func running(
        _ call: UnsafePointer<holdfast_call>?
    ) -> Result<DriverProcess, Refusal> {
        while true {
            switch state.withLock({ next(&$0) }) {
            case .use(let process): return .success(process)
            case .start: return unsafe restart(call)
            case .refuse(let end): return .failure(Refusal(end: end))
            case .wait:
                // Another call starts the process; its outcome counts for this one as well.
                if unsafe HostTable.shared.pointer.pointee.cancelled(call) != 0 {
                    return .failure(Refusal(end: tooEarly(state.withLock { $0 })))
                }
                pause(microseconds: 500)
            }
        }
    }

    private func next(_ state: inout State) -> Step {
        if case .running(let process) = state.phase {
            guard process.end != nil else { return .use(process) }
            note(process, &state)
        }
        switch state.phase {
        case .closed: return .refuse(.failed(HOLDFAST_INVALID, "the store is closed"))
        case .starting, .running: return .wait
        case .down:
            guard CallContext.monotonicNanoseconds() >= state.notBefore else {
                return .refuse(tooEarly(state))
            }
            state.phase = .starting
            return .start
        }
    }

    /// Notes that a process has ended, once.
    private func note(_ process: DriverProcess, _ state: inout State) {
        guard case .running(let current) = state.phase, current === process else { return }
        let lasted = process.endedAt - process.startedAt
        if lasted >= driver.launch.settings.restart.steady.nanoseconds { state.ends = 0 }
        down(&state, "ended \(process.end?.description ?? "")", at: process.endedAt)
    }

    private func down(_ state: inout State, _ reason: String, at time: Int64) {
        state.phase = .down
        state.ends += 1
        state.reason = reason
        let delay = driver.launch.settings.restart.delay(afterEnds: state.ends)
        state.notBefore = time.addingReportingOverflow(delay).partialValue
    }

    private func tooEarly(_ state: State) -> CallEnd {
        let wait = max(0, state.notBefore - CallContext.monotonicNanoseconds())
        return .failed(
            HOLDFAST_UNAVAILABLE,
            "the process of the driver \(id) \(state.reason); a new one is started in "
                + "\(wait / 1_000_000) ms", retryAfter: wait)
    }

    private var id: String { driver.launch.library.manifest.id }

    private func restart(
        _ call: UnsafePointer<holdfast_call>?
    ) -> Result<DriverProcess, Refusal> {
        let (process, end) = unsafe startProcess(call)
        if let process {
            let isWanted = state.withLock { state in
                guard case .starting = state.phase else { return false }
                state.phase = .running(process)
                return true
            }
            if isWanted { return .success(process) }
            unsafe driver.stop(process, call)
            return .failure(Refusal(end: .failed(HOLDFAST_INVALID, "the store is closed")))
        }
        // Its class would be taken for an answer of the call that is waiting.
        let why = "could not open its store again: \(end.failure?.message ?? "no reason given")"
        let now = CallContext.monotonicNanoseconds()
        let refusal = state.withLock { state in
            if case .starting = state.phase { down(&state, why, at: now) }
            return tooEarly(state)
        }
        return .failure(Refusal(end: refusal))
    }

    /// Starts a process, the driver in it, and opens the store.
    private func startProcess(
        _ call: UnsafePointer<holdfast_call>?
    ) -> (DriverProcess?, CallEnd) {
        let process: DriverProcess
        do throws(LoaderError) {
            (process, _) = try DriverProcess.start(driver.launch, writable: writable)
        } catch {
            let status = error.code == .tooLarge ? HOLDFAST_INVALID : HOLDFAST_UNAVAILABLE
            return (nil, .failed(status, "\(error.message); \(error.remedy)"))
        }
        var end = unsafe driver.startDriver(process, call)
        if end.status == HOLDFAST_OK { end = unsafe open(in: process, call) }
        guard end.status == HOLDFAST_OK else {
            unsafe driver.stop(process, call)
            return (nil, end)
        }
        return (process, end)
    }

    private func open(
        in process: DriverProcess, _ call: UnsafePointer<holdfast_call>?
    ) -> CallEnd {
        var run = unsafe CallRun(process, call, "open", graceNanoseconds: driver.graceNanoseconds)
        return run.run { _, _ in
            var request = opening
            request.call = unsafe WireCall(call)
            return .openCall(request)
        }
    }

    /// The paths that the options name.
    private var writable: [String] {
        opening.options.filter { $0.type == HOLDFAST_OPTION_PATH }.map(\.text)
    }
}
