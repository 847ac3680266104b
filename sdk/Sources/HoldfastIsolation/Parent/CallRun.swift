internal import CHoldfast
internal import HoldfastLoader
internal import Synchronization

/// How a call ended, for the caller.
struct CallEnd {
    var status: holdfast_status
    var failure: WireFailure?

    static let ok = CallEnd(status: HOLDFAST_OK, failure: nil)

    /// Tells the host, and gives the status to return.
    func report(_ call: UnsafePointer<holdfast_call>?) -> holdfast_status {
        unsafe failure?.report(call)
        return status
    }

    /// A failure of the isolation itself.
    static func failed(
        _ status: holdfast_status, _ message: String, applied: holdfast_applied = 0,
        retryAfter: Int64? = nil, change: Int = 0
    ) -> CallEnd {
        var failure = WireFailure()
        failure.status = status
        failure.message = message
        failure.applied = applied
        failure.retry = retryAfter == nil ? HOLDFAST_RETRY_NEVER : HOLDFAST_RETRY_SAME
        failure.retryAfter = UInt64(max(0, retryAfter ?? 0))
        failure.change = UInt32(change)
        return CallEnd(status: status, failure: failure)
    }
}

/// One call of a driver that runs in another process.
@safe struct CallRun {
    let process: DriverProcess
    /// The caller's call; its deadline and cancellation count.
    let call: UnsafePointer<holdfast_call>?
    /// The function, for messages.
    let function: String
    /// Whether the call can change what is stored.
    var isWrite = false
    /// How long the driver may stay after the deadline or cancellation.
    var graceNanoseconds: Int64
    var replies = ReplyHandler()

    private var isOver = false
    /// How long was waited for the process since the call is over.
    private var overstay: Int64 = 0

    /// How long is waited before the deadline and cancellation are looked at, in milliseconds; a watch
    /// waits for long, and there may be many.
    private var slice: Int32 { unsafe replies.streams.cursor == nil ? 10 : 50 }

    init(
        _ process: DriverProcess, _ call: UnsafePointer<holdfast_call>?, _ function: String,
        isWrite: Bool = false, graceNanoseconds: Int64
    ) {
        self.process = process
        unsafe self.call = call
        self.function = function
        self.isWrite = isWrite
        self.graceNanoseconds = graceNanoseconds
    }

    private enum Trouble: Error {
        case socket(SocketError)
        case breach(Breach)
        case overstayed
    }

    /// Makes the call.
    ///
    /// - Parameter request: Makes the message that asks for it.
    /// - Returns: How it ended.
    mutating func run(_ request: (inout CallStreams, Connection) -> Message) -> CallEnd {
        process.callsInFlight.add(1, ordering: .acquiringAndReleasing)
        defer { process.callsInFlight.subtract(1, ordering: .acquiringAndReleasing) }
        let connection: Connection
        do throws(SocketError) {
            connection = try process.connection()
            isOver = unsafe HostTable.shared.pointer.pointee.cancelled(call) != 0
            connection.window.isCancelled = isOver
        } catch {
            return notMade(error)
        }
        let message = request(&replies.streams, connection)
        do throws(SocketError) {
            try connection.socket.send(message)
            for message in replies.streams.rest { try connection.socket.send(message) }
        } catch {
            return notMade(error)
        }
        do throws(Trouble) {
            let end = try serve(connection)
            process.giveBack(connection)
            return end
        } catch {
            return broken(error)
        }
    }

    // MARK: - While the driver works

    private mutating func serve(_ connection: Connection) throws(Trouble) -> CallEnd {
        while true {
            let canFill = replies.mayFill
            guard let message = try receive(connection, wait: canFill ? 0 : slice) else {
                if canFill { try fill(connection) }
                continue
            }
            switch try reaction(to: message, connection) {
            case .none: break
            case .answer(let answer): try send(.answer(answer), connection)
            case .tell(let event): tell(event)
            case .end(let end): return end
            }
        }
    }

