internal import HoldfastDriver
internal import SharedHTTP
internal import SharedJSON

/// What the service, or the way to it, answered instead of a result.
struct ServiceFailure: Error {
    /// The answer's status; 0 when no answer came.
    var status = 0
    /// The service's words; for messages only.
    private var words = ""
    /// The failure as the interface's error, without the action that failed.
    var error: DriverError

    /// A failure on the way, or one that this driver found by itself.
    init(_ error: DriverError) { self.error = error }

    /// Reads an answer that is an error, in JSON or in plain text.
    init(_ response: HTTPResponse, server: String) {
        status = response.status
        let document = ((try? JSONValue(response.body)) ?? .null)["error"] ?? .null
        let reason = document["errors"]?.elements?.first?["reason"]?.text ?? ""
        let isText = response["content-type"]?.hasPrefix("text/") ?? false
        let plain = isText ? String(decoding: response.body.prefix(400), as: UTF8.self) : ""
        words = oneLine(document["message"]?.text ?? plain)
        let found = Classification(status: status, reason: reason, words)
        var message = words.isEmpty ? "\(server) answered with status \(status)" : words
        if message.hasSuffix(".") { message.removeLast() }
        if !found.advice.isEmpty { message += "; \(found.advice)" }
        error = DriverError(
            found.code, message, applied: found.isUnknown ? .unknown : .no,
            retry: found.retry(after: response.retryAfterNanoseconds),
            vendorCode: Int64(status), vendorName: oneLine(reason, most: 60))
    }

    /// Whether a precondition did not hold and nothing was done.
    var isCondition: Bool { status == 412 }
    /// Whether the object is not there, although the bucket is.
    var isMissingObject: Bool { status == 404 && !isMissingBucket }
    /// Whether the bucket is not there.
    var isMissingBucket: Bool { status == 404 && words.contains("bucket does not exist") }
    /// Whether a later answer may differ.
    var isPassing: Bool { error.code == .throttled || error.code == .unavailable }
}

/// Text on one line, not too long.
private func oneLine(_ text: String, most: Int = 400) -> String {
    String(text.unicodeScalars.prefix(most).map { $0.value < 0x20 ? " " : Character($0) })
}

/// What a status and a reason mean.
private struct Classification {
    /// The least time until the service takes another write of the same object.
    private static let writePause: UInt64 = 1_000_000_000

    var code: DriverError.Code
    var advice = ""
    var isUnknown = false

    init(status: Int, reason: String, _ words: String) {
        code = Self.code(status, reason)
        switch code {
        case .unauthenticated:
            advice = "check the credentials file and its key, and that the account is enabled"
        case .forbidden: advice = Self.forbidden(reason, words)
        case .unavailable where status == 404:
            advice = "check the bucket's name and the endpoint"
        // The request may have been carried out before something behind it failed.
        case .unavailable: isUnknown = status >= 500 || status == 408
        default: break
        }
    }

    func retry(after nanoseconds: UInt64) -> DriverError.Retry {
        switch code {
        case .throttled: .same(afterNanoseconds: max(nanoseconds, Self.writePause))
        case .unavailable where !advice.isEmpty: .reopen
        case .unavailable: .same(afterNanoseconds: max(nanoseconds, 100_000_000))
        case .io, .conflict: .same(afterNanoseconds: nanoseconds)
        default: .never
        }
    }

    private static func code(_ status: Int, _ reason: String) -> DriverError.Code {
        switch (status, reason) {
        case (429, _), (_, "rateLimitExceeded"), (_, "userRateLimitExceeded"): .throttled
        case (401, _): .unauthenticated
        case (403, "quotaExceeded"), (507, _): .full
        case (403, _): .forbidden
        // Not "not found": to whoever reads an object that would mean that there is none.
        case (404, _), (408, _), (410, _): .unavailable
        case (409, _): .conflict
        case (412, _): .condition
        case (413, _): .tooLarge
        case (400..<500, _): .invalid
        default: .unavailable
        }
    }

    private static func forbidden(_ reason: String, _ words: String) -> String {
        if reason == "insufficientPermissions" {
            return "the token lacks the scope devstorage.read_write"
        }
        let letters = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.")
        let permission = words.split { !letters.contains($0) }.first {
            $0.hasPrefix("storage.objects.") || $0.hasPrefix("storage.buckets.")
        }
        guard let permission else { return "check the account's roles on the bucket" }
        let role =
            permission.hasPrefix("storage.buckets.")
            ? "roles/storage.admin" : "roles/storage.objectUser"
        return "grant \(permission) on the bucket, for instance by \(role)"
    }
}
