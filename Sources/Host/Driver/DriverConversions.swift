internal import HoldfastLoader

// The host's words and the loader's meet here and in DriverStore.swift, nowhere else.

extension HostError {
    /// What a driver reported.
    init(_ failure: DriverFailure, driver: String) {
        self.init(
            Code(failure.code), failure.message, applied: Applied(failure.applied),
            retry: Retry(failure.retry), driver: driver, vendorCode: failure.vendorCode,
            vendorName: failure.vendorName,
            currentVersion: failure.currentVersion.map { Version(token: $0.token) },
            change: failure.change)
    }

    /// Why a driver's library is refused.
    init(_ error: LoaderError, driver: String) {
        self.init(
            .driverRefused, "\(error.path): \(error.message)", advice: error.remedy,
            driver: driver, vendorName: error.code.name)
    }
}

extension HostError.Code {
    private static let byDriverCode: [DriverFailure.Code: HostError.Code] = [
        .notFound: .notFound, .condition: .condition, .conflict: .conflict,
        .unauthenticated: .unauthenticated, .forbidden: .forbidden, .throttled: .throttled,
        .unavailable: .unavailable, .deadline: .deadline, .cancelled: .cancelled,
        .invalid: .invalid, .unsupported: .unsupported, .tooLarge: .tooLarge, .full: .full,
        .corrupt: .corrupt, .newerFormat: .newerFormat, .io: .io, .source: .source,
        .internalError: .internalError,
    ]

    fileprivate init(_ code: DriverFailure.Code) {
        self = Self.byDriverCode[code] ?? .internalError
    }
}

extension HostError.Applied {
    fileprivate init(_ applied: DriverFailure.Applied) {
        switch applied {
        case .no: self = .no
        case .yes: self = .yes
        case .unknown: self = .unknown
        }
    }
}

extension HostError.Retry {
    fileprivate init(_ retry: DriverFailure.Retry) {
        switch retry {
        case .never: self = .never
        case .reopen: self = .reopen
        case .same(let nanoseconds):
            self = .same(after: .nanoseconds(Int64(clamping: nanoseconds)))
        }
    }
}

extension HoldfastLoader.ObjectKey {
    init(_ key: ObjectKey) {
        self.init(collection: key.collection, workspace: key.workspace, path: key.path)
    }
}

extension HoldfastLoader.Condition {
    init(_ condition: Condition) {
        switch condition {
        case .none: self = .none
        case .absent: self = .absent
        case .version(let version): self = .version(.init(token: version.token))
        }
    }
}

extension HoldfastLoader.PutRequest {
    init(_ request: PutRequest, length: UInt64?) {
        self.init(
            condition: .init(request.condition), attributes: ascending(request.attributes),
            length: length, isUnique: request.isUnique)
    }
}

extension HoldfastLoader.ListRequest {
    init(_ listing: Listing) {
        self.init(
            collection: listing.collection, workspace: listing.workspace, prefix: listing.prefix,
            startAfter: listing.startAfter, limit: UInt32(clamping: listing.limit),
            wantsAttributes: listing.wantsAttributes)
    }
}

extension ObjectInfo {
    init(_ info: HoldfastLoader.ObjectInfo) throws(HostError) {
        var attributes: [String: String] = [:]
        for attribute in info.attributes {
            guard attributes.updateValue(attribute.value, forKey: attribute.name) == nil else {
                throw nonsense("it reported the attribute \(shown(attribute.name)) twice")
            }
        }
        self.init(
            version: Version(token: info.version.token), byteCount: info.byteCount,
            modifiedNanoseconds: info.modifiedNanoseconds, attributes: attributes)
    }
}

extension Capabilities {
    init(reports: [CapabilityReport]) {
        self.init(
            reports.map { report in
                // A level between two known ones counts as the lower.
                let level: Capability.Level =
                    report.level >= .native
                    ? .native : report.level >= .emulated ? .emulated : .none
                return Capability(report.id, level, limit: report.limit, note: report.note)
            })
    }
}
