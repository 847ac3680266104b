internal import HoldfastDriver
internal import SharedAzure
internal import SharedHTTP
internal import SharedXML

/// What the service, or the way to it, answered instead of a success.
struct ServiceFailure: Error {
    /// The service's code, such as `BlobNotFound`; empty when no answer came.
    var name = ""
    /// The answer's status; 0 when no answer came.
    var status = 0
    /// The failure as the interface's error, without what failed.
    var error: DriverError
    /// Whether the request may be sent once more, because a new token is to be had.
    var mayRepeat = false

    /// A failure on the way, or one that this driver found by itself.
    init(_ error: DriverError) { self.error = error }

    /// Reads an answer that is an error.
    init(_ response: HTTPResponse, server: String, _ account: BlobAccount) {
        status = response.status
        let document = try? XMLElement(response.body)
        // An answer to HEAD has no body.
        name = String((response["x-ms-error-code"] ?? document?.text("Code") ?? "").prefix(80))
        let (code, advice) = Self.meaning(name, status: status, account)
        // The service's words about a wrong signature quote what was signed.
        let words = code == .unauthenticated ? "" : firstLine(document?.text("Message") ?? "")
        var message = words.isEmpty ? "\(server) answered with status \(status)" : words
        if !name.isEmpty { message += " (\(name))" }
        if let skew = Self.skew(response), code == .unauthenticated {
            let side = skew < 0 ? "behind" : "ahead of"
            message +=
                "; this machine's clock is \(abs(skew)) s \(side) the service's: set the clock"
        } else if !advice.isEmpty {
            message += "; \(advice)"
        }
        error = DriverError(
            code, message, applied: status >= 500 ? .unknown : .no,
            retry: Self.retry(code, name, after: response.retryAfterNanoseconds),
            vendorCode: Int64(status), vendorName: name)
    }

    /// The error of something that changes nothing.
    var ofRead: DriverError { error.ofRead }

    /// Whether there is no such blob.
    ///
    /// Only the service itself says so: any other server's 404 must not look like an empty store.
    var isNoBlob: Bool { name == "BlobNotFound" }
    /// Whether the container is not there.
    var isNoContainer: Bool { name == "ContainerNotFound" }
    /// Whether what was asked of the blob's version or absence does not hold.
    var isCondition: Bool { error.code == .condition }
    /// Whether a range begins behind the blob's end.
    var isNoRange: Bool { status == 416 }
    /// Whether the token was not accepted, as one that has ended.
    var isTokenRefused: Bool { status == 401 }
    /// Whether the same may work a moment later.
    var isPassing: Bool {
        mayRepeat || error.code == .throttled
            || error.code == .unavailable && error.retry != .reopen
    }

    // MARK: - Meaning

    private static func meaning(
        _ name: String, status: Int, _ account: BlobAccount
    ) -> (DriverError.Code, String) {
        switch name {
        case "AuthenticationFailed", "InvalidAuthenticationInfo", "NoAuthenticationInformation":
            return (.unauthenticated, account.authenticationAdvice)
        case "AuthorizationPermissionMismatch", "AuthorizationFailure",
            "InsufficientAccountPermissions", "AuthorizationResourceTypeMismatch",
            "AuthorizationServiceMismatch", "AuthorizationProtocolMismatch",
            "KeyBasedAuthenticationNotPermitted", "PublicAccessNotPermitted":
            return (.forbidden, account.permissionAdvice)
        default: break
        }
        if let known = known[name] { return known }
        switch status {
        case 401: return (.unauthenticated, account.authenticationAdvice)
        case 403: return (.forbidden, account.permissionAdvice)
        case 404: return (.unavailable, "check the endpoint and the account's name")
        case 409: return (.conflict, "")
        case 412, 304: return (.condition, "")
        case 413: return (.tooLarge, "")
        case 429: return (.throttled, "")
        case 400..<500: return (.invalid, "")
        default: return (.unavailable, "")
        }
    }

