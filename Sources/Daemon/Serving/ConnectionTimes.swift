internal import NIOCore

/// What a connection is waiting for, and until when it may: all decisions of ``ConnectionGuard``, as a
/// value without a channel.
struct ConnectionTimes {
    /// What has taken too long.
    enum Lateness {
        /// The headers were not complete in time; some of them had come.
        case slowHeader
        /// No request came.
        case silent
        /// The body stood still or trickled.
        case slowBody
        /// The client does not read its answer.
        case stalledReader
    }

    private let limits: ConnectionLimits
    private var headStarted: NIODeadline
    private var hasHeadBytes = false
    private var restingSince: NIODeadline?
    /// Bytes of the body, and time waited for them, since enough had come to start afresh.
    private var windowBytes = 0
    private var windowWait = TimeAmount.zero
    private var waitingForBodySince: NIODeadline?
    private var blockedSince: NIODeadline?

    /// Heads that came whose answers have not ended.
    private(set) var openRequests = 0
    /// Whether the latest head's body has not ended.
    private(set) var isBodyOpen = false

    init(limits: ConnectionLimits, now: NIODeadline) {
        self.limits = limits
        headStarted = now
    }

    /// Whether a request's headers are awaited.
    var awaitsHead: Bool { openRequests == 0 && !isBodyOpen }

    /// Bytes came, before they were parsed.
    mutating func bytesArrived(at now: NIODeadline) {
        guard awaitsHead, !hasHeadBytes else { return }
        hasHeadBytes = true
        if restingSince != nil { headStarted = now }
        restingSince = nil
    }

    mutating func headArrived() {
        openRequests += 1
        isBodyOpen = true
        hasHeadBytes = false
        windowBytes = 0
        windowWait = .zero
        waitingForBodySince = nil
    }

    mutating func bodyArrived(byteCount: Int, at now: NIODeadline) {
        windowBytes += byteCount
        if let since = waitingForBodySince { windowWait = windowWait + (now - since) }
        waitingForBodySince = nil
        guard windowBytes >= limits.windowBytes else { return }
        windowBytes = 0
        windowWait = .zero
    }

    mutating func bodyEnded(at now: NIODeadline) {
        isBodyOpen = false
        waitingForBodySince = nil
        restIfDone(at: now)
    }

    /// The server asked for bytes: from here on it is the client that is waited for.
    mutating func readRequested(at now: NIODeadline) {
        if isBodyOpen, waitingForBodySince == nil { waitingForBodySince = now }
    }

    mutating func answerEnded(at now: NIODeadline) {
        openRequests -= 1
        restIfDone(at: now)
    }

    /// The socket takes no more bytes, or takes them again.
    mutating func writabilityChanged(to isWritable: Bool, at now: NIODeadline) {
        blockedSince = isWritable ? nil : now
    }

    /// The client took some of what it was sent.
    mutating func answerProgressed(at now: NIODeadline) {
        if blockedSince != nil { blockedSince = now }
    }

    /// Until when the client has time, and what it is late with after that; `nil` while nothing is
    /// awaited of it.
    var limit: (deadline: NIODeadline, lateness: Lateness)? {
        if let since = blockedSince { return (since + limits.stallTime, .stalledReader) }
        if isBodyOpen {
            guard let since = waitingForBodySince else { return nil }
            return (since + (limits.stallTime - windowWait), .slowBody)
        }
        guard openRequests == 0 else { return nil }
        if let since = restingSince { return (since + limits.restTime, .silent) }
        return (headStarted + limits.headerTime, hasHeadBytes ? .slowHeader : .silent)
    }

    private mutating func restIfDone(at now: NIODeadline) {
        guard awaitsHead else { return }
        restingSince = now
        hasHeadBytes = false
    }
}
