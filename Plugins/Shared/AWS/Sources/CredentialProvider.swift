public import HoldfastDriver
public import SharedHTTP

/// Finds credentials, keeps them, and gets new ones before they end.
@safe public final class CredentialProvider: @unchecked Sendable {
    // SAFETY: `state` changes under the lock only.

    /// From this long before their end on, new credentials are looked for.
    private static let earlySeconds: Int64 = 300
    /// After a failed look, old credentials that are still good are used for this long.
    private static let pauseNanoseconds: Int64 = 10_000_000_000

    private struct State {
        var credentials: AWSCredentials?
        var isLooking = false
        /// By the monotonic clock.
        var nextLook: Int64 = 0
    }

    private let chain: CredentialChain
    private let lock = PlainLock()
    private var state = State()

    /// Makes a provider over the links of a chain.
    public init(_ chain: CredentialChain) { self.chain = chain }

    /// The credentials to sign with now.
    ///
    /// One call at a time looks for new ones. Others go on with the old ones while those are good, and
    /// wait otherwise.
    ///
    /// - Parameter control: The deadline and cancellation.
    /// - Returns: Credentials that have not ended, by this machine's clock.
    /// - Throws: ``DriverError`` with what was tried, and never a secret.
    public func credentials(_ control: some CallControl) throws(DriverError) -> AWSCredentials {
        while true {
            switch turn() {
            case .use(let credentials): return credentials
            case .look(let old): return try look(control, instead: old)
            case .wait:
                guard control.pause(10_000_000) else {
                    throw control.overError("waiting for AWS credentials", applied: .no)
                }
            }
        }
    }

    /// Forgets credentials that a service called expired, so that the next call looks for new ones.
    ///
    /// - Parameter credentials: Those that the service refused.
    public func forget(_ credentials: AWSCredentials) {
        lock.withLock {
            // Keys that last are not found anew.
            guard state.credentials == credentials, credentials.sessionToken != nil else { return }
            state.credentials = nil
        }
    }

    private enum Turn {
        case use(AWSCredentials)
        case look(instead: AWSCredentials?)
        case wait
    }

    private func turn() -> Turn {
        let seconds = unixNanoseconds() / 1_000_000_000
        return lock.withLock {
            let good = state.credentials.flatMap { credentials in
                (credentials.expirySeconds ?? .max) > seconds ? credentials : nil
            }
            if let good {
                let left = (good.expirySeconds ?? .max) - seconds
                let isEarly = left > Self.earlySeconds
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
        _ control: some CallControl, instead old: AWSCredentials?
    ) throws(DriverError) -> AWSCredentials {
        let found: Result<AWSCredentials, DriverError>
        do throws(DriverError) {
            found = .success(try chain.find(control))
        } catch {
            found = .failure(error)
        }
        lock.withLock {
            state.isLooking = false
            if case .success(let credentials) = found {
                state.credentials = credentials
            } else {
                state.nextLook = monotonicNanoseconds() + Self.pauseNanoseconds
            }
        }
        if case .failure = found, let old { return old }
        return try found.get()
    }
}
