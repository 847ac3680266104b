internal import HoldfastDriver
internal import SharedJSON

/// One action of the service on one item.
struct Action {
    /// What happens to the item.
    enum Kind {
        case put([String: JSONValue])
        case delete
        case check
    }

    /// What the action is for.
    enum Role {
        /// The object of a change.
        case object
        /// The other place where a receipt can lie, where it must not be.
        case otherPlace
        /// The mark of an upload that is being written, and now becomes the object's.
        case mark
        /// The mark of an upload that no object has any more.
        case retirement
    }

    let kind: Kind
    let key: ItemKey
    let condition: Expression?
    let role: Role
    /// The place of the change in its commit.
    let change: Int

    /// The name and members of a request of its own.
    var request: (name: String, members: [String: JSONValue]) {
        let conditions = condition?.members ?? [:]
        switch kind {
        case .put(let item):
            return ("PutItem", conditions.merging(["Item": .object(item)]) { $1 })
        case .delete:
            return ("DeleteItem", conditions.merging(["Key": .object(key.json)]) { $1 })
        case .check:
            return ("ConditionCheck", conditions.merging(["Key": .object(key.json)]) { $1 })
        }
    }

    /// This action in a transaction.
    func inTransaction(_ table: String) -> JSONValue {
        let (name, members) = request
        let short = ["PutItem": "Put", "DeleteItem": "Delete"][name] ?? name
        return .object([short: .object(members.merging(["TableName": .string(table)]) { $1 })])
    }
}