    private mutating func reaction(
        to message: Message, _ connection: Connection
    ) throws(Trouble) -> ReplyHandler.Reaction {
        do throws(Breach) {
            return try unsafe replies.take(message, connection.window, connection.copy)
        } catch {
            throw .breach(error)
        }
    }

    private func send(_ message: Message, _ connection: Connection) throws(Trouble) {
        do throws(SocketError) { try connection.socket.send(message) } catch {
            throw .socket(error)
        }
    }

    /// Receives a message, and looks after the deadline and cancellation.
    private mutating func receive(
        _ connection: Connection, wait: Int32
    ) throws(Trouble) -> Message? {
        let before = isOver ? CallContext.monotonicNanoseconds() : 0
        let message: Message?
        do throws(SocketError) {
            message = try unsafe connection.buffer.receive(connection.socket, wait: wait)
            unsafe connection.buffer.closeDescriptors()
        } catch {
            throw .socket(error)
        }
        if case .result? = message { return message }
        if message == nil, wait > 0, process.end != nil { throw .socket(.gone) }
        if isOver {
            // Only the time counts that the driver took, not that of the caller's own sinks.
            overstay += CallContext.monotonicNanoseconds() - before
            if overstay > graceNanoseconds { throw .overstayed }
        } else if unsafe HostTable.shared.pointer.pointee.cancelled(call) != 0 {
            isOver = true
            connection.window.isCancelled = true
        }
        return message
    }

    private mutating func fill(_ connection: Connection) throws(Trouble) {
        let (fill, turn) = unsafe replies.fill(connection.copy)
        connection.put(fill.filling, turn)
        try send(.fill(fill), connection)
    }

    private func tell(_ event: WireEvent) {
        unsafe event.text.withText { text in
            unsafe HostTable.shared.pointer.pointee.event(call, event.severity, text)
        }
    }

    // MARK: - When the process fails

    /// The request did not reach the process.
    private func notMade(_ error: SocketError) -> CallEnd {
        switch error {
        case .malformed:
            return .failed(
                HOLDFAST_INVALID,
                "\(function) of the driver \(driver): an argument is too long to pass to its process"
            )
        case .gone:
            let end = process.wait(milliseconds: 5000)
            return .failed(
                HOLDFAST_UNAVAILABLE,
                "the process of the driver \(driver) ended \(end?.description ?? "") before "
                    + "\(function); a new one will be started", retryAfter: 0)
        case .system(let code):
            return .failed(
                HOLDFAST_UNAVAILABLE,
                "\(function) cannot be passed to the process of the driver \(driver): "
                    + systemReason(code), retryAfter: 0)
        }
    }

    private var driver: String { process.launch.library.manifest.id }

    private func broken(_ trouble: Trouble) -> CallEnd {
        let unknown = isWrite ? HOLDFAST_APPLIED_UNKNOWN : HOLDFAST_APPLIED_NO
        switch trouble {
        case .overstayed:
            process.kill(.overstayed)
            _ = process.wait(milliseconds: 5000)
            return .failed(
                HOLDFAST_DEADLINE,
                "\(function) of the driver \(driver) stayed more than "
                    + "\(graceNanoseconds / 1_000_000) ms past its deadline or cancellation; its "
                    + "process was ended, a new one will be started", applied: unknown,
                retryAfter: 0)
        case .breach(let breach): process.kill(.protocolError(breach.text))
        case .socket(.malformed): process.kill(.protocolError("sent what is no message"))
        case .socket:
            // The process usually dies as a whole; one that only closes a socket must not go on.
            if process.wait(milliseconds: 1000) == nil {
                process.kill(.protocolError("closed a connection"))
            }
        }
        let end = process.wait(milliseconds: 5000)
        return .failed(
            HOLDFAST_UNAVAILABLE,
            "the process of the driver \(driver) ended \(end?.description ?? "") during \(function);"
                + " a new one will be started", applied: unknown, retryAfter: 0)
    }
}
