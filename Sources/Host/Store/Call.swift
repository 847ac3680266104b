internal import Synchronization

/// The context of an operation: how long it may take, whether it is still wanted, whose it is.
///
/// One call may span several driver calls; all of them share its deadline and cancellation. A layer
/// derives a call of its own where one of its values changes; the cancellation stays shared.
package final class Call: Sendable {
    /// The deadline by `CLOCK_MONOTONIC`, in nanoseconds; `Int64.max` for none.
    package let deadlineNanoseconds: Int64
    /// The W3C `traceparent` of the caller; empty for none.
    package let traceParent: String
    /// Which attempt of one operation this is; 1 for the first.
    package let attempt: UInt32
    /// The same for every attempt of one write; empty elsewhere.
    package let idempotencyKey: String
    private let cancellation: Cancellation

    /// Makes a call that ends after `timeout`; `nil` for no deadline.
    package init(timeout: Duration?, traceParent: String = "") {
        deadlineNanoseconds = timeout.map { Monotonic.now(plus: $0) } ?? .max
        self.traceParent = traceParent
        attempt = 1
        idempotencyKey = ""
        cancellation = Cancellation()
    }

    private init(
        deriving parent: Call, deadlineNanoseconds: Int64, traceParent: String, attempt: UInt32,
        idempotencyKey: String
    ) {
        self.deadlineNanoseconds = deadlineNanoseconds
        self.traceParent = traceParent
        self.attempt = attempt
        self.idempotencyKey = idempotencyKey
        cancellation = parent.cancellation
    }

    /// A call that is cancelled with this one and differs in what is given.
    ///
    /// The timeout counts from now and never moves the deadline later.
    package func derived(
        timeout: Duration? = nil, traceParent: String? = nil, attempt: UInt32? = nil,
        idempotencyKey: String? = nil
    ) -> Call {
        let limit = timeout.map { Monotonic.now(plus: $0) } ?? .max
        return Call(
            deriving: self, deadlineNanoseconds: min(deadlineNanoseconds, limit),
            traceParent: traceParent ?? self.traceParent, attempt: attempt ?? self.attempt,
            idempotencyKey: idempotencyKey ?? self.idempotencyKey)
    }

    /// Asks everything that runs under this call to stop.
    ///
    /// A repeat is harmless.
    package func cancel() { cancellation.cancel() }

    /// Whether the call was cancelled.
    package var isCancelled: Bool { cancellation.isCancelled }

    /// The time until the deadline, at least zero; `nil` for no deadline.
    package var remaining: Duration? {
        guard deadlineNanoseconds != .max else { return nil }
        return .nanoseconds(max(0, deadlineNanoseconds - Monotonic.now))
    }

    /// Throws when the call was cancelled or its deadline has passed.
    ///
    /// - Throws: ``HostError`` with code `cancelled` or `deadline`, nothing applied.
    package func check() throws(HostError) {
        if isCancelled { throw HostError(.cancelled, "the call was cancelled") }
        if deadlineNanoseconds <= Monotonic.now {
            throw HostError(.deadline, "the deadline passed", retry: .same(after: .zero))
        }
    }

    /// Runs `body` while `handler` is called, at most once, when the call is cancelled.
    ///
    /// `handler` runs on the thread that cancels, at once when the call is cancelled already; it
    /// may still run while this function returns.
    package func withCancellationHandler<R, E: Error>(
        _ handler: @escaping @Sendable () -> Void, _ body: () throws(E) -> R
    ) throws(E) -> R {
        let token = addCancellationHandler(handler)
        defer { removeCancellationHandler(token) }
        return try body()
    }

    /// As ``withCancellationHandler(_:_:)``, until the token is given back.
    func addCancellationHandler(_ handler: @escaping @Sendable () -> Void) -> UInt64 {
        cancellation.add(handler)
    }

    /// Ends the wish of a handler.
    ///
    /// A token that is used up is harmless.
    func removeCancellationHandler(_ token: UInt64) { cancellation.remove(token) }
}

/// The cancellation that a call shares with those derived from it.
private final class Cancellation: Sendable {
    private struct Handler: Sendable {
        var token: UInt64
        var run: @Sendable () -> Void
    }

    private struct State: Sendable {
        var nextToken: UInt64 = 0
        // A call has one or two at a time, which are found faster here than in a dictionary.
        var handlers: [Handler] = []
    }

    private let flag = Atomic(false)
    private let state = Mutex(State())

    var isCancelled: Bool { flag.load(ordering: .relaxed) }

    func cancel() {
        let handlers = state.withLock { state in
            flag.store(true, ordering: .relaxed)
            defer { state.handlers = [] }
            return state.handlers
        }
        for handler in handlers { handler.run() }
    }

    func add(_ handler: @escaping @Sendable () -> Void) -> UInt64 {
        let token: UInt64? = state.withLock { state in
            guard !flag.load(ordering: .relaxed) else { return nil }
            state.nextToken += 1
            state.handlers.append(Handler(token: state.nextToken, run: handler))
            return state.nextToken
        }
        if let token { return token }
        handler()
        return 0
    }

    func remove(_ token: UInt64) {
        state.withLock { state in
            guard let place = state.handlers.lastIndex(where: { $0.token == token }) else { return }
            state.handlers.remove(at: place)
        }
    }
}
