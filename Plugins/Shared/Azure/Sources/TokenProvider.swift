internal import HoldfastDriver
internal import SharedHTTP
internal import Synchronization

/// Where tokens come from.
protocol TokenSource: Sendable {
    /// What it is, for people.
    var place: String { get }

    /// Asks for a new token.
    func token(_ control: any CallControl) throws(DriverError) -> AccessToken
}

/// Keeps a token, and gets a new one before it ends.
final class TokenProvider: Sendable {
    /// From this long before its end on, a new token is asked for.
    private static let earlySeconds: Int64 = 300
    /// After a failure, an old token that is still good is used for this long.
    private static let pauseNanoseconds: Int64 = 10_000_000_000

    private struct State {
        var token: AccessToken?
        var isAsking = false
        /// By the monotonic clock.
        var nextTime: Int64 = 0
    }

    private enum Turn {
        case use(AccessToken)
        case ask(instead: AccessToken?)
        case wait
    }

    private let source: any TokenSource
    private let state = Mutex(State())

    init(_ source: any TokenSource) { self.source = source }

    /// The token to send now.
    ///
    /// One call at a time asks for a new one. Others go on with the old one while it is good, and wait
    /// otherwise.
    func token(_ control: some CallControl) throws(DriverError) -> AccessToken {
        while true {
            switch turn() {
            case .use(let token): return token
            case .ask(let old): return try ask(control, instead: old)
            case .wait:
                guard control.pause(10_000_000) else {
                    throw control.overError("waiting for an Azure access token", applied: .no)
                }
            }
        }
    }

    /// Forgets a token that the service refused, so that the next call asks for a new one.
    func forget(_ token: AccessToken) {
        state.withLock { state in if state.token == token { state.token = nil } }
    }

    private func turn() -> Turn {
        let seconds = unixNanoseconds() / 1_000_000_000
        return state.withLock { state in
            let good = state.token.flatMap { $0.endSeconds > seconds ? $0 : nil }
            if let good {
                let isEarly = good.endSeconds - seconds > Self.earlySeconds
                if isEarly || state.isAsking || monotonicNanoseconds() < state.nextTime {
                    return .use(good)
                }
            }
            if state.isAsking { return .wait }
            state.isAsking = true
            return .ask(instead: good)
        }
    }

    private func ask(
        _ control: some CallControl, instead old: AccessToken?
    ) throws(DriverError) -> AccessToken {
        let found: Result<AccessToken, DriverError>
        do throws(DriverError) {
            found = .success(try source.token(control))
        } catch {
            found = .failure(error)
        }
        state.withLock { state in
            state.isAsking = false
            if case .success(let token) = found {
                state.token = token
            } else {
                state.nextTime = monotonicNanoseconds() + Self.pauseNanoseconds
            }
        }
        if case .failure = found, let old { return old }
        return try found.get()
    }
}