    private static func retry(
        _ code: DriverError.Code, _ name: String, after nanoseconds: UInt64
    ) -> DriverError.Retry {
        switch code {
        case .throttled: .same(afterNanoseconds: max(nanoseconds, 500_000_000))
        case .unavailable where known[name] != nil && !isOwnTrouble(name): .reopen
        case .unavailable: .same(afterNanoseconds: max(nanoseconds, 100_000_000))
        case .conflict: .same(afterNanoseconds: max(nanoseconds, 100_000_000))
        default: .never
        }
    }

    private static func isOwnTrouble(_ name: String) -> Bool {
        name == "InternalError" || name == "OperationTimedOut"
    }

    /// How far this machine's clock is from the service's, in seconds, when that is too far.
    private static func skew(_ response: HTTPResponse) -> Int64? {
        guard let date = response["date"].flatMap({ HTTPDate.seconds($0) }) else { return nil }
        let difference = unixNanoseconds() / 1_000_000_000 - date
        // The service accepts a quarter of an hour.
        return abs(difference) > 600 ? difference : nil
    }
}

/// The first line of the service's words; the others say when and under which number.
private func firstLine(_ text: String) -> String {
    let line = text.unicodeScalars.prefix { $0 != "\n" && $0 != "\r" }.prefix(400)
    return String(String.UnicodeScalarView(line.filter { $0.value >= 0x20 }))
}

private let endLease =
    "another tool holds a lease on the blob: let it end, or break the lease (az storage blob lease break)"

/// The service's codes, as its reference has them.
private let known: [String: (DriverError.Code, String)] = [
    "BlobAlreadyExists": (.condition, ""), "ConditionNotMet": (.condition, ""),
    "TargetConditionNotMet": (.condition, ""), "BlobNotFound": (.notFound, ""),
    "LeaseIdMissing": (.conflict, endLease), "LeaseLost": (.conflict, endLease),
    "LeaseIdMismatchWithBlobOperation": (.conflict, endLease),
    "LeaseNotPresentWithBlobOperation": (.conflict, endLease),
    "InvalidBlockList": (.conflict, "another writer of the same blob was faster: try again"),
    "InvalidBlobOrBlock": (
        .conflict,
        "another tool has begun to write the blob in blocks: let it end, or remove the blob"
    ),
    "BlockCountExceedsLimit": (.conflict, "uncommitted blocks of a blob go after a week"),
    "SnapshotsPresent": (.conflict, "the blob has snapshots: delete those first"),
    "InvalidBlobType": (.conflict, "the blob is no block blob: remove it"),
    "BlobImmutableDueToPolicy": (
        .forbidden, "a policy of the container keeps its blobs as they are"
    ),
    "BlobArchived": (.unsupported, "the blob is in the archive tier: rehydrate it"),
    "BlobBeingRehydrated": (.unavailable, "the blob is on its way back from the archive tier"),
    // Not "not found": to whoever reads an object that would mean that there is none.
    "ContainerNotFound": (.unavailable, "check the container's and the account's name"),
    "ResourceNotFound": (.unavailable, "check the endpoint and the account's name"),
    "ContainerBeingDeleted": (.unavailable, "the container is being deleted"),
    "ContainerDisabled": (.unavailable, "the container was disabled by its owner"),
    "AccountIsDisabled": (.forbidden, "the account is disabled"),
    "ServerBusy": (.throttled, ""), "InternalError": (.unavailable, ""),
    "OperationTimedOut": (.unavailable, ""),
    "Md5Mismatch": (.io, "the bytes were damaged on their way: check the network"),
    "RequestBodyTooLarge": (.tooLarge, ""), "MetadataTooLarge": (.tooLarge, ""),
    "UnsupportedHttpVerb": (.unsupported, "check that the endpoint is the Blob service's"),
    "FeatureVersionMismatch": (.unsupported, "the service is too old"),
]
