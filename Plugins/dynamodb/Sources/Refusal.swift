internal import HoldfastDriver

extension Condition {
    /// Why a write under this condition is refused; `nil` when the condition holds.
    func refusal(of current: Record?, _ key: ObjectKey) -> DriverError? {
        let reason: String
        switch self {
        case .none: return nil
        case .absent:
            guard current != nil else { return nil }
            reason = "it exists"
        case .version(let wanted):
            if current?.info.version == wanted { return nil }
            reason = current == nil ? "it does not exist" : "it has another version"
        }
        return DriverError(
            .condition, "the condition on \(key.shown) does not hold: \(reason)",
            currentVersion: current?.info.version)
    }

    /// What must hold of the item of an object that lies where it must and that nobody looked at.
    var expression: Expression? {
        switch self {
        case .none: nil
        case .absent: .isNoItem
        case .version(let version): .isVersion(version)
        }
    }
}
