// What is wrong with a key's history whatever the order of its operations. Found first, because the
// reason is plain and takes two operations to show.

/// The first rule that a key's operations break.
func ruleViolation(_ key: String, _ operations: [History.Operation]) -> HistoryViolation? {
    let finding =
        impossibleAnswer(operations) ?? reusedVersion(operations) ?? changedBytes(operations)
        ?? neverWritten(operations)
    return finding.map { finding in
        HistoryViolation(
            kind: finding.kind, key: key, reason: finding.reason,
            operations: finding.operations.inOrder,
            omitted: operations.count - finding.operations.count)
    }
}

private struct Finding {
    var kind: HistoryViolation.Kind
    var reason: String
    var operations: [History.Operation]
}

private func impossibleAnswer(_ operations: [History.Operation]) -> Finding? {
    for operation in operations {
        var reason: String?
        if operation.outcome != .unknown && operation.response < operation.invocation {
            reason = "this operation ends before it starts"
        } else if !operation.answersItsAction {
            reason = "this operation cannot have this result"
        } else if case .refused(let current) = operation.outcome {
            switch operation.condition {
            case .version(let version) where version == current:
                reason = "refused although the version that it reports is the required one"
            case .some(.none): reason = "refused for a condition, but there was none"
            default: break
            }
        }
        if let reason {
            return Finding(kind: .impossibleAnswer, reason: reason, operations: [operation])
        }
    }
    return nil
}

private func reusedVersion(_ operations: [History.Operation]) -> Finding? {
    var writers: [History.Version: History.Operation] = [:]
    for operation in operations {
        guard let version = operation.writtenVersion else { continue }
        if operation.condition == .version(version) {
            return Finding(
                kind: .reusedVersion, reason: "a write has the version that it replaced",
                operations: [operation])
        }
        if let first = writers.updateValue(operation, forKey: version) {
            return Finding(
                kind: .reusedVersion, reason: "one version names two writes",
                operations: [first, operation])
        }
    }
    return nil
}

private func changedBytes(_ operations: [History.Operation]) -> Finding? {
    var known: [History.Version: (value: UInt64, operation: History.Operation)] = [:]
    // Writes first: what a write says of its bytes counts more than what a read says of them.
    for operation in operations {
        guard let version = operation.writtenVersion, let value = operation.putValue else {
            continue
        }
        known[version] = (value, operation)
    }
    for operation in operations {
        guard case .found(let value, let version) = operation.outcome else { continue }
        guard let (first, witness) = known[version] else {
            known[version] = (value, operation)
            continue
        }
        if first != value {
            return Finding(
                kind: .changedBytes, reason: "one version has different bytes",
                operations: [witness, operation])
        }
    }
    return nil
}

private func neverWritten(_ operations: [History.Operation]) -> Finding? {
    let written = Set(operations.compactMap(\.writtenVersion))
    let unknown = operations.filter { $0.outcome == .unknown }.compactMap(\.putValue)
    for operation in operations {
        guard let version = operation.seenVersion, !written.contains(version) else { continue }
        guard case .found(let value, _) = operation.outcome else {
            if !unknown.isEmpty { continue }
            return Finding(
                kind: .neverWritten, reason: "no write made this version", operations: [operation])
        }
        guard !unknown.contains(value) else { continue }
        let attempts = operations.filter { $0.putValue == value && $0.writtenVersion == nil }
        if let attempt = attempts.first {
            return Finding(
                kind: .neverWritten,
                reason: "bytes were read whose write said that it was not applied",
                operations: [attempt, operation])
        }
        return Finding(
            kind: .neverWritten, reason: "no write made what was read under this version",
            operations: [operation])
    }
    return nil
}

extension History.Operation {
    /// The bytes of a put.
    var putValue: UInt64? {
        if case .put(let value, _) = action { value } else { nil }
    }

    /// The condition of a write.
    var condition: History.Condition? {
        switch action {
        case .put(_, let condition), .remove(let condition): condition
        case .read, .head: nil
        }
    }

    /// The version that a put is known to have made.
    var writtenVersion: History.Version? {
        if case .wrote(let version) = outcome { version } else { nil }
    }

    /// The version that the object is known to have had when the operation took effect.
    var seenVersion: History.Version? {
        switch outcome {
        case .found(_, let version), .saw(let version), .refused(let version?): return version
        case .wrote, .removed:
            if case .version(let version) = condition { return version }
            return nil
        case .refused, .absent, .notApplied, .unknown: return nil
        }
    }

    fileprivate var answersItsAction: Bool {
        switch (action, outcome) {
        case (_, .notApplied), (_, .unknown): true
        case (.put, .wrote), (.put, .refused): true
        case (.remove, .removed), (.remove, .refused): true
        case (.read, .found), (.read, .absent): true
        case (.head, .saw), (.head, .absent): true
        default: false
        }
    }
}
