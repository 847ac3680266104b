internal import Logging
internal import Metrics
internal import NIOCore
internal import NIOHTTP1

/// Closes connections that are slow, truncated or done, so that no client can hold one for ever.
///
/// It stands right behind the HTTP codec. What may take how long is in ``ConnectionTimes``; here is
/// what is done about it.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: ConnectionLimits
    private let counts: ConnectionCounts
    private var times: ConnectionTimes
    private var timer: Scheduled<Void>?
    private var timerDeadline = NIODeadline.distantFuture
    private var closesAfterAnswer = false
    /// The answer is out and the rest of the body unwanted: what still comes is dropped.
    private var isLingering = false
    private var pendingBytes = 0

    init(limits: ConnectionLimits, counts: ConnectionCounts) {
        self.limits = limits
        self.counts = counts
        times = ConnectionTimes(limits: limits, now: .now())
    }

    /// Called by ``ArrivalProbe`` before bytes are parsed.
    func bytesArrived() { times.bytesArrived(at: .now()) }

    /// Called by ``ArrivalProbe`` when the bytes of one read are parsed.
    func bytesParsed(context: ChannelHandlerContext) { schedule(on: context.eventLoop, context) }

    // MARK: The channel's life

    func handlerAdded(context: ChannelHandlerContext) { schedule(on: context.eventLoop, context) }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelActive(context: ChannelHandlerContext) {
        counts.open.increment()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        counts.open.decrement()
        reportTruncation(context)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            closesAfterAnswer = true
            if times.openRequests == 0 { context.close(promise: nil) }
        } else if case .inputClosed? = event as? ChannelEvent {
            guard !isLingering else { return context.close(promise: nil) }
            reportTruncation(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// The framework above takes an end of input for the end of the body.
    private func reportTruncation(_ context: ChannelHandlerContext) {
        guard times.isBodyOpen, !isLingering else { return }
        context.fireErrorCaught(BodyFailure.truncated)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isLingering else { return }
        guard let parserError = error as? HTTPParserError else {
            return context.fireErrorCaught(error)
        }
        guard times.awaitsHead else {
            let isTruncated = parserError == .invalidEOFState
            return context.fireErrorCaught(isTruncated ? BodyFailure.truncated : .malformed)
        }
        let isTooLarge = parserError == .headerOverflow
        refuse(context, isTooLarge ? .requestHeaderFieldsTooLarge : .badRequest)
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Nobody above asks for bytes any more, so the reading is driven from here.
        guard !isLingering else { return context.read() }
        switch unwrapInboundIn(data) {
        case .head(let head):
            times.headArrived()
            if !head.isKeepAlive { closesAfterAnswer = true }
        case .body(let bytes): times.bodyArrived(byteCount: bytes.readableBytes, at: .now())
        case .end: times.bodyEnded(at: .now())
        }
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        times.readRequested(at: .now())
        context.read()
        if times.isBodyOpen { schedule(on: context.eventLoop, context) }
    }

    // MARK: Answers

    func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        switch unwrapOutboundIn(data) {
        case .head(let head): write(context, head, promise)
        case .body: context.write(data, promise: promise)
        case .end: writeEnd(context, data, promise)
        }
    }

    private func write(
        _ context: ChannelHandlerContext, _ head: HTTPResponseHead,
        _ promise: EventLoopPromise<Void>?
    ) {
        var head = head
        if head.status.code >= 200 {
            // An answer before the end of its body means that nobody will read the rest.
            if times.openRequests == 1, times.isBodyOpen { closesAfterAnswer = true }
            if closesAfterAnswer { head.headers.replaceOrAdd(name: "connection", value: "close") }
        }
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }

    private func writeEnd(
        _ context: ChannelHandlerContext, _ data: NIOAny, _ promise: EventLoopPromise<Void>?
    ) {
        let isUnread = times.openRequests == 1 && times.isBodyOpen
        times.answerEnded(at: .now())
        guard isUnread || (closesAfterAnswer && times.openRequests == 0) else {
            return context.write(data, promise: promise)
        }
        isLingering = isUnread
        let written = promise ?? context.eventLoop.makePromise(of: Void.self)
        closeWhenWritten(context, written)
        context.writeAndFlush(data, promise: written)
    }

    private func closeWhenWritten(
        _ context: ChannelHandlerContext, _ written: EventLoopPromise<Void>
    ) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        written.futureResult.assumeIsolated().whenComplete { _ in
            let (connection, context) = bound.value
            connection.closeAfterAnswer(context)
        }
    }

    private func closeAfterAnswer(_ context: ChannelHandlerContext) {
        guard isLingering else { return context.close(promise: nil) }
        context.close(mode: .output, promise: nil)
        context.read()
        closeLater(context)
    }

    private func closeLater(_ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: limits.lingerTime) {
            bound.value.close(promise: nil)
        }
        timerDeadline = .now()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        times.writabilityChanged(to: context.channel.isWritable, at: .now())
        pendingBytes = Self.pendingBytes(context)
        if !context.channel.isWritable { schedule(on: context.eventLoop, context) }
        context.fireChannelWritabilityChanged()
    }

    // MARK: Time

    private func schedule(on loop: any EventLoop, _ context: ChannelHandlerContext) {
        guard !isLingering, let deadline = times.limit?.deadline else { return }
        // A timer that is too early looks again; only one that is too late has to go.
        guard timer == nil || deadline < timerDeadline else { return }
        timer?.cancel()
        timerDeadline = deadline
        let bound = NIOLoopBound((self, context), eventLoop: loop)
        timer = loop.scheduleTask(deadline: deadline) {
            let (connection, context) = bound.value
            connection.timerFired(context)
        }
    }

    private func timerFired(_ context: ChannelHandlerContext) {
        timer = nil
        guard let limit = times.limit, limit.deadline <= .now() else {
            return schedule(on: context.eventLoop, context)
        }
        switch limit.lateness {
        case .slowHeader:
            counts.slowHeader.increment()
            refuse(context, .requestTimeout)
        case .silent: context.close(promise: nil)
        case .slowBody:
            counts.slowBody.increment()
            context.fireErrorCaught(BodyFailure.stalled)
            // The answer is written by whoever reads the body; this is for the case that nobody does.
            closeLater(context)
        case .stalledReader: checkReader(context)
        }
    }

    private func checkReader(_ context: ChannelHandlerContext) {
        let pending = Self.pendingBytes(context)
        guard pending < pendingBytes else {
            counts.stalledReader.increment()
            return context.close(promise: nil)
        }
        pendingBytes = pending
        times.answerProgressed(at: .now())
        schedule(on: context.eventLoop, context)
    }

    private static func pendingBytes(_ context: ChannelHandlerContext) -> Int {
        let options = context.channel.syncOptions
        return (try? options?.getOption(ChannelOptions.bufferedWritableBytes)) ?? 0
    }

    /// Answers in the place of the framework, which has seen no request.
    private func refuse(_ context: ChannelHandlerContext, _ status: HTTPResponseStatus) {
        let headers = HTTPHeaders([("connection", "close"), ("content-length", "0")])
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        isLingering = true
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let written = context.eventLoop.makePromise(of: Void.self)
        closeWhenWritten(context, written)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }
}

/// Why a body did not arrive whole.
enum BodyFailure: Error {
    /// The client closed the connection before the end.
    case truncated
    /// It stood still, or trickled.
    case stalled
    /// It is not HTTP.
    case malformed
}
