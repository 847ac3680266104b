public import HoldfastDriver
public import SharedHTTP
internal import Synchronization

/// Finds tokens, keeps them, and gets new ones before they end.
public final class TokenProvider: Sendable {
    /// From this long before its end on, a new token is asked for; the metadata server has none earlier.
    private static let earlySeconds: Int64 = 225
    /// After a failed look, an old token that is still good is used for this long.
    private static let pauseNanoseconds: Int64 = 10_000_000_000

    private struct State {
        var token: AccessToken?
        /// The place of the source that gave it.
        var source = 0
        var isLooking = false
        /// By the monotonic clock.
        var nextLook: Int64 = 0
    }

    private enum Turn {
        case use(AccessToken)
        case look(instead: AccessToken?)
        case wait
    }

    private let sources: [any TokenSource]
    private let state = Mutex(State())

    init(_ sources: [any TokenSource]) { self.sources = sources }

    /// The token to show now.
    ///
    /// One call at a time asks for a new one. Others go on with the old one while it is good, and wait
    /// otherwise.
    ///
    /// - Parameter control: The deadline and cancellation.
    /// - Returns: A token that has not ended, by this machine's clock; `nil` for no token at all.
    /// - Throws: ``DriverError`` with what was tried, and never a secret.
    public func token(_ control: some CallControl) throws(DriverError) -> AccessToken? {
        if sources.isEmpty { return nil }
        while true {
            switch turn() {
            case .use(let token): return token
            case .look(let old): return try look(control, instead: old)
            case .wait:
                guard control.pause(10_000_000) else {
                    throw control.overError("waiting for a Google access token", applied: .no)
                }
            }
        }
    }

    /// Whose tokens are shown.
    ///
    /// - Parameter control: The deadline and cancellation.
    /// - Returns: The identity, without a secret.
    /// - Throws: ``DriverError`` when no token can be had.
    public func identity(_ control: some CallControl) throws(DriverError) -> TokenIdentity {
        guard try token(control) != nil else {
            return TokenIdentity(nil, source: "the options: none is wanted")
        }
        let source = sources[state.withLock { $0.source }]
        return TokenIdentity(try source.owner(control), source: source.place)
    }

    /// Forgets a token that a service did not take, so that the next call asks for a new one.
    ///
    /// - Parameter token: The token that was refused.
    public func forget(_ token: AccessToken) {
        state.withLock { state in
            if state.token == token { state.token = nil }
        }
    }

    private func turn() -> Turn {
        let seconds = nowSeconds()
        return state.withLock { state in
            let good = state.token.flatMap { $0.expirySeconds > seconds ? $0 : nil }
            if let good {
                let isEarly = good.expirySeconds - seconds > Self.earlySeconds
                if isEarly || state.isLooking || monotonicNanoseconds() < state.nextLook {
                    return .use(good)
                }
            }
            if state.isLooking { return .wait }
            state.isLooking = true
            return .look(instead: good)
        }
    }

    private func look(
        _ control: some CallControl, instead old: AccessToken?
    ) throws(DriverError) -> AccessToken {
        let found: Result<(token: AccessToken, source: Int), DriverError>
        do throws(DriverError) {
            found = .success(try find(control))
        } catch {
            found = .failure(error)
        }
        state.withLock { state in
            state.isLooking = false
            if case .success(let found) = found {
                state.token = found.token
                state.source = found.source
            } else {
                state.nextLook = monotonicNanoseconds() + Self.pauseNanoseconds
            }
        }
        if case .failure = found, let old { return old }
        return try found.get().token
    }

    private func find(
        _ control: some CallControl
    ) throws(DriverError) -> (token: AccessToken, source: Int) {
        for (place, source) in sources.enumerated() {
            if let token = try source.token(control) { return (token, place) }
        }
        throw DriverError(
            .unauthenticated,
            "no Google credentials were found: set credentials_file or"
                + " GOOGLE_APPLICATION_CREDENTIALS, log in with `gcloud auth application-default login`,"
                + " or run where there is a metadata server")
    }
}
