internal import Glibc
internal import HoldfastLoader

/// A thread of this process that makes one call of the driver after the other.
final class ServedConnection {
    private let served: ServedDriver
    private let socket: MessageSocket
    private let window: Window
    private let buffer = MessageBuffer()

    init(_ served: ServedDriver, _ socket: MessageSocket, _ window: Window) {
        self.served = served
        self.socket = socket
        self.window = window
    }

    /// Serves calls until the host closes its end.
    func run() {
        while let message = try? buffer.receive(socket) {
            guard let call = message.call else {
                // Late answers of the call before; nobody waits for them.
                continue
            }
            let context = context(call)
            let result = served.events.during(call.id, socket) { serve(message, context) }
            guard send(result) else { return }
        }
    }

    private func context(_ call: WireCall) -> CallContext {
        let window = window
        return CallContext(
            id: call.id, deadlineNanoseconds: call.deadline == .max ? nil : call.deadline,
            attempt: call.attempt, traceParent: call.traceParent,
            idempotencyKey: call.idempotencyKey, isCancelled: { window.isCancelled })
    }

    private func send(_ result: WireResult) -> Bool {
        do throws(SocketError) {
            try socket.send(.result(result))
            return true
        } catch {
            guard case .malformed = error else { return false }
        }
        let failure = DriverFailure(
            .internalError,
            "the driver \(served.driver.id) gave more than fits into a message", applied: .unknown)
        return (try? socket.send(.result(WireResult(failure: failure)))) != nil
    }

    private func serve(_ message: Message, _ context: CallContext) -> WireResult {
        var result = WireResult()
        do {
            try make(message, context, &result)
        } catch let failure as DriverFailure {
            return WireResult(failure: failure)
        } catch {
            result.outcome = .ended
        }
        return result
    }

    private func make(
        _ message: Message, _ context: CallContext, _ result: inout WireResult
    ) throws {
        switch message {
        case .startCall: try served.driver.start(context)
        case .stopCall: try served.driver.stop(context)
        case .describeCall: try describe(context, &result)
        case .openCall(let request): try served.open(request, context)
        case .closeCall: try served.close(context)
        case .capabilitiesCall:
            result.capabilities = try served.store().capabilities(context).map(WireCapability.init)
        case .headCall(let request):
            let info = try served.store().head(ObjectKey(request.key), context)
            result.batch.infos = [WireInfo(info)]
        case .getCall(let request): try get(request, context, &result)
        case .putCall(let request): try put(request, context, &result)
        case .removeCall(let request):
            try served.store().remove(
                ObjectKey(request.key), Condition(request.condition), context)
        case .listCall(let request): try list(request, context, &result)
        case .operationsCall: try operations(&result)
        case .operationCall(let request): try call(request, context, &result)
        case .commitCall(let request): try commit(request, context, &result)
        case .watchCall(let request):
            result.cursor = try served.store().watch(WatchRequest(request), context)
        case .extensionsCall: result.extensions = served.driver.extensionBits
        case .pingCall: result.clock = try served.store().ping(context).map(WireClock.init)
        default: throw DriverFailure(.unsupported, "the driver's process does not know this call")
        }
    }

    private func describe(_ context: CallContext, _ result: inout WireResult) throws {
        let outlet = Outlet(socket, window, buffer)
        let document = try served.driver.describe(context)
        _ = try unsafe document.withUnsafeBytes { try unsafe outlet.add($0.bytes) }
        result.batch = outlet.batch
    }

    private func get(
        _ request: WireGetCall, _ context: CallContext, _ result: inout WireResult
    ) throws {
        let outlet = Outlet(socket, window, buffer)
        let outcome = try served.store().get(
            ObjectKey(request.key), ByteRange(offset: request.offset, length: request.length),
            context, onInfo: { try outlet.add($0) }, onBytes: { try outlet.add($0) })
        result.outcome = outcome == .stopped ? .stopped : .done
        result.batch = outlet.batch
    }

