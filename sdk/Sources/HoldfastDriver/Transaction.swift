/// A store that changes several objects together or not at all, by its own transactions.
///
/// A driver whose store conforms has the extension `holdfast.transaction/1`, and reports the
/// capability `transaction` with the most changes of one commit as its limit.
public protocol TransactionalStore: DriverStore {
    /// Makes all changes, or none.
    ///
    /// The rules of `holdfast/transaction.h` hold: conditions and changes are one atomic step, and no
    /// transaction is open while a source is waited for.
    ///
    /// - Parameters:
    ///   - changes: At least one, at most the capability's limit, each of another object.
    ///   - call: The call's deadline and cancellation.
    /// - Returns: The new information of each object that was put, in the order of the changes.
    /// - Throws: ``DriverError``; its ``DriverError/applied`` speaks of all changes together, its
    ///   ``DriverError/change`` names the one that failed.
    func commit(_ changes: [Change], _ call: Call) throws(DriverError) -> [ObjectInfo]
}

/// One change of a commit.
public struct Change {
    /// What happens to the object.
    public enum Action {
        /// Nothing; only the condition counts.
        case check
        /// It is written as by a put; the attributes replace those it had, ascending by name.
        case put([Attribute], ObjectSource)
        /// It is removed; an absent one under no condition is a success.
        case remove
    }

    /// The object's key.
    public var key: ObjectKey
    /// What must hold at the commit: anything for a put, absent or a version for a check, none or a
    /// version for a removal.
    public var condition: Condition
    /// What happens to the object.
    public var action: Action

    /// Makes a change.
    public init(key: ObjectKey, condition: Condition, action: Action) {
        self.key = key
        self.condition = condition
        self.action = action
    }
}
