internal import HoldfastConfiguration
internal import Host
internal import State

/// Why the daemon did not start: what is printed, and the status it ends with.
struct StartupFailure: Error {
    /// The exit status, as the design lists them.
    var status: Int32
    /// What failed and why.
    var message: String
    /// What to do next; empty when the message says it.
    var advice = ""

    init(status: Int32, _ message: String, advice: String = "") {
        self.status = status
        self.message = message
        self.advice = advice
    }

    init(_ error: ConfigurationError) {
        self.init(status: 2, error.description, advice: error.advice)
    }

    /// A store that could not be opened.
    init(_ error: HostError) {
        let status: Int32 =
            switch error.code {
            case .invalid, .driverMissing, .driverRefused, .driversLock, .unsupported: 2
            case .notFound: 3
            case .unauthenticated, .forbidden: 5
            case .corrupt, .newerFormat, .driverMismatch: 6
            case .unavailable, .deadline, .throttled, .stuck: 7
            default: 1
            }
        self.init(status: status, error.message, advice: error.advice)
    }

    /// A store that was opened and cannot keep its locks as it is configured.
    init(_ error: StateError, store: String) {
        let code: HostError.Code =
            switch error.code {
            case .host(let code): code
            case .integrity: .corrupt
            case .newerFormat: .newerFormat
            case .conflict: .unavailable
            default: .internalError
            }
        self.init(HostError(code, error.message, advice: error.advice, store: store))
    }
}