    private func put(
        _ request: WirePutCall, _ context: CallContext, _ result: inout WireResult
    ) throws {
        let inlet = Inlet(socket, window, buffer, first: request.filling)
        let attributes = request.attributes.map { Attribute(name: $0.name, value: $0.value) }
        let info = try unsafe served.store().put(
            ObjectKey(request.key),
            PutRequest(
                condition: Condition(request.condition), attributes: attributes,
                length: request.length == .max ? nil : request.length,
                isUnique: request.isUnique),
            context, source: { unsafe try inlet.read($0) })
        result.batch.infos = [WireInfo(info)]
    }

    private func commit(
        _ request: WireCommitCall, _ context: CallContext, _ result: inout WireResult
    ) throws {
        var changes = request.changes
        while changes.count < Int(request.count) {
            guard case .changes(let more)? = try? buffer.receive(socket), !more.changes.isEmpty
            else { throw CallerEnded() }
            changes += more.changes
        }
        let inlet = Inlet(socket, window, buffer, first: request.filling)
        let sources = SourceReader(inlet, changes)
        let infos = try unsafe served.store().commit(changes.map(Change.init), context) {
            unsafe try sources.read($0, $1)
        }
        // All has been read, but the word that this was the end may still be on its way.
        try? inlet.expectEnd()
        let outlet = Outlet(socket, window, buffer)
        for case let info? in infos { _ = try outlet.add(info) }
        result.batch = outlet.batch
    }

    private func operations(_ result: inout WireResult) throws {
        let outlet = Outlet(socket, window, buffer)
        for operation in try served.driver.operations() { try outlet.add(operation) }
        result.batch = outlet.batch
    }

    private func call(
        _ request: WireOperationCall, _ context: CallContext, _ result: inout WireResult
    ) throws {
        let store = try served.store()
        // All is read before the first byte is handed out: both go through the same slots.
        let inlet = Inlet(socket, window, buffer, first: request.filling)
        let arguments = try request.arguments.map { argument in
            try OperationValue(argument) { count throws in try inlet.read(count) }
        }
        try inlet.expectEnd()
        let outlet = Outlet(socket, window, buffer)
        let outcome = try store.call(
            request.operation, arguments, context, onBytes: { try outlet.add($0) })
        result.outcome = outcome == .stopped ? .stopped : .done
        result.batch = outlet.batch
    }

    private func list(
        _ request: WireListCall, _ context: CallContext, _ result: inout WireResult
    ) throws {
        let outlet = Outlet(socket, window, buffer)
        let outcome = try served.store().list(
            ListRequest(
                collection: request.collection, workspace: request.workspace,
                prefix: request.prefix, startAfter: request.startAfter, limit: request.limit,
                wantsAttributes: request.wantsAttributes), context
        ) { try outlet.add($0) }
        result.outcome = outcome == .stopped ? .stopped : .done
        result.batch = outlet.batch
    }
}

extension WireResult {
    init(failure: DriverFailure) {
        self.init()
        outcome = .failed
        self.failure = WireFailure(failure)
    }
}

extension WireCapability {
    init(_ report: CapabilityReport) {
        self.init()
        id = report.id
        level = report.level.rawValue
        limit = report.limit
        note = report.note
    }
}

extension WireClock {
    init(_ clock: StoreClock) {
        self.init()
        domain = clock.domain
        now = clock.nowNanoseconds
        uncertainty = clock.uncertaintyNanoseconds
    }
}

extension Message {
    /// The call that this message asks for, if it does.
    var call: WireCall? {
        switch self {
        case .startCall(let request): request.call
        case .stopCall(let request): request.call
        case .describeCall(let request): request.call
        case .openCall(let request): request.call
        case .closeCall(let request): request.call
        case .capabilitiesCall(let request): request.call
        case .headCall(let request): request.call
        case .getCall(let request): request.call
        case .putCall(let request): request.call
        case .removeCall(let request): request.call
        case .listCall(let request): request.call
        case .pingCall(let request): request.call
        case .operationsCall(let request): request.call
        case .operationCall(let request): request.call
        case .commitCall(let request): request.call
        case .watchCall(let request): request.call
        case .extensionsCall(let request): request.call
        default: nil
        }
    }
}
