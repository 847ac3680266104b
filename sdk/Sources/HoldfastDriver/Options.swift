/// The options of one store, checked by the host against the driver's description.
public struct Options: Sendable {
    /// A value, by the option's type.
    public enum Value: Sendable, Hashable {
        /// A string, secret, path or choice.
        case text(String)
        /// An integer, boolean (0 or 1), duration (nanoseconds) or size (bytes).
        case number(Int64)
    }

    private let values: [String: Value]

    /// Whether only a store that is there may be opened.
    ///
    /// Then make nothing, and throw ``DriverError/Code/notFound`` when there is none;
    /// `HOLDFAST_OPEN_EXISTING` in `holdfast/driver.h` says which store is there.
    public let mustExist: Bool

    /// Makes options from values by name.
    public init(_ values: [String: Value], mustExist: Bool = false) {
        self.values = values
        self.mustExist = mustExist
    }

    /// The text of a string, secret, path or choice; `nil` when it was not given.
    public func text(_ name: String) -> String? {
        guard case .text(let text) = values[name] else { return nil }
        return text
    }

    /// The number of an integer, boolean, duration or size; `nil` when it was not given.
    public func number(_ name: String) -> Int64? {
        guard case .number(let number) = values[name] else { return nil }
        return number
    }

    /// A boolean; `nil` when it was not given.
    public func flag(_ name: String) -> Bool? { number(name).map { $0 != 0 } }
}
