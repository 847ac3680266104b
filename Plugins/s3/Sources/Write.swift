internal import HoldfastDriver
internal import SharedAWS
internal import SharedHTTP

/// One object on its way to the service: what all forms of writing it have in common.
struct Write {
    let key: ObjectKey
    let condition: Condition
    /// The key in the bucket.
    let name: String
    private let attributes: [Attribute]
    private let stamp: Stamp
    /// What holds the write to its condition.
    private let precondition: [(name: String, value: String)]

    init(
        _ request: PutRequest, name: String, _ stamp: Stamp,
        precondition: [(name: String, value: String)]
    ) {
        key = request.key
        attributes = request.attributes
        condition = request.condition
        self.name = name
        self.stamp = stamp
        self.precondition = precondition
    }

    /// The headers of what makes the object: its metadata and encryption.
    func objectHeaders(_ service: Service) -> [(name: String, value: String)] {
        [("Content-Type", "application/octet-stream")] + stamp.headers + service.encryption
    }

    /// A request that writes under the condition.
    func request(_ action: Action, _ method: String) -> ServiceRequest {
        var request = ServiceRequest(action, method, key: name)
        request.shown = key.shown
        request.headers = precondition
        return request
    }

    /// Whether an object, of which this is the head, is what this write made.
    func isOwn(_ response: HTTPResponse) -> Bool { stamp.isOf(response) }

    /// What is known of the object after the service acknowledged it.
    func info(tag: String, byteCount: UInt64, _ response: HTTPResponse) -> ObjectInfo {
        let seconds = response["date"].flatMap(HTTPDate.seconds) ?? 0
        return ObjectInfo(
            version: Stamp.version(tag: tag, token: stamp.token), byteCount: byteCount,
            modifiedNanoseconds: seconds * 1_000_000_000, attributes: attributes)
    }
}

extension ServiceFailure {
    /// This failure of a write or a removal as the interface's error.
    ///
    /// - Parameters:
    ///   - condition: What the write required.
    ///   - key: The object's key.
    /// - Returns: The error.
    func refusal(_ condition: Condition, _ key: ObjectKey) -> DriverError {
        if condition == .none {
            var error = error
            // Something else than our own conditions refused it, such as the bucket's policy.
            if isCondition || isMissing { error.code = .conflict }
            return error
        }
        if isCondition {
            let reason = condition == .absent ? "it exists" : "it has another version"
            return condition.unmet(key, reason, nil)
        }
        if isMissing { return condition.unmet(key, "it does not exist", nil) }
        guard isUnknownRequest else { return error }
        return DriverError(
            .unsupported,
            "\(error.message): the service refuses conditional requests; open the store with probe:"
                + " again, and keep locks in another store",
            vendorCode: error.vendorCode, vendorName: error.vendorName)
    }
}

extension Condition {
    /// The error of a condition that does not hold.
    func unmet(_ key: ObjectKey, _ reason: String, _ current: Version?) -> DriverError {
        DriverError(
            .condition, "the condition on \(key.shown) does not hold: \(reason)",
            currentVersion: current)
    }

    /// Why a write under this condition is refused, as far as a look tells; `nil` when it holds.
    func refusal(of current: Found?, _ key: ObjectKey) -> DriverError? {
        switch self {
        case .none: nil
        case .absent: current.map { unmet(key, "it exists", $0.info.version) }
        case .version(let wanted):
            if current?.info.version == wanted {
                nil
            } else {
                unmet(
                    key, current == nil ? "it does not exist" : "it has another version",
                    current?.info.version)
            }
        }
    }
}
