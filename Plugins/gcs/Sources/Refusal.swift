internal import HoldfastDriver
internal import SharedHTTP

extension Condition {
    /// The precondition of a request; `nil` when no generation can be the wanted version.
    var query: [(String, String)]? {
        switch self {
        case .none: return []
        case .absent: return [("ifGenerationMatch", "0")]
        case .version(let version):
            let text = String(decoding: version.token, as: UTF8.self)
            return isGeneration(text) ? [("ifGenerationMatch", text)] : nil
        }
    }
}

extension GCSStore {
    /// The error of a write whose condition did not hold, with what is there now.
    func refusal(_ condition: Condition, _ key: ObjectKey, _ call: Call) -> DriverError {
        // A second look may see another state than the refused write; it is for the caller's next step.
        let current: Resource?? = try? find(key, call)
        let reason =
            switch (condition, current) {
            case (_, nil): "it has changed"
            case (.absent, _): "it exists"
            case (_, .some(nil)): "it does not exist"
            default: "it has another version"
            }
        return DriverError(
            .condition, "the condition on \(key.shown) does not hold: \(reason)", vendorCode: 412,
            vendorName: "conditionNotMet", currentVersion: (current ?? nil)?.info.version)
    }
}
