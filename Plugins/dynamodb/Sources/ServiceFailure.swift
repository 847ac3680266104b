internal import HoldfastDriver
internal import SharedAWS
internal import SharedHTTP
internal import SharedJSON

/// What the service, or the way to it, answered instead of a result.
struct ServiceFailure: Error {
    /// The service's name of the error; empty when no answer came.
    var name = ""
    /// The document of the answer.
    var document = JSONValue.null
    /// The failure as the interface's error, without the action that failed.
    var error: DriverError

    /// A failure on the way, or one that this driver found by itself.
    init(_ error: DriverError) { self.error = error }

    /// Reads an answer that is an error, in JSON, in XML, or with nothing but a status.
    init(_ response: HTTPResponse, _ action: String, server: String) {
        document = (try? JSONValue(response.body)) ?? .null
        let type =
            document["__type"]?.text ?? response["x-amzn-errortype"]
            ?? XMLText.first("Code", in: response.body) ?? ""
        name = String((type.split(separator: "#").last ?? "").prefix { $0 != ":" }.prefix(80))
        let words =
            document["message"]?.text ?? document["Message"]?.text
            ?? XMLText.first("Message", in: response.body) ?? ""
        let found = Classification(name, words, status: response.status)
        var message = "\(action): "
        message += found.showsWords ? oneLine(words, most: 400) : ""
        if message.hasSuffix(": ") {
            message += "\(server) answered with status \(response.status)"
        }
        if !name.isEmpty, !message.hasSuffix("(\(name))") { message += " (\(name))" }
        if !found.advice.isEmpty { message += "; \(found.advice)" }
        error = DriverError(
            found.code, message, applied: found.isUnknown ? .unknown : .no,
            retry: found.retry(after: response.retryAfterNanoseconds),
            vendorCode: Int64(response.status), vendorName: name)
    }

    /// Whether the failed request was sent a second time, after its first answer was lost.
    var wasRepeated = false

    /// Whether a condition did not hold and nothing was done.
    var isCondition: Bool { name == "ConditionalCheckFailedException" }
    /// Whether a transaction was not done; its reasons are in the document.
    var isCancelled: Bool { name == "TransactionCanceledException" }
    /// Whether the table is not there.
    var isMissingTable: Bool { name == "ResourceNotFoundException" }
    /// Whether a later answer may differ, and repeating harms nothing where the request is idempotent.
    var isPassing: Bool { error.code == .throttled || error.code == .unavailable }
}

/// Text on one line, not too long.
private func oneLine(_ text: String, most: Int) -> String {
    String(text.unicodeScalars.prefix(most).map { $0.value < 0x20 ? " " : Character($0) })
}

/// What a name and a status mean.
private struct Classification {
    var code: DriverError.Code
    var advice = ""
    /// Whether the service's words may be shown.
    ///
    /// About a wrong signature it quotes what was signed, and with it a session's token.
    var showsWords = true
    var isUnknown = false

    init(_ name: String, _ words: String, status: Int) {
        if let known = known[name] {
            (code, advice) = known
        } else {
            code = Self.code(status: status)
        }
        switch code {
        case .unauthenticated:
            showsWords = false
            let isClock = words.contains("Signature expired") || words.contains("not yet current")
            if isClock { advice = setClock }
        case .unavailable: isUnknown = status >= 500
        case .invalid where words.contains("Item size"): code = .tooLarge
        default: break
        }
        if name == "TransactionInProgressException" { isUnknown = true }
    }

    func retry(after nanoseconds: UInt64) -> DriverError.Retry {
        switch code {
        case .throttled: .same(afterNanoseconds: max(nanoseconds, 100_000_000))
        case .unavailable where !advice.isEmpty: .reopen
        case .unavailable: .same(afterNanoseconds: max(nanoseconds, 50_000_000))
        case .conflict: .same(afterNanoseconds: max(nanoseconds, 10_000_000))
        default: .never
        }
    }

