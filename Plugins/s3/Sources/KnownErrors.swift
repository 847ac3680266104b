internal import HoldfastDriver
internal import SharedAWS
internal import SharedHTTP
internal import SharedXML

/// The classes of the service's errors, as its reference and those of its relatives have them.
let knownErrors: [String: DriverError.Code] = [
    "NoSuchKey": .notFound, "NoSuchUpload": .notFound, "NoSuchVersion": .notFound,
    // Not "not found": to whoever reads an object that would mean that there is none.
    "NoSuchBucket": .unavailable,
    "PreconditionFailed": .condition,
    "ConditionalRequestConflict": .conflict, "OperationAborted": .conflict,
    "SlowDown": .throttled, "SlowDownRead": .throttled, "SlowDownWrite": .throttled,
    "Throttling": .throttled, "ThrottlingException": .throttled,
    "RequestLimitExceeded": .throttled, "TooManyRequests": .throttled,
    "TooManyRequestsException": .throttled, "BandwidthLimitExceeded": .throttled,
    "InternalError": .unavailable, "RequestTimeout": .unavailable,
    "ServiceUnavailable": .unavailable,
    "ServerSideEncryptionConfigurationNotFoundError": .invalid,
    "SignatureDoesNotMatch": .unauthenticated, "InvalidAccessKeyId": .unauthenticated,
    "ExpiredToken": .unauthenticated, "ExpiredTokenException": .unauthenticated,
    "TokenRefreshRequired": .unauthenticated, "InvalidToken": .unauthenticated,
    "InvalidSecurity": .unauthenticated, "InvalidClientTokenId": .unauthenticated,
    "AuthorizationHeaderMalformed": .unauthenticated, "RequestTimeTooSkewed": .unauthenticated,
    "RequestExpired": .unauthenticated, "MissingSecurityHeader": .unauthenticated,
    "MissingAuthenticationToken": .unauthenticated, "NotSignedUp": .unauthenticated,
    "AccessDenied": .forbidden, "AllAccessDisabled": .forbidden, "AccountProblem": .forbidden,
    "AccessDeniedException": .forbidden, "InvalidPayer": .forbidden, "KMS.DisabledException": .forbidden,
    "PermanentRedirect": .invalid, "TemporaryRedirect": .invalid, "InvalidBucketName": .invalid,
    "IllegalLocationConstraintException": .invalid, "InvalidArgument": .invalid,
    "KMS.NotFoundException": .invalid, "KMS.InvalidKeyUsageException": .invalid,
    "EntityTooLarge": .tooLarge, "KeyTooLongError": .tooLarge, "MetadataTooLarge": .tooLarge,
    "QuotaExceeded": .full, "XMinioStorageFull": .full, "XMinioAdminBucketQuotaExceeded": .full,
    "BadDigest": .io, "XAmzContentSHA256Mismatch": .io, "XAmzContentChecksumMismatch": .io,
    "IncompleteBody": .io, "InvalidDigest": .internalError, "MalformedXML": .internalError,
    "NotImplemented": .unsupported, "MethodNotAllowed": .unsupported,
    "InvalidObjectState": .unsupported,
]

/// What to do about an error.
struct Advice {
    private let response: HTTPResponse
    private let document: XMLElement?
    private let request: ServiceRequest
    private let service: Service

    init(
        _ response: HTTPResponse, _ document: XMLElement?, _ request: ServiceRequest,
        _ service: Service
    ) {
        self.response = response
        self.document = document
        self.request = request
        self.service = service
    }

    func text(_ name: String, _ status: Int) -> String? {
        if let region = otherRegion(name, status) { return region }
        switch name {
        case "RequestTimeTooSkewed", "RequestExpired": return clock
        case "SignatureDoesNotMatch":
            return clockIfWrong
                ?? "the signature does not match: check the secret key, and the endpoint's region"
        case "InvalidAccessKeyId", "InvalidClientTokenId":
            return "the access key is not known there: check its id and the endpoint"
        case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired":
            return "the session's token has expired: get a new one"
        case "InvalidToken": return "the session's token does not belong to the key: check both"
        case "NoSuchBucket":
            return "check the bucket's name, the region and the endpoint: there is no \(service.place.shown)"
        case "InvalidObjectState": return "the object is archived: restore it, and keep state in a class"
            + " that can be read at once"
        case "PermanentRedirect", "TemporaryRedirect":
            return "the bucket is elsewhere: check the region and the endpoint"
        default: break
        }
        if name.hasPrefix("KMS.") { return "check the option kms_key and the rights on that key" }
        switch status {
        case 403: return permission
        case 401: return "check the access key, its secret and its session token"
        case 301, 307, 308: return "check the endpoint and its scheme; redirects are not followed"
        default: return nil
        }
    }

    /// The service says where the bucket is, in one of three places.
    private func otherRegion(_ name: String, _ status: Int) -> String? {
        let isAboutRegion =
            [301, 307].contains(status)
            || [
                "AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect",
                "IllegalLocationConstraintException",
            ].contains(name) || status == 400 && document == nil
        guard isAboutRegion,
            let region = response["x-amz-bucket-region"] ?? document?.text("Region"),
            region != service.region, region.utf8.count <= 64
        else { return nil }
        return "the bucket is in the region \(oneLine(region, most: 64)), not in \(service.region):"
            + " set the option region or AWS_REGION to \(oneLine(region, most: 64))"
    }

    private var permission: String {
        let place = service.place.bucket
        let isOnObject = !request.key.isEmpty
        let resource = isOnObject ? "\(place)/\(service.prefix)*" : place
        return "grant \(request.action.permission) on arn:aws:s3:::\(resource) to whose key this is"
    }

    private var clock: String { clockIfWrong ?? "set this machine's clock" }

    /// By how much this machine's clock is off, when it is so much that signatures are refused.
    private var clockIfWrong: String? {
        guard let theirs = response["date"].flatMap(HTTPDate.seconds) else { return nil }
        let ahead = unixSeconds() - theirs
        guard abs(ahead) > 240 else { return nil }
        return "this machine's clock is \(abs(ahead)) seconds \(ahead > 0 ? "ahead of" : "behind")"
            + " the service's: set it"
    }
}
