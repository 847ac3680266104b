internal import HTTPTypes
internal import Host
internal import State

// Which status a failure has decides what clients do: Terraform repeats 429 and every 5xx but 501, with
// the same body and lock id, and takes any other for final. docs/http.md has the table.
extension APIError {
    /// The store is away for now, or the daemon is.
    static func unavailable(
        _ code: String, _ message: String, hint: String = "", after: Duration? = nil
    ) -> APIError {
        let seconds = max(1, min(30, after?.components.seconds ?? 2))
        return APIError(
            .serviceUnavailable, code, message, hint: hint,
            headers: [.retryAfter: "\(seconds)"])
    }

    /// A body that did not arrive whole.
    init(_ failure: BodyFailure) {
        switch failure {
        case .truncated:
            self = .badRequest("the body ended before its announced length; nothing was stored")
        case .malformed:
            self = .badRequest("the body is not framed as HTTP asks; nothing was stored")
        case .stalled:
            self = APIError(
                .requestTimeout, "slow-body", "the body came too slowly; nothing was stored")
        }
    }

    /// A failure of the domain, for `now` of the wall clock.
    init(_ error: StateError, now: Int64) {
        switch error.code {
        case .invalid, .checksumMismatch: self.init(.badRequest, "invalid", error)
        case .notFound: self.init(.notFound, "not-found", error)
        case .locked(let holder):
            self.init(.locked, "locked", error)
            self.holder = holder.json(now: now)
        case .lockMismatch(let holder):
            self.init(.locked, "lock-mismatch", error)
            self.holder = holder.json(now: now)
        case .notLocked: self.init(.conflict, "not-locked", error)
        case .conflict:
            self = .unavailable("conflict", error.message, hint: error.advice, after: .seconds(1))
        case .integrity: self.init(.internalServerError, "integrity", error)
        case .newerFormat: self.init(.notImplemented, "newer-format", error)
        case .tooLarge: self.init(.contentTooLarge, "too-large", error)
        case .host(let code): self.init(code, error)
        }
        if let orphanID = error.orphanID { headers[.orphan] = orphanID }
    }

    private init(_ code: HostError.Code, _ error: StateError) {
        switch code {
        case .throttled, .unavailable, .deadline, .stuck, .cancelled, .conflict, .condition:
            self = .unavailable(
                "store-\(code.rawValue)", error.message, hint: error.advice,
                after: error.retryAfter)
        case .unauthenticated, .forbidden: self.init(.badGateway, "store-refused", error)
        case .unsupported: self.init(.notImplemented, "unsupported", error)
        case .full: self.init(.insufficientStorage, "store-full", error)
        case .tooLarge: self.init(.contentTooLarge, "too-large", error)
        case .invalid: self.init(.badRequest, "invalid", error)
        case .source: self.init(.badRequest, "truncated", error)
        case .notFound, .corrupt, .newerFormat, .io, .internalError, .driverMissing, .driverRefused,
            .driverMismatch, .driversLock:
            self.init(.internalServerError, "store-failed", error)
        }
    }

    private init(_ status: HTTPResponse.Status, _ code: String, _ error: StateError) {
        self.init(status, code, error.message, hint: error.advice)
    }

    /// A failure from below that is none of the domain's.
    init(unexpected error: any Error) {
        switch error {
        case let error as StateError: self.init(error, now: WallClock.now)
        case let error as HostError: self.init(StateError(error), now: WallClock.now)
        default:
            // What it is may hold what must not be shown; the log has its type.
            self.init(
                .internalServerError, "internal",
                "the daemon failed: \(type(of: error))")
        }
    }
}

extension HTTPResponse.Status {
    /// 423, of WebDAV: somebody holds the lock.
    static var locked: HTTPResponse.Status { .init(code: 423, reasonPhrase: "Locked") }
    /// 507, of WebDAV: the store has no room.
    static var insufficientStorage: HTTPResponse.Status {
        .init(code: 507, reasonPhrase: "Insufficient Storage")
    }
}