    private static func code(status: Int) -> DriverError.Code {
        switch status {
        case 401: .unauthenticated
        case 403: .forbidden
        case 413: .tooLarge
        case 429: .throttled
        case 400..<500: .invalid
        default: .unavailable
        }
    }
}

private let setClock = "this machine's clock and the service's differ: set the clock"
private let checkKeys = "check the access key, its secret and its session token"

/// The service's names, as its API reference and the common errors of AWS have them.
private let known: [String: (DriverError.Code, String)] = [
    "ConditionalCheckFailedException": (.condition, ""),
    "TransactionCanceledException": (.conflict, ""),
    "TransactionConflictException": (.conflict, ""),
    "TransactionInProgressException": (.conflict, ""),
    "IdempotentParameterMismatchException": (.internalError, ""),
    "ProvisionedThroughputExceededException": (.throttled, ""),
    "ThrottlingException": (.throttled, ""), "Throttling": (.throttled, ""),
    "RequestLimitExceeded": (.throttled, ""), "LimitExceededException": (.throttled, ""),
    "TooManyRequestsException": (.throttled, ""), "SlowDown": (.throttled, ""),
    "ExpiredTokenException": (.unauthenticated, "the session's token has expired: get a new one"),
    "ExpiredToken": (.unauthenticated, "the session's token has expired: get a new one"),
    "UnrecognizedClientException": (.unauthenticated, checkKeys),
    "InvalidClientTokenId": (.unauthenticated, checkKeys),
    "InvalidAccessKeyId": (.unauthenticated, checkKeys),
    "InvalidSignatureException": (
        .unauthenticated, "the signature does not match: check the secret key and the region"
    ),
    "SignatureDoesNotMatch": (
        .unauthenticated, "the signature does not match: check the secret key and the region"
    ),
    "IncompleteSignatureException": (.unauthenticated, checkKeys),
    "IncompleteSignature": (.unauthenticated, checkKeys),
    "MissingAuthenticationTokenException": (.unauthenticated, checkKeys),
    "MissingAuthenticationToken": (.unauthenticated, checkKeys),
    "RequestExpired": (.unauthenticated, setClock),
    "RequestTimeTooSkewed": (.unauthenticated, setClock),
    "AuthFailure": (.unauthenticated, checkKeys),
    "AccessDeniedException": (.forbidden, "grant it in the policy of whose key this is"),
    "AccessDenied": (.forbidden, "grant it in the policy of whose key this is"),
    "UnauthorizedOperation": (.forbidden, ""), "OptInRequired": (.forbidden, ""),
    // Not "not found": to whoever reads an object that would mean that there is none.
    "ResourceNotFoundException": (
        .unavailable, "check the table's name, the region and the account"
    ),
    "ResourceInUseException": (.conflict, ""),
    "ItemCollectionSizeLimitExceededException": (
        .full, "a table with a local index keeps at most 10 GB for each workspace"
    ),
    "ValidationException": (.invalid, ""), "SerializationException": (.internalError, ""),
    "UnknownOperationException": (.unsupported, "check that the endpoint is DynamoDB's"),
]

extension ServiceFailure {
    /// The reason why one action cancelled a transaction.
    ///
    /// - Parameters:
    ///   - reason: The reason's code, which is an error's name without its last word.
    ///   - words: The service's words.
    ///   - whole: The error of the transaction.
    init(reason: String, _ words: String, _ whole: DriverError) {
        let names = [
            "ThrottlingError": "ThrottlingException", "DuplicateItem": "ValidationException",
        ]
        name = names[reason] ?? (known["\(reason)Exception"] == nil ? reason : "\(reason)Exception")
        let found = Classification(name, words, status: 400)
        error = whole
        error.code = found.code
        error.message = "\(oneLine(words, most: 400)) (\(name))"
        error.retry = found.retry(after: 0)
        error.vendorName = name
        error.applied = .no
    }
}
