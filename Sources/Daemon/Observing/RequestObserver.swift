internal import Host
internal import Hummingbird
internal import Logging
internal import Metrics
internal import Synchronization

/// Counts and logs what was answered.
final class RequestObserver: Sendable {
    private struct Key: Hashable {
        var route: Route
        var method: String
        var status: Int
    }

    private struct Handlers: Sendable {
        var counter: Counter
        var timer: Metrics.Timer
    }

    private let logger: Logger
    private let handlers = Mutex<[Key: Handlers]>([:])
    private static let methods: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "LOCK", "UNLOCK", "OPTIONS",
    ]

    init(logger: Logger) { self.logger = logger }

    /// Records one answer, when its head is ready.
    func record(_ exchange: Exchange, _ response: Response, error: APIError?) {
        let elapsed = Monotonic.now - exchange.startedNanoseconds
        let method = exchange.request.method.rawValue
        let key = Key(
            route: exchange.route, method: Self.methods.contains(method) ? method : "other",
            status: response.status.code)
        let handlers = handlers(for: key)
        handlers.counter.increment()
        handlers.timer.recordNanoseconds(elapsed)
        log(exchange, method, response.status.code, elapsed, error)
    }

    private func handlers(for key: Key) -> Handlers {
        handlers.withLock { known in
            if let found = known[key] { return found }
            let dimensions = [
                ("route", key.route.rawValue), ("method", key.method), ("status", "\(key.status)"),
            ]
            let made = Handlers(
                counter: Counter(label: "holdfast_http_requests_total", dimensions: dimensions),
                timer: Metrics.Timer(
                    label: "holdfast_http_request_seconds", dimensions: dimensions))
            known[key] = made
            return made
        }
    }

    /// Logs what changes a state or is refused; what only reads is for debugging.
    ///
    /// So the most frequent requests cost no line. Neither bodies nor the query are logged.
    private func log(
        _ exchange: Exchange, _ method: String, _ status: Int, _ elapsed: Int64, _ error: APIError?
    ) {
        let isRead = method == "GET" || method == "HEAD"
        let isOrdinary = status < 400 || (status == 404 && isRead)
        let level: Logger.Level = status >= 500 ? .warning : isRead && isOrdinary ? .debug : .info
        guard logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [
            "request": "\(exchange.id)", "method": "\(method)", "path": "\(exchange.loggedPath)",
            "status": .stringConvertible(Int64(status)), "client": "\(exchange.client)",
            "microseconds": .stringConvertible(elapsed / 1000),
        ]
        if let lockID = exchange.notes.lockID { metadata["lock"] = "\(lockID)" }
        if let error {
            metadata["code"] = "\(error.code)"
            metadata["reason"] = "\(error.message)"
        }
        logger.log(level: level, "request", metadata: metadata)
    }
}
