internal import HoldfastDriver
internal import SharedAWS
internal import SharedHTTP
internal import SharedXML

/// What the service, or the way to it, answered instead of a success.
struct ServiceFailure: Error {
    /// The service's name of the error; empty when no answer came or none was in it.
    var name = ""
    /// The answer's status; 0 when none came.
    var status = 0
    /// The failure as the interface's error.
    var error: DriverError

    /// A failure on the way, or one that this driver found by itself.
    init(_ error: DriverError, _ action: Action? = nil) {
        self.error = error
        guard let action else { return }
        self.error.message = "\(action.name): \(error.message)"
        if !action.isWrite { self.error.applied = .no }
    }

    /// Reads an answer that is an error, with a document or with nothing but a status.
    init(_ response: HTTPResponse, _ request: ServiceRequest, _ service: Service) {
        self.init(
            response, document: try? XMLElement(response.body, limits: .error), request, service)
    }

    /// An answer whose document says that it is an error, whatever its status.
    init(
        _ response: HTTPResponse, document: XMLElement?, _ request: ServiceRequest,
        _ service: Service
    ) {
        status = response.status
        let code = document?.text("Code") ?? Self.names[response.status] ?? ""
        name = String(code.prefix { $0.isASCII && !$0.isWhitespace }.prefix(80))
        let found = Classification(name, status: status)
        let advice = Advice(response, document, request, service).text(name, status)
        var message = "\(request.action.name)"
        if !request.key.isEmpty { message += " of \(oneLine(request.shown ?? request.key, most: 700))" }
        message += ": "
        let words = found.showsWords ? oneLine(document?.text("Message") ?? "", most: 400) : ""
        message +=
            words.isEmpty
            ? "\(service.place.endpoint.authority) answered with status \(status)" : words
        if !name.isEmpty { message += " (\(name))" }
        if let advice { message += "; \(advice)" }
        error = DriverError(
            found.code, message, applied: found.isUnknown && request.action.isWrite ? .unknown : .no,
            retry: found.retry(after: response.retryAfterNanoseconds), vendorCode: Int64(status),
            vendorName: name)
    }

    /// What a status without a document means; the answers to HEAD have none.
    private static let names = [412: "PreconditionFailed", 416: "InvalidRange"]

    /// Whether a condition did not hold and nothing was done.
    var isCondition: Bool { status == 412 || name == "PreconditionFailed" }
    /// Whether another write came in between, and nothing was done.
    var isConflict: Bool { status == 409 && error.code == .conflict }
    /// Whether the bucket is not there.
    var isMissingBucket: Bool { name == "NoSuchBucket" }
    /// Whether the object, or the upload, is not there.
    var isMissing: Bool { status == 404 && !isMissingBucket }
    /// Whether the service does not know conditional requests.
    var isUnknownRequest: Bool { status == 501 || error.code == .unsupported }
    /// Whether the answer came and a later one may differ.
    var isPassing: Bool { error.code == .throttled || error.code == .unavailable }
}

extension XMLLimits {
    fileprivate static let error = XMLLimits(byteCount: 1 << 20, depth: 16, elementCount: 1000)
}

/// Text on one line, not too long.
func oneLine(_ text: String, most: Int) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.prefix(most).map {
                $0.value < 0x20 || (0x7f..<0xa0).contains($0.value) ? " " : $0
            }))
}

/// What a name and a status mean.
private struct Classification {
    var code: DriverError.Code
    var isUnknown = false

    init(_ name: String, status: Int) {
        code = knownErrors[name] ?? Self.code(status: status)
        // After these the service may have done it all the same.
        isUnknown = status >= 500 && code == .unavailable || name == "RequestTimeout"
    }

    /// Whether the service's words may be shown.
    ///
    /// About a wrong signature they quote what was signed, and with it a session's token.
    var showsWords: Bool { code != .unauthenticated }

    func retry(after nanoseconds: UInt64) -> DriverError.Retry {
        switch code {
        case .throttled: .same(afterNanoseconds: max(nanoseconds, 100_000_000))
        case .unavailable where !isUnknown: .reopen
        case .unavailable: .same(afterNanoseconds: max(nanoseconds, 50_000_000))
        case .conflict, .io: .same(afterNanoseconds: max(nanoseconds, 20_000_000))
        default: .never
        }
    }

    private static func code(status: Int) -> DriverError.Code {
        switch status {
        case 301, 307, 308: .invalid
        case 401: .unauthenticated
        case 403: .forbidden
        case 404: .notFound
        case 405, 501: .unsupported
        case 409: .conflict
        case 412: .condition
        case 413: .tooLarge
        case 429: .throttled
        case 400..<500: .invalid
        default: .unavailable
        }
    }
}
