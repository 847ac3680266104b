internal import HoldfastLoader

// Between the values of messages and those of the loader.

extension WireInfo {
    init(_ info: ObjectInfo) {
        self.init()
        version = info.version.token
        bytes = info.byteCount
        modified = info.modifiedNanoseconds
        attributes = info.attributes.map { attribute in
            var wire = WireAttribute()
            wire.name = attribute.name
            wire.value = attribute.value
            return wire
        }
    }
}

extension WireFailure {
    init(_ failure: DriverFailure) {
        self.init()
        status = failure.code.status
        applied = failure.applied.rawValue
        switch failure.retry {
        case .never: retry = 0
        case .same(let after):
            retry = 1
            retryAfter = after
        case .reopen: retry = 2
        }
        vendorCode = failure.vendorCode
        vendorName = failure.vendorName
        message = failure.message
        currentVersion = failure.currentVersion?.token ?? []
        change = UInt32(clamping: failure.change ?? 0)
    }
}

extension ObjectKey {
    init(_ key: WireKey) {
        self.init(collection: key.collection, workspace: key.workspace, path: key.path)
    }
}

extension Condition {
    init(_ condition: WireCondition) {
        switch condition.kind {
        case .none: self = .none
        case .absent: self = .absent
        case .version: self = .version(Version(token: condition.version))
        }
    }
}

extension OptionValue {
    /// The option, or `nil` when its type is not known.
    init?(_ option: WireOption) {
        guard let type = OptionType(rawValue: option.type) else { return nil }
        switch type {
        case .string, .secret, .path, .choice:
            self.init(name: option.name, type: type, value: .text(option.text))
        case .integer, .boolean, .duration, .size:
            self.init(name: option.name, type: type, value: .number(option.number))
        }
    }
}

extension Change {
    init(_ change: WireChange) {
        let action: ChangeAction =
            switch change.kind {
            case .check: .check
            case .remove: .remove
            case .put:
                .put(
                    attributes: change.attributes.map {
                        Attribute(name: $0.name, value: $0.value)
                    }, length: change.length == .max ? nil : change.length)
            }
        self.init(ObjectKey(change.key), action, condition: Condition(change.condition))
    }
}

extension WatchRequest {
    init(_ request: WireWatchCall) {
        self.init(
            collection: request.collection, workspace: request.workspace, prefix: request.prefix,
            cursor: request.cursor)
    }
}
