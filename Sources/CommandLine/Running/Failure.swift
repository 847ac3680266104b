internal import HoldfastConfiguration
internal import Host
internal import State

/// How the process ends; `docs/json.md` and the help list them.
enum ExitStatus: Int32 {
    case ok = 0
    case failure = 1
    case usage = 2
    case notFound = 3
    case locked = 4
    case forbidden = 5
    case integrity = 6
    case unreachable = 7
    case interrupted = 130
    case terminated = 143
}

/// Why a command failed, as its user is told.
struct Failure: Error {
    var exit: ExitStatus
    /// A stable word for programs.
    var code: String
    /// What failed and why, in one line.
    var message: String
    /// What to do next; empty when there is nothing to advise.
    var hint: String
    /// Where, in a configuration file.
    var location: SourceLocation?
    /// The store's name; empty where none is involved.
    var store = ""
    /// The state's address; empty where none is involved.
    var address = ""
    /// Whether a change took effect.
    var applied = HostError.Applied.no
    /// Who holds the lock that was in the way.
    var lock: HeldLock?

    init(_ exit: ExitStatus, _ code: String, _ message: String, hint: String = "") {
        self.exit = exit
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// The failure that any error amounts to.
    ///
    /// An error that follows from an interruption counts as one.
    init(any error: any Error, interruption: Interruption.Signal?) {
        if let interruption {
            self = .interrupted(interruption, error)
            return
        }
        switch error {
        case let failure as Failure: self = failure
        case let error as ConfigurationError: self = Failure(error)
        case let error as StateError: self = Failure(error)
        case let error as HostError: self = Failure(error)
        default: self = Failure(.failure, "failure", "\(error)")
        }
    }

    init(_ error: ConfigurationError) {
        self.init(.usage, "configuration", "\(error)", hint: error.advice)
        location = error.location
    }

    init(_ error: HostError) {
        self.init(ExitStatus(error.code), error.code.word, error.message, hint: error.advice)
        store = error.store
        applied = error.applied
    }

    init(_ error: StateError) {
        let (exit, code, lock) = Failure.classes(of: error.code)
        self.init(exit, code, error.message, hint: error.advice)
        self.lock = lock
        applied = error.applied
    }

    /// Runs what asks for one driver, where a missing one is what was asked for and not a part of the
    /// configuration.
    static func ofDriver<Answer>(
        _ body: () throws(HostError) -> Answer
    ) throws(Failure) -> Answer {
        do throws(HostError) { return try body() } catch {
            var failure = Failure(error)
            if error.code == .driverMissing { failure.exit = .notFound }
            throw failure
        }
    }

    /// The failure of naming a state that is not there.
    static func noSuchState(hint: String) -> Failure {
        Failure(.notFound, "not-found", "there is no such state", hint: hint)
    }

    /// The same failure, with what was being done in front of it.
    func during(_ action: String, store: String, address: String = "") -> Failure {
        var failure = self
        failure.store = store
        failure.address = address
        let place = address.isEmpty ? "store \(store)" : "\(address) on store \(store)"
        failure.message = "cannot \(action) \(place): \(message)"
        if applied == .unknown {
            failure.message += "; whether it took effect is not known"
            if hint.isEmpty { failure.hint = "look with holdfast state show before trying again" }
        }
        return failure
    }

    private static func interrupted(
        _ signal: Interruption.Signal, _ error: any Error
    ) -> Failure {
        var failure = Failure(
            signal == .interrupt ? .interrupted : .terminated, "interrupted", "interrupted")
        let applied = (error as? Failure)?.applied ?? (error as? StateError)?.applied ?? .no
        failure.applied = applied
        if applied == .unknown {
            failure.message += "; whether the change took effect is not known"
        }
        return failure
    }

    private static func classes(
        of code: StateError.Code
    ) -> (ExitStatus, String, HeldLock?) {
        switch code {
        case .invalid: (.usage, "invalid", nil)
        case .notFound: (.notFound, "not-found", nil)
        case .locked(let lock): (.locked, "locked", lock)
        case .lockMismatch(let lock): (.locked, "lock-mismatch", lock)
        case .notLocked: (.locked, "not-locked", nil)
        case .conflict: (.locked, "conflict", nil)
        case .integrity: (.integrity, "integrity", nil)
        case .newerFormat: (.integrity, "newer-format", nil)
        case .tooLarge: (.failure, "too-large", nil)
        case .checksumMismatch: (.integrity, "checksum-mismatch", nil)
        case .host(let code): (ExitStatus(code), code.word, nil)
        }
    }
}

extension ExitStatus {
    /// The status for a failure of the host.
    init(_ code: HostError.Code) {
        switch code {
        case .notFound: self = .notFound
        case .condition, .conflict: self = .locked
        case .unauthenticated, .forbidden: self = .forbidden
        case .corrupt, .newerFormat, .driverMismatch: self = .integrity
        case .throttled, .unavailable, .deadline, .stuck: self = .unreachable
        case .invalid, .driverMissing, .driverRefused, .driversLock: self = .usage
        case .cancelled: self = .interrupted
        case .unsupported, .tooLarge, .full, .io, .source, .internalError: self = .failure
        }
    }
}

extension HostError.Code {
    /// The code as JSON spells it: lower-case words with hyphens.
    var word: String {
        var word = ""
        for letter in rawValue {
            if letter.isUppercase { word += "-" }
            word += letter.lowercased()
        }
        return word
    }
}
